import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { sumPerExample } from "./_per_example.ts";

/** The density of the latent space: independent coordinates of mean 0. */
export interface Base {
  /**
   * @param z Shape [batch, ...].
   * @returns log p(z), summed over all but the first axis, shape [batch], nats.
   */
  logProb(z: tf.Tensor): tf.Tensor1D;
  /** @returns `count` independent draws of one coordinate. */
  draw(count: number, rng: Rng): Float32Array<ArrayBuffer>;
}

/** Names of the base densities. */
export type BaseName = "normal" | "logistic";

/**
 * The base densities.
 *
 *     normal:    log p(z) = -1/2 sum_i z_i^2 - D/2 log(2 pi)
 *     logistic:  log p(z) = -sum_i [softplus(z_i) + softplus(-z_i)]
 *
 * Source: the standard logistic is the prior of NICE (Dinh et al. 2015, section 3.4).
 */
export const BASES: Readonly<Record<BaseName, Base>> = {
  normal: {
    logProb: (z) =>
      tf.tidy(() => {
        const dim = z.size / z.shape[0]!;
        return tf.sub(tf.mul(-0.5, sumPerExample(tf.square(z))), 0.5 * dim * Math.log(2 * Math.PI));
      }),
    draw: (count, rng) => rng.normal(count),
  },
  logistic: {
    logProb: (z) =>
      tf.tidy(() => tf.neg(sumPerExample(tf.add(tf.softplus(z), tf.softplus(tf.neg(z)))))),
    draw: (count, rng) => {
      // 24 bits and a half: the quantile function sees neither 0 nor 1.
      return rng.uniform(count).map((u) => {
        const p = u + 2 ** -25;
        return Math.log(p) - Math.log1p(-p);
      });
    },
  },
};
