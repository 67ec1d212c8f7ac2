import * as tf from "../engine/tf.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/**
 * A change of unit: every coordinate times the same number, which is not learned.
 *
 *     forward(x):  z = c x,    logDet = D log c
 *     inverse(z):  x = z / c,  logDet = -D log c
 *
 * It changes no density that networks can express, but what a step of training changes: of pixels in [0, 1)
 * the noise of dequantisation is 1/256 wide, less than a step of Adam moves the output of a wide network.
 */
export class FixedScale implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[] = [];
  readonly #factor: number;
  readonly #logDet: number;

  /**
   * @param eventShape Of any rank; D numbers.
   * @param factor c, finite and > 0.
   * @throws {RangeError} If it is not.
   */
  constructor(eventShape: readonly number[], factor: number) {
    if (!(factor > 0 && factor < Infinity)) {
      throw new RangeError(
        `Cannot create FixedScale as its factor must be finite and > 0: current value is ${factor}`,
      );
    }
    this.eventShape = eventShape;
    this.#factor = factor;
    this.#logDet = tf.util.sizeFromShape([...eventShape]) * Math.log(factor);
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("FixedScale.forward", x, this.eventShape, "x");
    return tf.tidy(() => ({
      z: tf.mul(this.#factor, x),
      logDet: tf.fill([x.shape[0]!], this.#logDet) as tf.Tensor1D,
    }));
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("FixedScale.inverse", z, this.eventShape, "z");
    return tf.tidy(() => ({
      x: tf.div(z, this.#factor),
      logDet: tf.fill([z.shape[0]!], -this.#logDet) as tf.Tensor1D,
    }));
  }

  [Symbol.dispose](): void {}
}
