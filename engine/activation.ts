import type { Kernels } from "./kernels/kernels.ts";
import * as tf from "./tf.ts";

/** What a layer does with its sums. */
export type LayerActivation = "linear" | "relu" | "tanh";

/** Codes of assembly/dense.ts. */
const SLOPES = { relu: 1, tanh: 2 } as const;

/** The activation of a layer's sums. */
export function activate<T extends tf.Tensor>(sums: T, activation: LayerActivation): T {
  if (activation === "linear") return sums;
  return activation === "relu" ? tf.relu(sums) : tf.tanh(sums);
}

/** {@link activate}, in place. */
export function activateInPlace(
  kernels: Kernels,
  sums: tf.Tensor,
  activation: LayerActivation,
): void {
  if (activation === "relu") kernels.reluRows(kernels.address(sums), 0, 1, sums.size);
  if (activation === "tanh") kernels.tanhInPlace(kernels.address(sums), sums.size);
}

/**
 * The gradient before an activation from the one behind it.
 *
 * @param delta The gradient of y.
 * @param y What the activation returned: its slope follows from it.
 */
export function timesSlope(
  delta: tf.Tensor,
  y: tf.Tensor,
  activation: LayerActivation,
): tf.Tensor {
  if (activation === "relu") return tf.mul(delta, tf.step(y));
  if (activation === "tanh") return tf.mul(delta, tf.sub(1, tf.square(y)));
  return delta;
}

/** {@link timesSlope}, in place. */
export function timesSlopeInPlace(
  kernels: Kernels,
  delta: tf.Tensor,
  y: tf.Tensor,
  activation: LayerActivation,
): void {
  if (activation === "linear") return;
  kernels.multiplySlope(kernels.address(delta), kernels.address(y), y.size, SLOPES[activation]);
}
