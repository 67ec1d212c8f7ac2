import { tabulated } from "./_chebyshev.ts";
import { curveMixture, curvePanels } from "./_curve_mixture.ts";
import { entropyOnGrid } from "./_entropy.ts";
import { logUniformPlusGaussian } from "./_erf.ts";
import { lazy } from "./_lazy.ts";
import { normalPair, type Point, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

const SIGMA = 0.1;
/** 540 degrees. */
const TURNS = 3 * Math.PI;
/** Side of the square on which a point of the curve is spread. */
const SIDE = 0.5 / 3;

const spiral = (n: number): Point => [-n * Math.cos(n) / 3, n * Math.sin(n) / 3];

const logDensity = lazy(() => {
  // The middle of the square, on the spiral and on its mirror image.
  const arms = [1, -1].map((sign) => ({
    from: 0,
    to: TURNS,
    point: (n: number): Point => {
      const [x, y] = spiral(n);
      return [sign * (x + SIDE / 2), sign * (y + SIDE / 2)];
    },
    density: (n: number) => n / (TURNS * TURNS),
  }));
  const exact = logUniformPlusGaussian(SIDE / 2, SIGMA);
  const log = tabulated(exact, 20 * SIGMA, 40);
  return curveMixture(curvePanels(arms, 2 * SIGMA), {
    log: (dx, dy) => log(Math.abs(dx)) + log(Math.abs(dy)),
    // Nothing of the square is farther from its middle than a corner.
    logAtMost: (distance) => {
      const beyond = Math.max(0, distance - SIDE / Math.SQRT2) / SIGMA;
      return -2 * Math.log(SIDE) - beyond * beyond / 2;
    },
  });
});

const box = [-4.1, 4.1, -4.1, 4.1] as const;

/**
 * Two spirals, one the mirror image of the other in 0, with uniform and Gaussian noise.
 *
 *     (x, y) = s ((-n cos n, n sin n) + 0.5 (u, v)) / 3 + N(0, 0.1^2 I)
 *     n = 3 pi sqrt(w),   u, v, w ~ U[0, 1),   s = 1 or -1
 *
 * Source: `2spirals` of rtqichen/ffjord, lib/toy_data.py, where each point comes with its mirror
 * image; here s is drawn independently.
 */
export const twoSpirals: ToyDensity = {
  kind: "toy",
  name: "two_spirals",
  version: 1,
  description: "two interleaved spirals",
  source: "rtqichen/ffjord lib/toy_data.py, 2spirals; signs drawn independently",
  dim: 2,
  box,
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const [x, y] = spiral(TURNS * Math.sqrt(rng.next()));
      const u = SIDE * rng.next(), v = SIDE * rng.next();
      const sign = rng.integer(2) === 0 ? 1 : -1;
      const [e, f] = normalPair(rng);
      return [sign * (x + u) + SIGMA * e, sign * (y + v) + SIGMA * f];
    }),
  logDensity: (x, y) => logDensity()(x, y),
  entropyNats: lazy(() => entropyOnGrid(logDensity(), box, 0.08)),
};
