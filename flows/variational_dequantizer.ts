import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { sumPerExample } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Coupling, type CouplingOptions } from "./coupling.ts";
import { Logit } from "./logit.ts";
import { type ImageShape, Squeeze } from "./squeeze.ts";

/** What {@link VariationalDequantizer} is made of, beside the shape. */
export interface DequantizerOptions
  extends Pick<CouplingOptions, "hidden" | "activation" | "scaleMap" | "network" | "untiedBias"> {
  /**
   * Couplings. The first keeps the noise of the black fields of a checkerboard and moves that of the white
   * ones, the next the reverse, and so on. All see the image, as k / 128 - 1.
   */
  readonly layers: number;
}

/** Integer levels of a pixel. */
export const LEVELS = 256;

/** Keeps noise off 0 and 1, where its logit has no end: float32 tells 2^-16 apart beside 255. */
const MARGIN = 2 ** -17;

/**
 * Variational dequantisation: a learned map of the noise of each pixel, given the whole image.
 *
 *     x = (k + u) / 256,  k = floor(256 x)
 *     forward(x):  z = (k + T_k(u)) / 256,  logDet = log |det dT_k/du|
 *     T_k(u) = sigmoid(couplings(logit(m + (1 - 2 m) u); k)),   m = 2^-17
 *     inverse(z):  x = (k + T_k^-1(clip(v, m, 1 - m))) / 256,  k = floor(256 z),  v = 256 z - k
 *
 * With u ~ U[0, 1)^D the noise v = T_k(u) has density q(v | k) = 1 / |det dT_k/du|, so the mean of
 * log p(x) over u is the bound E_q [log p_Z((k + v) / 256) - log q(v | k)] of Ho et al. The map is one
 * of the unit cube of each k into itself, so that p(x) is a density of x like any other: training and
 * scoring know nothing of it. It integrates to the mass that p_Z gives to what T_k reaches, at most 1, and 1 but
 * for little where the couplings do not shrink: logits end at +-11.8. What T_k does not reach comes back as the
 * nearest u in [0, 1]. In float32 v is at most
 * 1 - 2^-16, so that rounding reaches no other level: logDet is that of the v before, a few pixels in a
 * million apart. Of a flow with classes T_k is the
 * same for all of them: the bound holds for any q.
 *
 * Cost: `layers` network passes in either direction; sampled images need none of them, as T_k changes
 * no k.
 *
 * Source: Ho et al. 2019 (Flow++), section 3.1. Deviation: affine couplings at half the resolution,
 * also where the flow's are mixtures.
 */
export class VariationalDequantizer implements Bijector {
  readonly eventShape: ImageShape;
  readonly #couplings: Chain;
  readonly #logit: Logit;
  readonly #squeeze: Squeeze;

  /**
   * @param name Path of its variables, those of the couplings' networks: `name/layer0/kernel0`, … Their
   *   channels are [noise of black fields, image, noise of white fields], each squeezed in checkerboard
   *   order; a network sees those that it does not move, in that order.
   * @param eventShape Of even height and width.
   * @param rng Source of the networks' initial kernels.
   */
  constructor(name: string, eventShape: ImageShape, options: DequantizerOptions, rng: Rng) {
    const { layers, ...own } = options;
    this.eventShape = eventShape;
    this.#logit = new Logit(eventShape, MARGIN);
    this.#squeeze = new Squeeze(eventShape, "checkerboard");
    const [height, width, channels] = this.#squeeze.latentShape;
    const couplings = Array.from({ length: layers }, (_, k) =>
      new Coupling(
        `${name}/layer${k}`,
        {
          ...own,
          eventShape: [height, width, 2 * channels],
          between: channels,
          keep: k % 2 === 0 ? "first half" : "second half",
          zeroOutput: true,
        },
        rng.split(`layer${k}`),
      ));
    this.#couplings = new Chain(couplings);
  }

  get variables(): readonly tf.Variable[] {
    return this.#couplings.variables;
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("VariationalDequantizer.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { k, u } = parts(x);
      const { z: v, logDet: ofLogit } = this.#logit.forward(u);
      const { z: moved, logDet } = this.#couplings.forward(this.#withContext(v, k));
      const noise = this.#withoutContext(moved);
      return {
        z: together(k, tf.sigmoid(noise)),
        logDet: tf.add<tf.Tensor1D>(tf.add(ofLogit, logDet), logSlope(noise)),
      };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("VariationalDequantizer.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { k, u } = parts(z);
      const v = tf.clipByValue(u, MARGIN, 1 - MARGIN);
      const noise = tf.sub(tf.log(v), tf.log(tf.sub(1, v)));
      const { x: moved, logDet } = this.#couplings.inverse(this.#withContext(noise, k));
      const back = this.#logit.inverse(this.#withoutContext(moved));
      return {
        x: together(k, tf.maximum(back.x, 0)),
        logDet: tf.add<tf.Tensor1D>(tf.sub(logDet, logSlope(noise)), back.logDet),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#couplings[Symbol.dispose]();
    this.#squeeze[Symbol.dispose]();
  }

  /** Channels [noise of black fields, image, noise of white fields], at half the resolution. */
  #withContext(noise: tf.Tensor, k: tf.Tensor): tf.Tensor {
    const [black, white] = tf.split(this.#squeeze.forward(noise).z, 2, 3) as [tf.Tensor, tf.Tensor];
    const image = this.#squeeze.forward(tf.sub(tf.div(k, LEVELS / 2), 1)).z;
    return tf.concat([black, image, white], 3);
  }

  #withoutContext(moved: tf.Tensor): tf.Tensor {
    const [black, , white] = tf.split(moved, [1, 2, 1].map((n) => n * moved.shape[3]! / 4), 3);
    return this.#squeeze.inverse(tf.concat([black!, white!], 3)).x;
  }
}

/** k = floor(256 x), from 0 to 255, and u = 256 x - k. */
function parts(x: tf.Tensor): { k: tf.Tensor; u: tf.Tensor } {
  const scaled = tf.mul(x, LEVELS);
  const k = tf.clipByValue(tf.floor(scaled), 0, LEVELS - 1);
  return { k, u: tf.sub(scaled, k) };
}

/** (k + u) / 256, where rounding must not reach the next level. */
function together(k: tf.Tensor, u: tf.Tensor): tf.Tensor {
  return tf.div(tf.add(k, tf.minimum(u, 1 - 2 ** -16)), LEVELS);
}

/** The sum over each example of log sigmoid'(v) = -softplus(v) - softplus(-v). */
function logSlope(v: tf.Tensor): tf.Tensor1D {
  return tf.neg(sumPerExample(tf.add(tf.softplus(v), tf.softplus(tf.neg(v)))));
}
