import { logGaussian1 } from "./_gaussian.ts";
import { normalPair, samplePoints } from "./_sampling.ts";
import type { Estimate, ToyDensity } from "./dataset.ts";

const SCALE = 40;
const ENTROPY: Estimate = {
  value: Math.log(2 * Math.PI * Math.E) + Math.log(4) - 2 * Math.log(SCALE),
  error: 0,
};

/**
 * A parabola with Gaussian noise.
 *
 *     (x, y) = (x1, x2) / 40,   x2 ~ N(0, 4^2),   x1 ~ N(x2^2 / 4, 1)
 *     H = log(2 pi e) + log 4 - 2 log 40
 *
 * Source: the toy density of Xu and Dong, "Flow-based Deep Generative Models"
 * (salu133445/flows), after Papamakarios, Pavlakou and Murray 2017, figure 1. N(0, 4) is there
 * sampled with standard deviation 4, and so it is here.
 */
export const banana: ToyDensity = {
  kind: "toy",
  name: "banana",
  version: 1,
  description: "a parabola",
  source: "salu133445/flows; Papamakarios et al. 2017, figure 1, with standard deviation 4, / 40",
  dim: 2,
  box: [-0.2, 4.6, -0.66, 0.66],
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const [e, f] = normalPair(rng);
      const x2 = 4 * e;
      return [(x2 * x2 / 4 + f) / SCALE, x2 / SCALE];
    }),
  logDensity: (x, y) => {
    const x1 = SCALE * x, x2 = SCALE * y;
    return logGaussian1(x2, 0, 4) + logGaussian1(x1, x2 * x2 / 4, 1) + 2 * Math.log(SCALE);
  },
  entropyNats: () => ENTROPY,
};
