import { curveMixture, curvePanels } from "./_curve_mixture.ts";
import { entropyOnGrid } from "./_entropy.ts";
import { gaussianNoise } from "./_gaussian.ts";
import { lazy } from "./_lazy.ts";
import { normalPair, type Point, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

const SIGMA = 0.2;
const FROM = 1.5 * Math.PI, TO = 4.5 * Math.PI;
const spiral = (t: number): Point => [t * Math.cos(t) / 5, t * Math.sin(t) / 5];

const logDensity = lazy(() => {
  const piece = { from: FROM, to: TO, point: spiral, density: () => 1 / (TO - FROM) };
  return curveMixture(curvePanels([piece], 2 * SIGMA), gaussianNoise(SIGMA));
});

const box = [-4.2, 4.2, -4.2, 4.2] as const;

/**
 * A spiral with Gaussian noise.
 *
 *     (x, y) = ((t cos t, t sin t) + N(0, I)) / 5,   t = 1.5 pi (1 + 2 u),   u ~ U[0, 1)
 *
 * Source: `swissroll` of rtqichen/ffjord, lib/toy_data.py (columns 0 and 2 of scikit-learn's
 * make_swiss_roll with noise 1, divided by 5).
 */
export const swissRoll: ToyDensity = {
  kind: "toy",
  name: "swiss_roll",
  version: 1,
  description: "a spiral",
  source: "rtqichen/ffjord lib/toy_data.py, swissroll",
  dim: 2,
  box,
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const [x, y] = spiral(FROM + (TO - FROM) * rng.next());
      const [e, f] = normalPair(rng);
      return [x + SIGMA * e, y + SIGMA * f];
    }),
  logDensity: (x, y) => logDensity()(x, y),
  entropyNats: lazy(() => entropyOnGrid(logDensity(), box, 0.07)),
};
