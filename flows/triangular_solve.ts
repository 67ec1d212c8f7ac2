import * as tf from "../engine/tf.ts";

/**
 * Solves y U = b for upper triangular U, by halves, in ordinary operations: it has a gradient and
 * runs on every backend.
 *
 *     U = [[A, C], [0, B]],  y = [y1, y2]:   y1 A = b1,   y2 B = b2 - y1 C
 *
 * @param b Shape [batch, dim].
 * @param upper Shape [dim, dim]; entries below the diagonal are not read.
 * @returns y, shape [batch, dim].
 */
export function solveUpper(b: tf.Tensor2D, upper: tf.Tensor2D): tf.Tensor2D {
  const dim = b.shape[1];
  if (dim === 1) return tf.div(b, upper);
  return tf.tidy(() => {
    const half = Math.ceil(dim / 2);
    const [b1, b2] = tf.split(b, [half, dim - half], 1) as [tf.Tensor2D, tf.Tensor2D];
    const y1 = solveUpper(b1, tf.slice(upper, [0, 0], [half, half]));
    const corner = tf.slice(upper, [0, half], [half, dim - half]);
    const rest = tf.slice(upper, [half, half], [dim - half, dim - half]);
    const y2 = solveUpper(tf.sub(b2, tf.matMul(y1, corner)), rest);
    return tf.concat([y1, y2], 1);
  });
}

/**
 * Solves y L = b for lower triangular L.
 *
 *     L = [[A, 0], [C, B]],  y = [y1, y2]:   y2 B = b2,   y1 A = b1 - y2 C
 *
 * @param b Shape [batch, dim].
 * @param lower Shape [dim, dim]; entries above the diagonal are not read.
 * @returns y, shape [batch, dim].
 */
export function solveLower(b: tf.Tensor2D, lower: tf.Tensor2D): tf.Tensor2D {
  const dim = b.shape[1];
  if (dim === 1) return tf.div(b, lower);
  return tf.tidy(() => {
    const half = Math.ceil(dim / 2);
    const [b1, b2] = tf.split(b, [half, dim - half], 1) as [tf.Tensor2D, tf.Tensor2D];
    const rest = tf.slice(lower, [half, half], [dim - half, dim - half]);
    const y2 = solveLower(b2, rest);
    const corner = tf.slice(lower, [half, 0], [dim - half, half]);
    const y1 = solveLower(
      tf.sub(b1, tf.matMul(y2, corner)),
      tf.slice(lower, [0, 0], [half, half]),
    );
    return tf.concat([y1, y2], 1);
  });
}
