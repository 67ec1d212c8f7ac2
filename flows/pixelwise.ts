import * as tf from "../engine/tf.ts";
import { sumPerExample } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import type { ImageShape } from "./squeeze.ts";

/**
 * A bijector of channels, used at every pixel of an image alike. Owns the bijector it wraps.
 *
 *     forward(x):  z_ij = g(x_ij),   logDet = sum over the pixels of log |det g'(x_ij)|
 *
 * An invertible linear map becomes the invertible 1 x 1 convolution of Glow, an actnorm the actnorm of
 * images, initialised from all pixels of a batch. The bijector gets no context.
 *
 * Source: Kingma and Dhariwal 2018 (Glow), section 3.
 */
export class Pixelwise implements Bijector {
  readonly eventShape: ImageShape;
  readonly inner: Bijector;

  /**
   * @param size [height, width] of the image.
   * @param inner Of event shape [channels].
   */
  constructor([height, width]: readonly [height: number, width: number], inner: Bijector) {
    const [channels] = inner.eventShape;
    if (inner.eventShape.length !== 1 || channels === undefined) {
      throw new TypeError(
        `Cannot create Pixelwise as the bijector must have event shape [channels]: current one is [${
          inner.eventShape.join(", ")
        }]`,
      );
    }
    this.eventShape = [height, width, channels];
    this.inner = inner;
  }

  get variables(): readonly tf.Variable[] {
    return this.inner.variables;
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Pixelwise.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { z, logDet } = this.inner.forward(this.#pixels(x));
      return { z: tf.reshape(z, x.shape), logDet: sumPerExample(tf.reshape(logDet, [batch, -1])) };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Pixelwise.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { x, logDet } = this.inner.inverse(this.#pixels(z));
      return { x: tf.reshape(x, z.shape), logDet: sumPerExample(tf.reshape(logDet, [batch, -1])) };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent"): void {
    checkBatch("Pixelwise.initialize", batch, this.eventShape, side === "data" ? "x" : "z");
    tf.tidy(() => this.inner.initialize?.(this.#pixels(batch), side));
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }

  /** [batch, height, width, channels] to [batch * height * width, channels]. */
  #pixels(images: tf.Tensor): tf.Tensor {
    return tf.reshape(images, [-1, this.eventShape[2]]);
  }
}
