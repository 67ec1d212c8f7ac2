import { installedKernels } from "./matmul.ts";
import * as tf from "./tf.ts";

/**
 * Reorders the columns of a matrix, without a gradient of its own.
 *
 * @param x Shape [..., dim].
 * @param order Shape [dim], int32: column i of the result is column order[i] of x.
 */
export function gatherColumns(x: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const kernels = installedKernels();
  if (!kernels) return tf.gather(x, order, x.rank - 1);
  const dim = x.shape.at(-1)!;
  const y = kernels.allocate(x.shape);
  const [from, by, to] = [x, order, y].map(kernels.address) as [number, number, number];
  kernels.gatherColumns(from, by, to, x.size / dim, dim);
  return tf.engine().makeTensorFromTensorInfo(y);
}
