import jstat from "npm:jstat@1.9.6";
import { meanAndError } from "./metrics.ts";

/** What is used of jStat, which has no types of its own. */
const { studentt } = jstat as { studentt: { inv(p: number, degrees: number): number } };

/** A mean with the 95 % interval of Student's t; without bounds for a single value. */
export function tInterval(
  values: readonly number[],
): { mean: number; low: number | null; high: number | null } {
  const { mean, error } = meanAndError(Float64Array.from(values));
  if (values.length < 2) return { mean, low: null, high: null };
  const reach = studentt.inv(0.975, values.length - 1) * error;
  return { mean, low: mean - reach, high: mean + reach };
}
