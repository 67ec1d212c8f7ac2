import { concentric } from "./_concentric.ts";
import type { ToyDensity } from "./dataset.ts";

/**
 * Four concentric circles with Gaussian noise.
 *
 *     (x, y) = R (cos t, sin t) + N(0, 0.08^2 I),   R = 0.75, 1.5, 2.25 or 3,   t ~ U[0, 2 pi)
 *
 * Source: `rings` of rtqichen/ffjord, lib/toy_data.py. There t runs over a regular grid; here it
 * is drawn independently.
 */
export const rings: ToyDensity = {
  kind: "toy",
  name: "rings",
  version: 1,
  description: "four concentric circles",
  source: "rtqichen/ffjord lib/toy_data.py, rings; angles drawn independently",
  dim: 2,
  ...concentric([0.75, 1.5, 2.25, 3], 0.08),
};
