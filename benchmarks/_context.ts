import { oneHotLabels, type Rows } from "../datasets/mod.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";

/**
 * The context of chosen rows for a flow: their labels, one-hot. Undefined for a flow without classes.
 *
 * @throws {TypeError} If the flow has classes and the rows no labels.
 * @throws {RangeError} If a label is none of the classes.
 */
export function contextOf(
  { classes }: Flow,
  rows: Rows,
  indices: ArrayLike<number>,
): tf.Tensor2D | undefined {
  if (classes === null) return undefined;
  return tf.tensor2d(oneHotLabels(rows, indices, classes), [indices.length, classes]);
}
