import { affineInPlace, type AffineInputs } from "../engine/affine.ts";
import * as tf from "../engine/tf.ts";
import { repeatPerExample, sumPerExample } from "./_per_example.ts";
import { SCALE_MAPS, type ScaleMap } from "./scale_map.ts";

/** What an elementwise map makes of x: its result, and log |det| of its Jacobian, [batch]. */
export interface Moved {
  readonly y: tf.Tensor;
  readonly logDet: tf.Tensor1D;
}

/** Which way an affine map is read. */
export type AffineDirection = "scale" | "standardise";

/**
 * The elementwise half of couplings and masked autoregressive layers: `count` columns of x, from
 * `start` on, are shifted and scaled by a network's output (t, a), and the others stay. Columns are
 * what the last axis counts, of images their channels.
 *
 *     log s = scaleMap(a)   (without a scale map: log s = 0, and the output is t alone)
 *     scale:        y = x s + t,     logDet = sum log s
 *     standardise:  y = (x - t) / s, logDet = -sum log s
 *
 * One operation where the engine has kernels; ordinary ones with the same result elsewhere.
 *
 * @param x Shape [batch, ..., dim].
 * @param params Shape [batch, ..., 2 count], t before a; or [batch, ..., count].
 */
export function affine(
  x: tf.Tensor,
  params: tf.Tensor,
  columns: { readonly start: number; readonly count: number },
  scaleMap: ScaleMap | null,
  direction: AffineDirection,
): Moved {
  const standardise = direction === "standardise";
  const done = affineInPlace({ x, params }, { ...columns, scaleMap, standardise });
  return done ?? affineByOperations(x, params, columns, scaleMap, direction);
}

/** {@link affine} by ordinary operations, with their own gradients. */
export function affineByOperations(
  x: tf.Tensor,
  params: tf.Tensor,
  { start, count }: { readonly start: number; readonly count: number },
  scaleMap: ScaleMap | null,
  direction: AffineDirection,
): Moved {
  const [shift, raw] = scaleMap ? tf.split(params, 2, -1) : [params];
  const logScale = scaleMap ? SCALE_MAPS[scaleMap](raw!) : tf.zerosLike(params);
  const end = x.shape.at(-1)! - start - count;
  const [before, moved, after] = tf.split(x, [start, count, end], -1) as tf.Tensor[];
  const result = direction === "scale"
    ? tf.add(tf.mul(moved!, tf.exp(logScale)), shift!)
    : tf.mul(tf.sub(moved!, shift!), tf.exp(tf.neg(logScale)));
  const logDet = sumPerExample(logScale);
  return {
    y: tf.concat([before!, result, after!], -1),
    logDet: direction === "scale" ? logDet : tf.neg(logDet),
  };
}

/**
 * The same with one shift and one log-scale per column for the whole batch.
 *
 *     scale:        y = x exp(logScale) + shift,    logDet = rows * sum logScale
 *     standardise:  y = (x - shift) exp(-logScale), logDet = -rows * sum logScale
 *
 * @param x Shape [batch, ..., dim]; an example has `rows` rows of dim numbers.
 * @param logScale Shape [dim].
 * @param shift Shape [dim]; null: 0.
 */
export function diagonalAffine(
  x: tf.Tensor,
  logScale: tf.Tensor,
  shift: tf.Tensor | null,
  direction: AffineDirection,
): Moved {
  const inputs: AffineInputs = { x, ...(shift && { shift }), raw: logScale };
  const standardise = direction === "standardise";
  const all = { start: 0, count: x.shape.at(-1)!, scaleMap: "exp", standardise } as const;
  const done = affineInPlace(inputs, all);
  return done ?? diagonalAffineByOperations(x, logScale, shift, direction);
}

/** {@link diagonalAffine} by ordinary operations, with their own gradients. */
export function diagonalAffineByOperations(
  x: tf.Tensor,
  logScale: tf.Tensor,
  shift: tf.Tensor | null,
  direction: AffineDirection,
): Moved {
  const [batch, dim] = [x.shape[0]!, x.shape.at(-1)!];
  const logDet = tf.mul<tf.Scalar>(x.size / (batch * dim), tf.sum(logScale));
  if (direction === "scale") {
    const scaled = tf.mul(x, tf.exp(logScale));
    return {
      y: shift ? tf.add(scaled, shift) : scaled,
      logDet: repeatPerExample(logDet, batch),
    };
  }
  return {
    y: tf.mul(shift ? tf.sub(x, shift) : x, tf.exp(tf.neg(logScale))),
    logDet: repeatPerExample(tf.neg(logDet), batch),
  };
}
