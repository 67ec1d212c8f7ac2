import { lazy } from "./_lazy.ts";
import { ARMS, logPinwheel, pinwheelEntropy, RADIAL, TANGENTIAL, twist } from "./_pinwheel.ts";
import { normalPair, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

/**
 * Five bent arms.
 *
 *     (x, y) = 2 R(-a) f,   f ~ N((1, 0), diag(0.3^2, 0.1^2)),   a = 2 pi k / 5 + exp(f0) / 4
 *
 * with R(-a) the rotation by -a and k uniform on 0 … 4.
 *
 * Source: `pinwheel` of rtqichen/ffjord, lib/toy_data.py, after Johnson et al. 2016; there each arm
 * has the same number of points, here k is drawn independently.
 */
export const pinwheel: ToyDensity = {
  kind: "toy",
  name: "pinwheel",
  version: 1,
  description: "five bent arms",
  source: "rtqichen/ffjord lib/toy_data.py, pinwheel; arms drawn independently",
  dim: 2,
  box: [-6, 6, -6, 6],
  sample: (count, rng) =>
    samplePoints(count, rng, (rng) => {
      const [e, f] = normalPair(rng);
      const f0 = 1 + RADIAL * e, f1 = TANGENTIAL * f;
      const angle = 2 * Math.PI * rng.integer(ARMS) / ARMS + twist(f0);
      const cos = Math.cos(angle), sin = Math.sin(angle);
      return [2 * (f0 * cos + f1 * sin), 2 * (f1 * cos - f0 * sin)];
    }),
  logDensity: logPinwheel,
  entropyNats: lazy(pinwheelEntropy),
};
