import jstat from "npm:jstat@1.9.6";
import { meanAndError, quantile } from "../metrics.ts";

/** What is used of jStat, which has no types of its own. */
const { studentt, normal, binomial } = jstat as {
  studentt: { inv(p: number, degrees: number): number };
  normal: { inv(p: number, mean: number, deviation: number): number };
  binomial: { cdf(successes: number, trials: number, p: number): number };
};

/** The bounds of a 95 % interval; null where the data do not give one. */
export interface Bounds {
  readonly low: number | null;
  readonly high: number | null;
}

/** A mean with the 95 % interval of Student's t; without bounds for a single value. */
export function tInterval(values: readonly number[]): Bounds & { readonly mean: number } {
  const { mean, error } = meanAndError(Float64Array.from(values));
  if (values.length < 2) return { mean, low: null, high: null };
  const reach = studentt.inv(0.975, values.length - 1) * error;
  return { mean, low: mean - reach, high: mean + reach };
}

/**
 * The 95 % interval of a difference of means, mean(b) - mean(a), by Welch's t: the variances may
 * differ. Both lists need two values.
 */
export function welchInterval(a: readonly number[], b: readonly number[]): Bounds {
  const [of, than] = [b, a].map((values) => meanAndError(Float64Array.from(values)));
  const error = Math.hypot(of!.error, than!.error);
  const share = (of!.error / error) ** 2;
  const degrees = 1 / (share ** 2 / (b.length - 1) + (1 - share) ** 2 / (a.length - 1));
  const reach = error > 0 ? studentt.inv(0.975, degrees) * error : 0;
  const difference = of!.mean - than!.mean;
  return { low: difference - reach, high: difference + reach };
}

/** The 95 % interval of an estimate with a known standard error. */
export function normalInterval(estimate: number, error: number): Bounds {
  const reach = normal.inv(0.975, 0, 1) * error;
  return { low: estimate - reach, high: estimate + reach };
}

/**
 * median(b) / median(a) of positive numbers, with a 95 % interval that assumes no distribution: each
 * median lies between two order statistics by the binomial distribution, and the two intervals of log
 * medians are combined by the square root of summed squares (Zou and Donner 2008). Without bounds where
 * either list has fewer than 6 values.
 */
export function ratioOfMedians(
  a: readonly number[],
  b: readonly number[],
): Bounds & { readonly ratio: number } {
  const [of, than] = [medianInterval(b), medianInterval(a)];
  const ratio = of.median / than.median;
  if (of.low === null || than.low === null) return { ratio, low: null, high: null };
  const down = Math.hypot(Math.log(of.median / of.low), Math.log(than.high / than.median));
  const up = Math.hypot(Math.log(of.high / of.median), Math.log(than.median / than.low));
  return { ratio, low: ratio * Math.exp(-down), high: ratio * Math.exp(up) };
}

type MedianInterval =
  & { readonly median: number }
  & ({ readonly low: number; readonly high: number } | { readonly low: null });

function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const median = quantile(sorted, 0.5);
  // The rank k of the lower bound is the largest with P(fewer than k values below the median) <= 2.5 %.
  let rank = 0;
  while (binomial.cdf(rank, n, 0.5) <= 0.025) rank++;
  return rank === 0
    ? { median, low: null }
    : { median, low: sorted[rank - 1]!, high: sorted[n - rank]! };
}
