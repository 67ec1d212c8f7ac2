import * as tf from "../engine/tf.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/** The coordinates in reverse order. Its own inverse; logDet = 0. */
export class Reverse implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[] = [];

  /** @param dim Number of coordinates. */
  constructor(dim: number) {
    this.eventShape = [dim];
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Reverse.forward", x, this.eventShape, "x");
    return tf.tidy(() => ({ z: tf.reverse(x, 1), logDet: tf.zeros([batch]) as tf.Tensor1D }));
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Reverse.inverse", z, this.eventShape, "z");
    return tf.tidy(() => ({ x: tf.reverse(z, 1), logDet: tf.zeros([batch]) as tf.Tensor1D }));
  }

  [Symbol.dispose](): void {}
}
