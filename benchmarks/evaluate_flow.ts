import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { exampleBatch, type Rows } from "../datasets/mod.ts";
import type { Flow } from "../flows/flow.ts";
import { oneHot } from "../flows/one_hot.ts";
import { breathe } from "./training/_breathe.ts";
import { contextOf } from "./training/_context.ts";
import { meanAndError } from "./metrics.ts";

/** What {@link evaluateFlow} found. */
export interface Evaluation {
  /** Mean of -log p(x) over the rows, nats; NaN where one density is NaN. */
  readonly nllNats: number;
  /** Its standard error over the rows, nats. */
  readonly nllSe: number;
  /** log p(x) of each row, nats; of the means over noise samples and classes where there are several. */
  readonly logProbs: Float64Array;
}

/** Rows evaluated at once. */
const BATCH = 500;

/** Options of {@link evaluateFlow}. */
export interface EvaluateOptions {
  /**
   * Noise samples M of each row of 8-bit data, an integer >= 1; 1 by default. With more the result is
   * the tighter bound -log 1/M sum_m p((k + u_m) / 256), less D log 256 as with one.
   */
  readonly noiseSamples?: number;
  /**
   * Of a flow with classes: false, the default, for log p(x | label); true for log p(x), whatever the label,
   *
   *     log p(x) = log 1/K sum_y p(x | y)
   *
   * as if all K classes were as likely: as Papamakarios et al. 2017 report conditional flows. K passes.
   */
  readonly marginal?: boolean;
  /** Aborts between batches. */
  readonly signal?: AbortSignal;
}

/**
 * The negative log-likelihood of rows under a flow.
 *
 * @param flow Borrowed.
 * @param rows 8-bit data are dequantised: with one noise sample the mean of -log p + D log 256 is in
 *   expectation an upper bound of the NLL of the integers (Theis et al. 2016), with M of them a tighter one
 *   (Burda et al. 2016). {@link bitsPerDim} adds the second term.
 * @param noise Source of that noise: the same source, the same number.
 * @throws {RangeError} If noiseSamples is not an integer >= 1, or a label none of the flow's classes.
 * @throws {TypeError} If log p(x | label) is asked for and the rows have no labels.
 */
export async function evaluateFlow(
  flow: Flow,
  rows: Rows,
  noise: Rng,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { noiseSamples = 1, marginal = false, signal } = options;
  if (!Number.isSafeInteger(noiseSamples) || noiseSamples < 1) {
    throw new RangeError(
      `Cannot evaluate flow as noiseSamples must be an integer >= 1: current value is ${noiseSamples}`,
    );
  }
  // For data without noise all samples are one.
  const draws = rows.levels === null ? 1 : noiseSamples;
  const logProbs = new Float64Array(rows.count).fill(-Infinity);
  for (let draw = 0; draw < draws; draw++) {
    for (let start = 0; start < rows.count; start += BATCH) {
      const count = Math.min(BATCH, rows.count - start);
      const indices = Int32Array.from({ length: count }, (_, i) => start + i);
      // A row for each label that is averaged over, or one for all.
      const densities = tf.tidy(() => {
        const x = tf.tensor(exampleBatch(rows, indices, noise), [count, ...flow.eventShape]);
        return marginal && flow.classes !== null
          ? ofEachClass(flow, x, flow.classes)
          : flow.logProb(x, contextOf(flow, rows, indices));
      });
      const shares = draws * densities.size / count;
      for (const [i, logProb] of (await densities.data()).entries()) {
        const row = start + i % count;
        logProbs[row] = logAddExp(logProbs[row]!, logProb - Math.log(shares));
      }
      densities.dispose();
      await breathe(signal);
    }
  }
  const { mean, error } = meanAndError(logProbs);
  return { nllNats: -mean, nllSe: error, logProbs };
}

/** log p(x | y) for each label y, shape [classes, batch]. */
function ofEachClass(flow: Flow, x: tf.Tensor, classes: number): tf.Tensor {
  const ofClasses = Array.from({ length: classes }, (_, y) => {
    const labels = new Uint8Array(x.shape[0]!).fill(y);
    return flow.logProb(x, oneHot(labels, classes));
  });
  return tf.stack(ofClasses);
}

/** log(e^a + e^b). */
export function logAddExp(a: number, b: number): number {
  if (a === -Infinity || b === -Infinity) return a === -Infinity ? b : a;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/**
 * The largest error of coming back: max |x - inverse(forward(x))| over coordinates and rows.
 *
 * @param x Shape [batch, ...eventShape]; borrowed.
 * @param context Of a flow with classes; borrowed.
 */
export async function roundTripError(
  flow: Flow,
  x: tf.Tensor,
  context?: tf.Tensor,
): Promise<number> {
  const error = tf.tidy(() => {
    const back = flow.bijector.inverse(flow.bijector.forward(x, context).z, context).x;
    return tf.max(tf.abs(tf.sub(back, x)));
  });
  const [value] = await error.data();
  error.dispose();
  return value!;
}
