import { asMatrix } from "../engine/kernel_tensors.ts";
import * as tf from "../engine/tf.ts";
import { logDeviations } from "./_per_example.ts";
import { diagonalAffine } from "./affine.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import type { ImageShape } from "./squeeze.ts";

/**
 * A learned scale and bias per coordinate, over images per channel, initialised from a batch.
 *
 *     forward(x):  z = exp(logScale) * x + bias,    logDet = pixels * sum_i logScale_i
 *     inverse(z):  x = (z - bias) * exp(-logScale), logDet = -pixels * sum_i logScale_i
 *
 * Cost: no network pass in either direction. Identity until `initialize`.
 *
 * Source: Kingma and Dhariwal 2018 (Glow), section 3.1. The initialisation is a call of its own
 * and never a side effect of a first evaluation.
 */
export class ActNorm implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[];
  readonly #logScale: tf.Variable;
  readonly #bias: tf.Variable;

  /**
   * @param name Path of its variables: `name/logScale`, `name/bias`, each of shape [dim] or [channels].
   * @param shape Number of coordinates, or [height, width, channels].
   */
  constructor(name: string, shape: number | ImageShape) {
    this.eventShape = [shape].flat();
    const dim = this.eventShape.at(-1)!;
    this.#logScale = createVariable(`${name}/logScale`, [dim], new Float32Array(dim));
    this.#bias = createVariable(`${name}/bias`, [dim], new Float32Array(dim));
    this.variables = [this.#logScale, this.#bias];
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("ActNorm.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { y: z, logDet } = diagonalAffine(x, this.#logScale, this.#bias, "scale");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("ActNorm.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { y: x, logDet } = diagonalAffine(z, this.#logScale, this.#bias, "standardise");
      return { x, logDet };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent"): void {
    checkBatch("ActNorm.initialize", batch, this.eventShape, side === "data" ? "x" : "z");
    tf.tidy(() => {
      const rows = asMatrix(batch);
      const mean = tf.mean(rows, 0);
      const logDeviation = logDeviations(rows);
      if (side === "data") {
        this.#logScale.assign(tf.neg(logDeviation));
        this.#bias.assign(tf.neg(tf.mul(mean, tf.exp(this.#logScale))));
      } else {
        this.#logScale.assign(logDeviation);
        this.#bias.assign(mean);
      }
    });
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }
}
