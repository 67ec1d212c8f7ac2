import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { exampleBatch, type Rows } from "../datasets/mod.ts";
import type { Flow } from "../flows/flow.ts";
import { breathe } from "./_breathe.ts";
import { meanAndError } from "./metrics.ts";

/** What {@link evaluateFlow} found. */
export interface Evaluation {
  /** Mean of -log p(x) over the rows, nats; NaN where one density is NaN. */
  readonly nllNats: number;
  /** Its standard error over the rows, nats. */
  readonly nllSe: number;
  /** log p(x) of each row, nats. */
  readonly logProbs: Float64Array;
}

/** Rows evaluated at once. */
const BATCH = 500;

/**
 * The negative log-likelihood of rows under a flow.
 *
 * @param flow Borrowed.
 * @param rows 8-bit data are dequantised with one noise sample per pixel.
 * @param noise Source of that noise: the same source, the same number.
 * @param signal Aborts between batches.
 */
export async function evaluateFlow(
  flow: Flow,
  rows: Rows,
  noise: Rng,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const logProbs = new Float64Array(rows.count);
  for (let start = 0; start < rows.count; start += BATCH) {
    const count = Math.min(BATCH, rows.count - start);
    const indices = Int32Array.from({ length: count }, (_, i) => start + i);
    const densities = tf.tidy(() =>
      flow.logProb(tf.tensor(exampleBatch(rows, indices, noise), [count, ...flow.eventShape]))
    );
    logProbs.set(await densities.data(), start);
    densities.dispose();
    await breathe(signal);
  }
  const { mean, error } = meanAndError(logProbs);
  return { nllNats: -mean, nllSe: error, logProbs };
}

/**
 * The largest error of coming back: max |x - inverse(forward(x))| over coordinates and rows.
 *
 * @param x Shape [batch, ...eventShape]; borrowed.
 */
export async function roundTripError(flow: Flow, x: tf.Tensor): Promise<number> {
  const error = tf.tidy(() => {
    const back = flow.bijector.inverse(flow.bijector.forward(x).z).x;
    return tf.max(tf.abs(tf.sub(back, x)));
  });
  const [value] = await error.data();
  error.dispose();
  return value!;
}
