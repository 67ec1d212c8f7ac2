import type { Noise } from "./_curve_mixture.ts";

/**
 * N(0, sigma^2 I) in the plane.
 *
 *     log N(dx, dy) = -(dx^2 + dy^2) / (2 sigma^2) - log(2 pi sigma^2)
 */
export function gaussianNoise(sigma: number): Noise {
  const precision = 1 / (2 * sigma * sigma);
  const logNorm = -Math.log(2 * Math.PI * sigma * sigma);
  return {
    log: (dx, dy) => logNorm - (dx * dx + dy * dy) * precision,
    logAtMost: (distance) => logNorm - distance * distance * precision,
  };
}

/** Log-density of N(mean, sigma^2) at x, nats. */
export function logGaussian1(x: number, mean: number, sigma: number): number {
  const z = (x - mean) / sigma;
  return -0.5 * z * z - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI);
}

/** log(exp(a) + exp(b) + …) without overflow; -Infinity for no terms. */
export function logSumExp(terms: readonly number[]): number {
  const largest = Math.max(...terms);
  if (largest === -Infinity) return -Infinity;
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}
