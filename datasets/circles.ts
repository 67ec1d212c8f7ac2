import { concentric } from "./_concentric.ts";
import type { ToyDensity } from "./dataset.ts";

/**
 * Two concentric circles with Gaussian noise.
 *
 *     (x, y) = R (cos t, sin t) + N(0, 0.24^2 I),   R = 3 or 1.5,   t ~ U[0, 2 pi)
 *
 * Source: `circles` of rtqichen/ffjord, lib/toy_data.py (scikit-learn's make_circles with factor
 * 0.5 and noise 0.08, times 3). There t runs over a regular grid; here it is drawn independently.
 */
export const circles: ToyDensity = {
  kind: "toy",
  name: "circles",
  version: 1,
  description: "two concentric circles",
  source: "rtqichen/ffjord lib/toy_data.py, circles; angles drawn independently",
  dim: 2,
  ...concentric([3, 1.5], 0.24),
};
