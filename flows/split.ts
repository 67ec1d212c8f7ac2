import * as tf from "../engine/tf.ts";
import {
  type Bijector,
  checkBatch,
  type Forward,
  type Inverse,
  latentShapeOf,
} from "./bijector.ts";
import type { ImageShape } from "./squeeze.ts";

/**
 * Half of the channels is latent already, the other half goes on. Owns what it goes on through.
 *
 *     forward(x):  z = [rest(x_first), x_second],   logDet = that of rest
 *
 * A coupling in front that keeps the first half makes the density of the second one, given the
 * first, a learned one: the conditional prior of Glow's released code.
 *
 * Source: Dinh et al. 2017 (RealNVP), section 3.6, eq. 13 to 16.
 */
export class Split implements Bijector {
  readonly eventShape: ImageShape;
  /** Flat: what goes on comes first, so the coarsest scale is at the start. */
  readonly latentShape: readonly [dim: number];
  readonly rest: Bijector;

  /**
   * @param eventShape Of an even number of channels.
   * @param rest Takes images of half the channels and has a flat latent.
   * @throws {RangeError} If the number of channels is odd.
   * @throws {TypeError} If the shapes of rest do not fit.
   */
  constructor(eventShape: ImageShape, rest: Bijector) {
    const [height, width, channels] = eventShape;
    if (channels % 2 !== 0) {
      throw new RangeError(
        `Cannot create Split as the number of channels must be even: current shape is [${
          eventShape.join(", ")
        }]`,
      );
    }
    const half = height * width * channels / 2;
    const wanted = `[${[height, width, channels / 2].join(", ")}] -> [${half}]`;
    const current = `[${rest.eventShape.join(", ")}] -> [${latentShapeOf(rest).join(", ")}]`;
    if (current !== wanted) {
      throw new TypeError(
        `Cannot create Split as what it goes on through must map ${wanted}: current one maps ${current}`,
      );
    }
    this.eventShape = eventShape;
    this.latentShape = [2 * half];
    this.rest = rest;
  }

  get variables(): readonly tf.Variable[] {
    return this.rest.variables;
  }

  forward(x: tf.Tensor, context?: tf.Tensor): Forward {
    const batch = checkBatch("Split.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const [first, second] = tf.split(x, 2, 3) as [tf.Tensor, tf.Tensor];
      const { z, logDet } = this.rest.forward(first, context);
      return { z: tf.concat([z, tf.reshape(second, [batch, -1])], 1), logDet };
    });
  }

  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse {
    const batch = checkBatch("Split.inverse", z, this.latentShape, "z");
    return tf.tidy(() => {
      const [rest, second] = tf.split(z, 2, 1) as [tf.Tensor, tf.Tensor];
      const { x, logDet } = this.rest.inverse(rest, context);
      return { x: tf.concat([x, tf.reshape(second, [batch, ...this.rest.eventShape])], 3), logDet };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent", context?: tf.Tensor): void {
    checkBatch(
      "Split.initialize",
      batch,
      side === "data" ? this.eventShape : this.latentShape,
      side === "data" ? "x" : "z",
    );
    tf.tidy(() => {
      const [half] = tf.split(batch, 2, side === "data" ? 3 : 1) as [tf.Tensor];
      this.rest.initialize?.(half, side, context);
    });
  }

  [Symbol.dispose](): void {
    this.rest[Symbol.dispose]();
  }
}
