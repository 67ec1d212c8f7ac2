import * as tf from "./tf.ts";

/**
 * The sum of tensors of one shape; at least one. One operation on the tape, where each `tf.add` would be five
 * with what it keeps and gives back. TensorFlow.js's own `addN` gives wrong sums of nine on backend webgpu
 * (4.22.0).
 */
export function addAll<T extends tf.Tensor>(tensors: readonly T[]): T {
  const op = tf.customGrad((...args) => {
    const [first, ...others] = args.slice(0, -1) as T[];
    return {
      value: others.reduce((sum, next) => tf.add<T>(sum, next), first!.clone()),
      gradFunc: (dy: tf.Tensor) => tensors.map(() => dy.clone()),
    };
  });
  return op(...tensors) as T;
}
