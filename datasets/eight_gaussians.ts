import { entropyOnGrid } from "./_entropy.ts";
import { gaussianNoise, logSumExp } from "./_gaussian.ts";
import { lazy } from "./_lazy.ts";
import { normalPair, type Point, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

const SIGMA = 0.5 / 1.414;
const CENTERS = Array.from({ length: 8 }, (_, k): Point => {
  const angle = 2 * Math.PI * k / 8;
  return [4 / 1.414 * Math.cos(angle), 4 / 1.414 * Math.sin(angle)];
});

const noise = gaussianNoise(SIGMA);
const logDensity = (x: number, y: number): number =>
  logSumExp(CENTERS.map(([cx, cy]) => noise.log(x - cx, y - cy))) - Math.log(8);

const box = [-5.2, 5.2, -5.2, 5.2] as const;

/**
 * Eight Gaussians on a circle.
 *
 *     (x, y) = (4 (cos(2 pi k / 8), sin(2 pi k / 8)) + N(0, 0.5^2 I)) / 1.414,   k uniform
 *
 * Source: `8gaussians` of rtqichen/ffjord, lib/toy_data.py; 1.414 is its rounded square root.
 */
export const eightGaussians: ToyDensity = {
  kind: "toy",
  name: "eight_gaussians",
  version: 1,
  description: "eight Gaussians on a circle",
  source: "rtqichen/ffjord lib/toy_data.py, 8gaussians",
  dim: 2,
  box,
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const [cx, cy] = CENTERS[rng.integer(8)]!;
      const [e, f] = normalPair(rng);
      return [cx + SIGMA * e, cy + SIGMA * f];
    }),
  logDensity,
  entropyNats: lazy(() => entropyOnGrid(logDensity, box, 0.1)),
};
