import type { Kernels } from "./kernels/kernels.ts";
import { type Matrix, matrix } from "./matrix.ts";
import * as tf from "./tf.ts";

/** A new tensor in the memory of the kernels, whose numbers are not set yet. */
export function allocate(kernels: Kernels, shape: readonly number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(kernels.allocate([...shape]));
}

/** [..., columns] as [rows, columns], on any backend and with a gradient. */
export function asMatrix(tensor: tf.Tensor): tf.Tensor2D {
  return tf.reshape(tensor, [-1, tensor.shape.at(-1)!]);
}

/** A tensor as a matrix: [..., columns] has a row for each choice of the other indices. */
export function matrixOf(kernels: Kernels, tensor: tf.Tensor): Matrix {
  const columns = tensor.shape.at(-1)!;
  return matrix(kernels.address(tensor), tensor.size / columns, columns);
}

/** Of [batch, ..., dim]: an example has so many rows. */
export function sizesOf({ shape, size }: tf.Tensor): { batch: number; rows: number; dim: number } {
  const [batch, dim] = [shape[0]!, shape.at(-1)!];
  return { batch, rows: size / (batch * dim), dim };
}
