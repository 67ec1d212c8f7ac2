import * as tf from "./tf.ts";

/**
 * The sum of some tensors of one shape. TensorFlow.js's `addN` returns nonsense for more than seven on
 * webgpu, where a shader has eight buffers.
 */
export function sumOf(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tensors.reduce((sum, tensor) => tf.add(sum, tensor));
}
