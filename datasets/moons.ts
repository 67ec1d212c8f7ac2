import { curveMixture, curvePanels } from "./_curve_mixture.ts";
import { entropyOnGrid } from "./_entropy.ts";
import { gaussianNoise } from "./_gaussian.ts";
import { lazy } from "./_lazy.ts";
import { normalPair, type Point, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

const SIGMA = 0.2;
const outer = (t: number): Point => [2 * Math.cos(t) - 1, 2 * Math.sin(t) - 0.2];
const inner = (t: number): Point => [1 - 2 * Math.cos(t), 0.8 - 2 * Math.sin(t)];

const logDensity = lazy(() => {
  const density = (): number => 1 / (2 * Math.PI);
  const arcs = [outer, inner].map((point) => ({ from: 0, to: Math.PI, point, density }));
  return curveMixture(curvePanels(arcs, 2 * SIGMA), gaussianNoise(SIGMA));
});

const box = [-4.4, 4.4, -2.6, 3.2] as const;
const entropyNats = lazy(() => entropyOnGrid(logDensity(), box, 0.07));

/**
 * Two interleaved half circles with Gaussian noise.
 *
 *     (x, y) = 2 (cos t, sin t) + (-1, -0.2)               with probability 1/2
 *            = 2 (1 - cos t, 1/2 - sin t) + (-1, -0.2)     otherwise,   t ~ U[0, pi]
 *     plus N(0, 0.2^2) on each coordinate
 *
 * Source: `moons` of rtqichen/ffjord, lib/toy_data.py (scikit-learn's make_moons with noise 0.1,
 * times 2, shifted). There t runs over a regular grid; here it is drawn independently.
 */
export const moons: ToyDensity = {
  kind: "toy",
  name: "moons",
  version: 1,
  description: "two interleaved half circles",
  source: "rtqichen/ffjord lib/toy_data.py, moons; angles drawn independently",
  dim: 2,
  box,
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const arc = rng.integer(2) === 0 ? outer : inner;
      const [x, y] = arc(Math.PI * rng.next());
      const [e, f] = normalPair(rng);
      return [x + SIGMA * e, y + SIGMA * f];
    }),
  logDensity: (x, y) => logDensity()(x, y),
  entropyNats,
};
