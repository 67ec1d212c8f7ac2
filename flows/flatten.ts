import * as tf from "../engine/tf.ts";
import { noLogDet } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/** Data of any shape to a flat latent, row-major. logDet = 0. */
export class Flatten implements Bijector {
  readonly eventShape: readonly number[];
  readonly latentShape: readonly [dim: number];
  readonly variables: readonly tf.Variable[] = [];

  constructor(eventShape: readonly number[]) {
    this.eventShape = eventShape;
    this.latentShape = [tf.util.sizeFromShape([...eventShape])];
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Flatten.forward", x, this.eventShape, "x");
    return tf.tidy(() => ({
      z: tf.reshape(x, [batch, ...this.latentShape]),
      logDet: noLogDet(batch),
    }));
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Flatten.inverse", z, this.latentShape, "z");
    return tf.tidy(() => ({
      x: tf.reshape(z, [batch, ...this.eventShape]),
      logDet: noLogDet(batch),
    }));
  }

  [Symbol.dispose](): void {}
}
