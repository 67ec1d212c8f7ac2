import { samplePoints } from "./_sampling.ts";
import type { Estimate, ToyDensity } from "./dataset.ts";

const LOG_AREA = Math.log(32);
const ENTROPY: Estimate = { value: LOG_AREA, error: 0 };

/**
 * Uniform on eight squares of side 2.
 *
 *     (x, y) = 2 (x1, u - 2 b + floor(x1) mod 2),   x1 ~ U[-2, 2),  u ~ U[0, 1),  b in {0, 1}
 *     p = 1/32 where floor(x/2) + floor(y/2) is even and both lie in [-4, 4);  H = log 32
 *
 * Source: `checkerboard` of rtqichen/ffjord, lib/toy_data.py. Our u has 22 bits, so that no point
 * reaches the edge of its square when it is rounded to float32.
 */
export const checkerboard: ToyDensity = {
  kind: "toy",
  name: "checkerboard",
  version: 1,
  description: "uniform on eight squares",
  source: "rtqichen/ffjord lib/toy_data.py, checkerboard",
  dim: 2,
  box: [-4, 4, -4, 4],
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const x1 = 4 * rng.next() - 2;
      const u = rng.integer(2 ** 22) / 2 ** 22;
      const parity = Math.abs(Math.floor(x1)) % 2;
      return [2 * x1, 2 * (u - 2 * rng.integer(2) + parity)];
    }),
  logDensity: (x, y) => {
    const inside = x >= -4 && x < 4 && y >= -4 && y < 4;
    return inside && (Math.floor(x / 2) + Math.floor(y / 2)) % 2 === 0 ? -LOG_AREA : -Infinity;
  },
  entropyNats: () => ENTROPY,
};
