import { gatherColumns } from "../engine/gather_columns.ts";
import * as tf from "../engine/tf.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { noLogDet } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/**
 * Reorders the last axis, the columns of a matrix, on every backend and with a gradient: TensorFlow.js's own
 * gradient of `gather` needs a kernel that the wasm backend lacks, and here it is a gather too.
 *
 * @param x Shape [..., dim].
 * @param order Shape [dim], int32: column i of the result is column order[i] of x.
 * @param inverseOrder Shape [dim], int32: the inverse permutation.
 * @returns Shape [..., dim].
 */
export function permuteColumns(
  x: tf.Tensor,
  order: tf.Tensor1D,
  inverseOrder: tf.Tensor1D,
): tf.Tensor {
  const op = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc) => ({
    value: gatherColumns(x as tf.Tensor, order),
    gradFunc: (dy: tf.Tensor) => gatherColumns(dy, inverseOrder),
  }));
  return op(x);
}

/** The permutation that undoes another. */
export function invertOrder(order: Int32Array): Int32Array<ArrayBuffer> {
  const inverse = new Int32Array(order.length);
  for (const [i, column] of order.entries()) inverse[column] = i;
  return inverse;
}

/**
 * A fixed permutation of the coordinates, over images of the channels of each pixel. Volume-preserving:
 * logDet = 0.
 *
 *     forward(x):  z_i = x_order[i]
 */
export class Permutation implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[];
  readonly #inverseOrder: tf.Variable;
  readonly #order: tf.Variable;

  /**
   * @param name Path of its variables: `name/order`, `name/inverseOrder`, kept and never trained.
   * @param order A permutation of 0 … dim - 1.
   * @param shape [dim] or, as images have, more, of which dim is the last; by default [dim].
   * @throws {RangeError} If order is no permutation, or shape does not end with its length.
   */
  constructor(name: string, order: Int32Array, shape: readonly number[] = [order.length]) {
    if (order.toSorted().some((column, i) => column !== i)) {
      throw new RangeError(
        `Cannot create Permutation as order must hold each of 0 … ${order.length - 1} once: ` +
          `current value is [${order.join(", ")}]`,
      );
    }
    const dim = order.length;
    if (shape.at(-1) !== dim) {
      throw new RangeError(
        `Cannot create Permutation as its shape must end with the length of order, ${dim}: current value ` +
          `is [${shape.join(", ")}]`,
      );
    }
    this.eventShape = [...shape];
    this.#order = createVariable(`${name}/order`, [dim], order, { trainable: false });
    this.#inverseOrder = createVariable(`${name}/inverseOrder`, [dim], invertOrder(order), {
      trainable: false,
    });
    this.variables = [this.#order, this.#inverseOrder];
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Permutation.forward", x, this.eventShape, "x");
    return tf.tidy(() => ({
      z: permuteColumns(x, this.#order as tf.Tensor1D, this.#inverseOrder as tf.Tensor1D),
      logDet: noLogDet(batch),
    }));
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Permutation.inverse", z, this.eventShape, "z");
    return tf.tidy(() => ({
      x: permuteColumns(z, this.#inverseOrder as tf.Tensor1D, this.#order as tf.Tensor1D),
      logDet: noLogDet(batch),
    }));
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }
}

/**
 * The order that puts columns 0, 2, 4, … before 1, 3, 5, …: halves of it are the alternating masks
 * of NICE and RealNVP, and cost a slice where those would cost a gather per layer.
 */
export function evensFirst(dim: number): Int32Array<ArrayBuffer> {
  const half = Math.ceil(dim / 2);
  return Int32Array.from({ length: dim }, (_, i) => i < half ? 2 * i : 2 * (i - half) + 1);
}
