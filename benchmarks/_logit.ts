import { exampleBatch, type Rows } from "../datasets/mod.ts";
import type { Rng } from "../engine/rng.ts";

/** Keeps logit pixels off infinity, as the MAF paper does on MNIST. */
export const LOGIT_ALPHA = 1e-6;

/**
 * The logit of numbers in [0, 1) in float64, for what is computed outside of a flow.
 *
 *     y = logit(alpha + (1 - 2 alpha) x)
 *
 * @param x Becomes y.
 * @returns log |det dy/dx|.
 */
export function logitInPlace(x: Float64Array): number {
  const slope = 1 - 2 * LOGIT_ALPHA;
  let logDet = x.length * Math.log(slope);
  for (let i = 0; i < x.length; i++) {
    const logY = Math.log(LOGIT_ALPHA + slope * x[i]!);
    const logOneMinusY = Math.log(LOGIT_ALPHA + slope * (1 - x[i]!));
    x[i] = logY - logOneMinusY;
    logDet -= logY + logOneMinusY;
  }
  return logDet;
}

/** Mean over rows of log |det dy/dx|: what a pixel-space NLL and a logit-space NLL differ by. */
export function meanLogitLogDet(rows: Rows, noise: Rng): number {
  let sum = 0;
  for (let row = 0; row < rows.count; row++) {
    sum += logitInPlace(Float64Array.from(exampleBatch(rows, Int32Array.of(row), noise)));
  }
  return sum / rows.count;
}
