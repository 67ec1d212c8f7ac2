import type { Rows } from "../../datasets/mod.ts";
import type * as tf from "../../engine/tf.ts";
import type { Flow } from "../../flows/flow.ts";
import { oneHot } from "../../flows/one_hot.ts";

/**
 * The context of chosen rows for a flow: their labels. Undefined for a flow without classes.
 *
 * @throws {TypeError} If the flow has classes and the rows no labels.
 * @throws {RangeError} If a label is none of the classes.
 */
export function contextOf(
  { classes }: Flow,
  { labels }: Rows,
  indices: ArrayLike<number>,
): tf.Tensor2D | undefined {
  if (classes === null) return undefined;
  if (labels === null) {
    throw new TypeError(
      `Cannot tell a flow its ${classes} classes as the data have no labels: take data that have, or ` +
        `create it without option classes`,
    );
  }
  return oneHot(Array.from(indices, (row) => labels[row]!), classes);
}
