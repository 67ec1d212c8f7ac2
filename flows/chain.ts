import { addAll } from "../engine/add_all.ts";
import * as tf from "../engine/tf.ts";
import {
  type Bijector,
  checkBatch,
  type Forward,
  type Inverse,
  latentShapeOf,
} from "./bijector.ts";

/**
 * Bijectors one after the other, listed in the order in which data meets them. Owns its parts.
 *
 *     forward(x):  z = f_K(... f_1(x)),  logDet = sum_k logDet_k
 */
export class Chain implements Bijector {
  readonly eventShape: readonly number[];
  readonly latentShape: readonly number[];
  readonly parts: readonly Bijector[];

  /**
   * @param parts At least one; each takes the shape that the one before it returns.
   * @throws {RangeError} If there is no part.
   * @throws {TypeError} If the shapes do not fit.
   */
  constructor(parts: readonly Bijector[]) {
    const [first] = parts;
    if (first === undefined) {
      throw new RangeError("Cannot create Chain as it needs at least one part: current count is 0");
    }
    for (const [i, part] of parts.slice(1).entries()) {
      const shape = latentShapeOf(parts[i]!);
      if (String(part.eventShape) !== String(shape)) {
        throw new TypeError(
          `Cannot create Chain as part ${i + 1} must have event shape [${
            shape.join(", ")
          }], as the part before it returns: current one is [${part.eventShape.join(", ")}]`,
        );
      }
    }
    this.eventShape = first.eventShape;
    this.latentShape = latentShapeOf(parts.at(-1)!);
    this.parts = parts;
  }

  get variables(): readonly tf.Variable[] {
    return this.parts.flatMap((part) => part.variables);
  }

  forward(x: tf.Tensor, context?: tf.Tensor): Forward {
    checkBatch("Chain.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const logDets: tf.Tensor1D[] = [];
      let z = x;
      for (const part of this.parts) {
        const next = part.forward(z, context);
        z = next.z;
        logDets.push(next.logDet);
      }
      return { z, logDet: addAll(logDets) };
    });
  }

  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse {
    checkBatch("Chain.inverse", z, this.latentShape, "z");
    return tf.tidy(() => {
      const logDets: tf.Tensor1D[] = [];
      let x = z;
      for (const part of this.parts.toReversed()) {
        const next = part.inverse(x, context);
        x = next.x;
        logDets.push(next.logDet);
      }
      return { x, logDet: addAll(logDets) };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent", context?: tf.Tensor): void {
    tf.tidy(() => {
      let values = batch;
      for (const part of side === "data" ? this.parts : this.parts.toReversed()) {
        part.initialize?.(values, side, context);
        values = side === "data"
          ? part.forward(values, context).z
          : part.inverse(values, context).x;
      }
    });
  }

  [Symbol.dispose](): void {
    for (const part of this.parts) part[Symbol.dispose]();
  }
}
