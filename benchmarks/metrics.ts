/**
 * Bits per dimension, the unit in which densities over images are compared.
 *
 *     levels given:   (nllNats + D log levels) / (D log 2)    x = (k + u) / levels in [0, 1)
 *     levels null:     nllNats / (D log 2)                    real-valued x
 *
 * @param nllNats Mean negative log-density -log p(x) of x itself, nats.
 * @param dim Number of coordinates D.
 * @param levels 256 for 8-bit images; null for continuous data.
 *
 * @example A uniform density over [0, 1)^D costs 8 bits for each 8-bit pixel
 * ```ts
 * import { bitsPerDim } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * assert.equal(bitsPerDim(0, 784, 256), 8);
 * ```
 */
export function bitsPerDim(nllNats: number, dim: number, levels: number | null): number {
  return nllNats / (dim * Math.LN2) + (levels === null ? 0 : Math.log2(levels));
}

/** The mean of some numbers, in float64. */
export function mean(values: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Mean and standard error of a list of numbers, in float64. Of one number the error is not known: NaN. */
export function meanAndError(values: Float64Array): { mean: number; error: number } {
  const n = values.length;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { mean: center, error: Math.sqrt(squares / (n - 1) / n) };
}

/** The median of numbers in any order. */
export function median(values: readonly number[]): number {
  return quantile(values.toSorted((a, b) => a - b), 0.5);
}

/** The quantile q of sorted numbers, by linear interpolation. */
export function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
