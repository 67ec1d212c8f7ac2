import * as tf from "../engine/tf.ts";

/** Sums each example over its event: [batch, ...event] to [batch]. */
export function sumPerExample(values: tf.Tensor): tf.Tensor1D {
  return tf.sum(values.reshape([values.shape[0]!, -1]), 1);
}

/** The same scalar for each example, as a log-determinant that does not depend on x: to [batch]. */
export function repeatPerExample(value: tf.Scalar, batch: number): tf.Tensor1D {
  return tf.add(tf.zeros([batch]), value);
}
