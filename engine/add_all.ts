import * as tf from "./tf.ts";

/**
 * The sum of tensors of one shape; at least one. TensorFlow.js's own `addN` gives wrong sums of nine on
 * backend webgpu (4.22.0).
 */
export function addAll(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() =>
    tensors.slice(1).reduce((sum, next) => tf.add(sum, next), tensors[0]!.clone())
  );
}
