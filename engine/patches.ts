import { addAll } from "./add_all.ts";
import * as tf from "./tf.ts";

/**
 * What each pixel sees of its 3 x 3 neighbourhood, by ordinary operations.
 *
 * @param x Shape [batch, height, width, channels].
 * @returns Shape [batch * height * width, 9 * channels]: by line, column and channel; 0 outside.
 */
export function patches(x: tf.Tensor): tf.Tensor2D {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]);
  const seen = NEIGHBOURS.map(([di, dj]) =>
    tf.slice(padded, [0, 1 + di, 1 + dj, 0], [batch, height, width, channels])
  );
  return tf.reshape(tf.concat(seen, 3), [-1, 9 * channels]);
}

/**
 * The transpose of {@link patches}: every pixel sums what its neighbours' rows say of it.
 *
 * @param wide Shape [batch * height * width, 9 * channels].
 * @param shape [batch, height, width, channels].
 */
export function fold(wide: tf.Tensor, shape: readonly number[]): tf.Tensor4D {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const given = tf.split(tf.reshape(wide, [batch, height, width, 9 * channels]), 9, 3);
  const moved = given.map((part, k) => {
    const [di, dj] = NEIGHBOURS[k]!;
    const padded = tf.pad(part, [[0, 0], [1 + di, 1 - di], [1 + dj, 1 - dj], [0, 0]]);
    return tf.slice(padded, [0, 1, 1, 0], [batch, height, width, channels]);
  });
  return addAll(moved) as tf.Tensor4D;
}

/** [line, column] of the pixels that a pixel sees, relative to it. */
const NEIGHBOURS = [-1, 0, 1].flatMap((di) => [-1, 0, 1].map((dj) => [di, dj] as const));
