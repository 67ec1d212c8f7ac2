import { estimate } from "./_entropy.ts";
import { logGaussian1, logSumExp } from "./_gaussian.ts";
import type { Estimate } from "./dataset.ts";

export const ARMS = 5;
/** Standard deviations of the features along an arm and across it. */
export const RADIAL = 0.3, TANGENTIAL = 0.1;
/** By how much an arm is bent at f0, radians. */
export const twist = (f0: number): number => Math.exp(f0) / 4;

const SECTOR = 2 * Math.PI / ARMS;
/** Beyond this radius of f, 30 standard deviations out, preimages are too many to sum. */
const FAR = 10;

/** Log-density of the features, nats. */
const logFeatures = (f0: number, f1: number): number =>
  logGaussian1(f0, 1, RADIAL) + logGaussian1(f1, 0, TANGENTIAL);

/**
 * Log-density of the pinwheel at (x, y), nats: the sum over all that is mapped there.
 *
 * The map keeps the radius, r = |(x, y)| / 2, and takes the angle phi of f to phi - a. So
 *
 *     p(x, y) = 1/4 1/5 sum over phi of p_f(r cos phi, r sin phi) / |g'(phi)|
 *     g(phi) = phi - exp(r cos phi) / 4 = angle of (x, y), modulo 2 pi / 5
 *     g'(phi) = 1 + r sin phi exp(r cos phi) / 4
 *
 * g' has at most two zeros, so g is monotone on at most three intervals, and each root is found by
 * Newton's method kept inside a bracket. Where r > 10 the roots are so dense that their sum is
 * replaced by the mean over the angle, which is right to a few tenths of a nat.
 */
export function logPinwheel(x: number, y: number): number {
  const r = Math.hypot(x, y) / 2;
  const psi = Math.atan2(y, x);
  const logNorm = -Math.log(4 * ARMS);
  if (r > FAR) return logNorm + Math.log(ARMS) + logMeanOverAngle(r);

  const g = (phi: number): number => phi - twist(r * Math.cos(phi));
  const slope = (phi: number): number => 1 + r * Math.sin(phi) * twist(r * Math.cos(phi));
  const terms: number[] = [];
  const ends = [-Math.PI, ...turningPoints(r, slope), Math.PI];
  for (let i = 0; i + 1 < ends.length; i++) {
    const a = ends[i]!, b = ends[i + 1]!;
    const low = Math.min(g(a), g(b)), high = Math.max(g(a), g(b));
    const last = Math.ceil((high - psi) / SECTOR);
    for (let m = Math.ceil((low - psi) / SECTOR); m < last; m++) {
      const phi = solveMonotone(g, slope, psi + m * SECTOR, a, b);
      const density = logFeatures(r * Math.cos(phi), r * Math.sin(phi));
      terms.push(density - Math.log(Math.abs(slope(phi))));
    }
  }
  return logNorm + logSumExp(terms);
}

/** The zeros of g', ascending: r sin phi exp(r cos phi) = -4 on both sides of its minimum. */
function turningPoints(r: number, slope: (phi: number) => number): number[] {
  const lowest = -Math.acos(2 * r / (1 + Math.sqrt(1 + 4 * r * r)));
  if (slope(lowest) >= 0) return [];
  const zero = (positive: number, negative: number): number => {
    for (let round = 0; round < 60; round++) {
      const middle = (positive + negative) / 2;
      if (slope(middle) > 0) positive = middle;
      else negative = middle;
    }
    return (positive + negative) / 2;
  };
  return [zero(-Math.PI, lowest), zero(0, lowest)];
}

/** The root of g(phi) = target in [a, b], where g is monotone and the target between its ends. */
function solveMonotone(
  g: (phi: number) => number,
  slope: (phi: number) => number,
  target: number,
  a: number,
  b: number,
): number {
  const rising = g(b) > g(a);
  let phi = (a + b) / 2;
  for (let round = 0; round < 100; round++) {
    const excess = g(phi) - target;
    if (excess === 0) return phi;
    if ((excess > 0) === rising) b = phi;
    else a = phi;
    let next = phi - excess / slope(phi);
    if (!(next > a && next < b)) next = (a + b) / 2;
    if (Math.abs(next - phi) < 1e-15 * (1 + Math.abs(phi))) return next;
    phi = next;
  }
  return phi;
}

/** Log of the mean of p_f over the angle on the circle of radius r > FAR, where it is narrow. */
function logMeanOverAngle(r: number): number {
  const count = 200, reach = 1.2 / r, step = 2 * reach / count;
  const terms = Array.from({ length: count }, (_, i) => {
    const phi = -reach + (i + 0.5) * step;
    return logFeatures(r * Math.cos(phi), r * Math.sin(phi));
  });
  return logSumExp(terms) + Math.log(step / (2 * Math.PI));
}

/**
 * Entropy as an integral over the features of one arm; the arms are alike.
 *
 *     H = -integral p_f(f) log p(x(f)) df
 */
export function pinwheelEntropy(): Estimate {
  const sums = (stepsPerSigma: number): { mass: number; entropy: number } => {
    const half = Math.ceil(6.5 * stepsPerSigma);
    let mass = 0, entropy = 0;
    for (let i = -half; i <= half; i++) {
      for (let j = -half; j <= half; j++) {
        const f0 = 1 + RADIAL * i / stepsPerSigma, f1 = TANGENTIAL * j / stepsPerSigma;
        const p = Math.exp(logFeatures(f0, f1)) * RADIAL * TANGENTIAL / stepsPerSigma ** 2;
        const angle = Math.atan2(f1, f0) - twist(f0), r = Math.hypot(f0, f1);
        mass += p;
        entropy -= p * logPinwheel(2 * r * Math.cos(angle), 2 * r * Math.sin(angle));
      }
    }
    return { mass, entropy };
  };
  return estimate(sums(6), sums(9));
}
