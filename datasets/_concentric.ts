import { besselI0Scaled } from "./_bessel.ts";
import { entropyOverRadius } from "./_entropy.ts";
import { logSumExp } from "./_gaussian.ts";
import { lazy } from "./_lazy.ts";
import { normalPair, samplePoints } from "./_sampling.ts";
import type { ToyDensity } from "./dataset.ts";

/**
 * Circles about 0, each as likely, with Gaussian noise: the density of `circles` and `rings`.
 *
 *     (x, y) = R_k (cos t, sin t) + N(0, sigma^2 I),   k uniform,   t ~ U[0, 2 pi)
 *     p(r) = mean over k of exp(-(r - R_k)^2 / (2 sigma^2)) I0e(r R_k / sigma^2) / (2 pi sigma^2)
 *
 * with r the distance from 0 and I0e(z) = exp(-z) I0(z), the modified Bessel function.
 */
export function concentric(
  radii: readonly number[],
  sigma: number,
): Pick<ToyDensity, "box" | "sample" | "logDensity" | "entropyNats"> {
  const variance = sigma * sigma;
  const logNorm = -Math.log(2 * Math.PI * variance * radii.length);
  const logRadial = (r: number): number =>
    logNorm +
    logSumExp(radii.map((radius) =>
      -((r - radius) ** 2) / (2 * variance) + Math.log(besselI0Scaled(r * radius / variance))
    ));
  const reach = Math.max(...radii) + 7 * sigma;
  return {
    box: [-reach, reach, -reach, reach],
    sample: (count, rng) =>
      samplePoints(count, rng, (rng) => {
        const radius = radii[rng.integer(radii.length)]!;
        const t = 2 * Math.PI * rng.next();
        const [e, f] = normalPair(rng);
        return [radius * Math.cos(t) + sigma * e, radius * Math.sin(t) + sigma * f];
      }),
    logDensity: (x, y) => logRadial(Math.hypot(x, y)),
    entropyNats: lazy(() => entropyOverRadius(logRadial, reach, sigma)),
  };
}
