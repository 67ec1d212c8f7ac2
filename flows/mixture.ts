import { mixtureInPlace } from "../engine/mixture.ts";
import * as tf from "../engine/tf.ts";
import { sumPerExample } from "./_per_example.ts";
import type { Moved } from "./affine.ts";
import { SCALE_MAPS, type ScaleMap } from "./scale_map.ts";

/** Which columns a mixture moves, and by what. */
export interface MixtureOptions {
  /** The columns that move: `count` from `start` on. */
  readonly start: number;
  readonly count: number;
  /** Components of each, K >= 2. */
  readonly components: number;
  readonly scaleMap: ScaleMap;
}

/**
 * An elementwise map that can bend where an affine one is straight, for couplings: the distribution function F of
 * a mixture of K logistic distributions, as a logit. `count` columns of x, from `start` on, are moved by a network's
 * output (t, a, b), the others stay. Columns are what the last axis counts, of images their channels.
 *
 *     F(x) = sum_k w_k sigmoid((x - m_k) / s_k)
 *     w = softmax(b),  m_k = t_k + c_k,  log s_k = scaleMap(a_k),  c_1 … c_K = -2 … 2, evenly
 *     forward:  z = logit F(x),          logDet = sum log dz/dx,  dz/dx = F'(x) / (F(x) (1 - F(x)))
 *     inverse:  x with logit F(x) = z,   logDet = -sum log dz/dx
 *
 * One component would be the affine map (x - m) / s, in which s divides. Scale map "tanh" keeps components between
 * 0.14 and 7.4 wide; by "exp" they become as narrow as data want, and float32 holds what is needed where a is in
 * [-80, 80]. Under a logistic base what a last layer moves is, given what it keeps, a mixture of logistic distributions.
 *
 * The inverse has no formula. A quantile of a mixture is between the least and the largest of its components' quantiles,
 * m_k + s_k z: within this bracket the kernel takes steps of Newton's method, and halves it where one would leave it;
 * the operations halve it. Its gradient is that of the implicit function theorem,
 * dx/dz = 1 / (dz/dx) and dx/dt = -(dz/dt) / (dz/dx), as of a and b.
 *
 * Source: Ho et al. 2019 (Flow++), section 3.2.1; the map of one coordinate is also one layer of the deep sigmoidal flow
 * of Huang et al. 2018 (NAF), section 3.1. Deviations: no affine map behind it; the constants c_k, which tell components
 * apart at the start, when the network says the same of all.
 *
 * @param x Of the inverse z. Shape [batch, ..., dim].
 * @param params Shape [batch, ..., 3 count K]: t, a and b, of each the K numbers of the first column first; finite.
 */
export function mixture(
  x: tf.Tensor,
  params: tf.Tensor,
  options: MixtureOptions,
  direction: "forward" | "inverse",
): Moved {
  const done = mixtureInPlace(x, params, { ...options, isInverse: direction === "inverse" });
  return done ?? mixtureByOperations(x, params, options, direction);
}

/** {@link mixture} by ordinary operations. */
export function mixtureByOperations(
  x: tf.Tensor,
  params: tf.Tensor,
  { start, count, components, scaleMap }: MixtureOptions,
  direction: "forward" | "inverse",
): Moved {
  return tf.tidy(() => {
    const [before, moved, after] = tf.split(
      x,
      [start, count, x.shape.at(-1)! - start - count],
      -1,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const perColumn = tf.reshape(params, [-1, 3, count, components]);
    const column = tf.reshape(moved, [-1, count]);
    const isForward = direction === "forward";
    const solved = isForward ? column : invert(column, perColumn, scaleMap);
    const { y, logSlope } = logitOfMixture(solved, perColumn, scaleMap);
    const result = tf.reshape(isForward ? y : solved, moved.shape);
    const logDet = sumPerExample(tf.reshape(logSlope, moved.shape));
    return {
      y: tf.concat([before, result, after], -1),
      logDet: isForward ? logDet : tf.neg(logDet),
    };
  });
}

/** logit F(x) and the logarithm of its slope, of x [rows, count] and params [rows, 3, count, K]. */
function logitOfMixture(
  x: tf.Tensor,
  params: tf.Tensor,
  scaleMap: ScaleMap,
): { y: tf.Tensor; logSlope: tf.Tensor } {
  const { mean, logScale, logWeight } = componentsOf(params, scaleMap);
  const u = tf.mul(tf.sub(tf.expandDims(x, -1), mean), tf.exp(tf.neg(logScale)));
  // log sigmoid(u) and log sigmoid(-u), each by itself: gradients of one less the other would lose digits.
  const logBelow = tf.neg(tf.softplus(tf.neg(u))), logAbove = tf.neg(tf.softplus(u));
  const logF = tf.logSumExp(tf.add(logWeight, logBelow), -1);
  const logRest = tf.logSumExp(tf.add(logWeight, logAbove), -1);
  const logDensity = tf.logSumExp(
    tf.add(tf.sub(logWeight, logScale), tf.add(logBelow, logAbove)),
    -1,
  );
  return { y: tf.sub(logF, logRest), logSlope: tf.sub(logDensity, tf.add(logF, logRest)) };
}

/** Of each component, all of shape [rows, count, K]. */
function componentsOf(
  params: tf.Tensor,
  scaleMap: ScaleMap,
): { mean: tf.Tensor; logScale: tf.Tensor; logWeight: tf.Tensor } {
  const [t, a, b] = tf.unstack(params, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const centers = tf.linspace(-2, 2, params.shape.at(-1)!);
  return {
    mean: tf.add(t, centers),
    logScale: SCALE_MAPS[scaleMap](a),
    logWeight: tf.logSoftmax(b, -1),
  };
}

/**
 * x with logit F(x) = z, of z [rows, count]. Found as a constant, x gets its gradients from a step of Newton's
 * method of length 0, with a slope that is held constant: those of the implicit function theorem.
 */
function invert(z: tf.Tensor, params: tf.Tensor, scaleMap: ScaleMap): tf.Tensor {
  const found = constant((z, params) => bisect(z!, params!, scaleMap), z, params);
  const { y, logSlope } = logitOfMixture(found, params, scaleMap);
  const miss = tf.sub(z, y);
  const none = tf.sub(miss, constant((miss) => tf.clone(miss!), miss));
  // Where it is flatter than float32 can tell, x is anything, and its gradient huge but finite.
  const slope = constant((logSlope) => tf.exp(tf.maximum(logSlope!, -80)), logSlope);
  return tf.add(found, tf.div(none, slope));
}

/** The value of a function, with gradients of 0. */
function constant(f: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: tf.Tensor[]): tf.Tensor {
  const shapes = inputs.map(({ shape }) => shape);
  const op = tf.customGrad((...args) => ({
    value: f(...args.slice(0, -1) as tf.Tensor[]),
    gradFunc: () => shapes.map((shape) => tf.zeros(shape)),
  }));
  return op(...inputs);
}

/** Halvings of the bracket: from 1e11 wide to a rounding of float32 at 1. */
const HALVINGS = 60;

function bisect(z: tf.Tensor, params: tf.Tensor, scaleMap: ScaleMap): tf.Tensor {
  const { mean, logScale } = componentsOf(params, scaleMap);
  const quantiles = tf.add(mean, tf.mul(tf.exp(logScale), tf.expandDims(z, -1)));
  let low: tf.Tensor = tf.min(quantiles, -1), high: tf.Tensor = tf.max(quantiles, -1);
  for (let i = 0; i < HALVINGS; i++) {
    [low, high] = tf.tidy(() => {
      const middle = tf.mul(0.5, tf.add(low, high));
      const isLeft = tf.less(logitOfMixture(middle, params, scaleMap).y, z);
      return [tf.where(isLeft, middle, low), tf.where(isLeft, high, middle)];
    });
  }
  return tf.mul(0.5, tf.add(low, high));
}
