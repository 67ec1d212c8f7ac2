import * as tf from "../engine/tf.ts";
import { logDeviations } from "./_per_example.ts";
import { diagonalAffine } from "./affine.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/**
 * The learned diagonal of NICE.
 *
 *     forward(x):  z = exp(logScale) * x,   logDet = sum_i logScale_i
 *     inverse(z):  x = exp(-logScale) * z,  logDet = -sum_i logScale_i
 *
 * Cost: no network pass in either direction.
 *
 * Source: Dinh et al. 2015 (NICE), section 3.3. Deviation: it is initialised from data, so that the
 * latent starts with variance 1.
 */
export class Scaling implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[];
  readonly #logScale: tf.Variable;

  /**
   * @param name Path of its variable: `name/logScale`, shape [dim].
   * @param dim Number of coordinates.
   */
  constructor(name: string, dim: number) {
    this.eventShape = [dim];
    this.#logScale = createVariable(`${name}/logScale`, [dim], new Float32Array(dim));
    this.variables = [this.#logScale];
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("Scaling.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { y: z, logDet } = diagonalAffine(x, this.#logScale, null, "scale");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("Scaling.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { y: x, logDet } = diagonalAffine(z, this.#logScale, null, "standardise");
      return { x, logDet };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent"): void {
    checkBatch("Scaling.initialize", batch, this.eventShape, side === "data" ? "x" : "z");
    tf.tidy(() => {
      const logDeviation = logDeviations(batch);
      this.#logScale.assign(side === "data" ? tf.neg(logDeviation) : logDeviation);
    });
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }
}
