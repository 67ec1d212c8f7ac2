import * as tf from "../engine/tf.ts";
import { sumPerExample } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/**
 * From the unit interval to the real line, kept off its ends by alpha: for alpha = 1e-6 to +-13.8. What is
 * beyond on the line comes back from outside of the interval, by alpha / (1 - 2 alpha) at most: clip such
 * samples, and take their density from {@link Flow.sampleWithLogProb}. The map goes on there, but above 1 float32
 * tells too few x apart: a forward pass of them is inexact, or NaN.
 *
 *     forward(x):  y = alpha + (1 - 2 alpha) x,  z = log y - log(1 - y)
 *                  logDet = sum_i [-log y_i - log(1 - y_i)] + D log(1 - 2 alpha)
 *     inverse(z):  x = (sigmoid(z) - alpha) / (1 - 2 alpha)
 *
 * 1 - y is computed as alpha + (1 - 2 alpha)(1 - x): exact where y is close to 1.
 *
 * Source: Papamakarios et al. 2017 (MAF), appendix, lambda = 1e-6 on MNIST.
 */
export class Logit implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[] = [];
  readonly #alpha: number;
  readonly #dim: number;

  /**
   * @param eventShape Of any rank.
   * @param alpha At least 1e-7, what float32 can tell from 0 beside 1, and less than 1/2.
   * @throws {RangeError} If alpha is outside.
   */
  constructor(eventShape: readonly number[], alpha: number) {
    if (!(alpha >= 1e-7 && alpha < 0.5)) {
      throw new RangeError(
        `Cannot create Logit as alpha must be in [1e-7, 0.5): current value is ${alpha}`,
      );
    }
    this.eventShape = eventShape;
    this.#dim = tf.util.sizeFromShape([...eventShape]);
    this.#alpha = alpha;
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("Logit.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const slope = 1 - 2 * this.#alpha;
      const logY = tf.log(tf.add(this.#alpha, tf.mul(slope, x)));
      const logOneMinusY = tf.log(tf.add(this.#alpha, tf.mul(slope, tf.sub(1, x))));
      return {
        z: tf.sub(logY, logOneMinusY),
        logDet: tf.sub<tf.Tensor1D>(
          this.#dim * Math.log(slope),
          sumPerExample(tf.add(logY, logOneMinusY)),
        ),
      };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("Logit.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const slope = 1 - 2 * this.#alpha;
      const logYTimesOneMinusY = tf.neg(tf.add(tf.softplus(z), tf.softplus(tf.neg(z))));
      return {
        x: tf.div(tf.sub(tf.sigmoid(z), this.#alpha), slope),
        logDet: tf.sub<tf.Tensor1D>(
          sumPerExample(logYTimesOneMinusY),
          this.#dim * Math.log(slope),
        ),
      };
    });
  }

  [Symbol.dispose](): void {}
}
