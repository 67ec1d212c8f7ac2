import * as tf from "../engine/tf.ts";

/** Sums each example over its event: [batch, ...event] to [batch]. */
export function sumPerExample(values: tf.Tensor): tf.Tensor1D {
  return tf.sum(tf.reshape(values, [values.shape[0]!, -1]), 1);
}

/** The same scalar for each example, as a log-determinant that does not depend on x: to [batch]. */
export function repeatPerExample(value: tf.Scalar, batch: number): tf.Tensor1D {
  return tf.add(tf.zeros([batch]), value);
}

/** Added to a standard deviation before its logarithm: a constant coordinate stays finite. */
const MIN_DEVIATION = 1e-6;

/** The logarithm of each coordinate's standard deviation over a batch: [batch, dim] to [dim]. */
export function logDeviations(batch: tf.Tensor): tf.Tensor {
  return tf.log(tf.add(tf.sqrt(tf.moments(batch, 0).variance), MIN_DEVIATION));
}

/** The log-determinant of what preserves volume: 0 for each example. */
export function noLogDet(batch: number): tf.Tensor1D {
  return tf.zeros([batch]);
}
