import assert from "node:assert/strict";

/**
 * What is allowed between two numbers that should be equal, and why. Everything is float32, with a
 * unit round-off of 6e-8.
 */
export const TOLERANCES = {
  /** One or two float32 operations on numbers of order 1. */
  rounding: 1e-6,
  /** A forward and an inverse pass of a few layers, perturbed weights: condition times round-off. */
  roundTrip: 2e-4,
  /** Log-determinant by D float32 gradient passes against the analytic one. */
  logDet: 2e-4,
  /** Central differences in float32 with a step of 1e-3: cancellation, and a relu crossed. */
  finiteDifference: 3e-2,
  /** A Riemann sum of a smooth density with a few hundred points a side. */
  integral: 5e-3,
} as const;

/**
 * Two lists of numbers are close: |a - e| <= tolerance (1 + |e|), element by element. Anything that
 * is not finite fails first, on either side.
 */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  assert.equal(actual.length, expected.length, `${what}: lengths differ`);
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i]!, e = expected[i]!;
    assert.ok(Number.isFinite(a), `${what}: actual[${i}] is ${a}`);
    assert.ok(Number.isFinite(e), `${what}: expected[${i}] is ${e}`);
    assert.ok(
      Math.abs(a - e) <= tolerance * (1 + Math.abs(e)),
      `${what}: element ${i} of ${actual.length} is ${a}, expected ${e} within ${tolerance}`,
    );
  }
}
