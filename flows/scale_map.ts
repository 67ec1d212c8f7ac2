import * as tf from "../engine/tf.ts";

/**
 * How a network's raw output a becomes the logarithm of a positive scale. Papers, and their code, differ in
 * it: the choice is a named field of every config and of every result.
 */
export type ScaleMap = "exp" | "tanh" | "sigmoid2";

/**
 * The scale maps, each from raw output to log-scale, elementwise. The scale of "exp" leaves float32 where a is
 * above 88.7.
 *
 *     exp:       log s = a                            unbounded, as the papers write it
 *     tanh:      log s = 2 tanh(a / 2)                |log s| < 2; slope 1 at 0
 *     sigmoid2:  log s = log sigmoid(a + 2)           s < 1; the released code of Glow
 */
export const SCALE_MAPS: Readonly<Record<ScaleMap, (raw: tf.Tensor) => tf.Tensor>> = {
  exp: (raw) => raw,
  // The same function as 4 sigmoid(a) - 2, which the wasm backend computes 20 times faster.
  tanh: (raw) => tf.sub(tf.mul(4, tf.sigmoid(raw)), 2),
  sigmoid2: (raw) => tf.neg(tf.softplus(tf.sub(-2, raw))),
};

/** Their derivatives d log s / da. */
export const SCALE_MAP_SLOPES: typeof SCALE_MAPS = {
  exp: (raw) => tf.onesLike(raw),
  tanh: (raw) => {
    const s = tf.sigmoid(raw);
    return tf.mul(4, tf.mul(s, tf.sub(1, s)));
  },
  sigmoid2: (raw) => tf.sigmoid(tf.sub(-2, raw)),
};
