import { installedKernels } from "./matmul.ts";
import * as tf from "./tf.ts";

/**
 * Reorders the columns of a matrix, without a gradient of its own.
 *
 * @param x Shape [batch, dim].
 * @param order Shape [dim], int32: column i of the result is column order[i] of x.
 */
export function gatherColumns(x: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const kernels = installedKernels();
  if (!kernels) return tf.gather(x, order, 1);
  const [batch, dim] = x.shape as [number, number];
  const y = kernels.allocate([batch, dim]);
  const [from, by, to] = [x, order, y].map(kernels.address) as [number, number, number];
  kernels.gatherColumns(from, by, to, batch, dim);
  return tf.engine().makeTensorFromTensorInfo(y);
}
