import * as tf from "../engine/tf.ts";

/**
 * The context that tells a flow with classes which one each example is of.
 *
 * @param labels One per example, each an integer from 0 to classes - 1.
 * @param classes Number of classes of the flow.
 * @returns Shape [labels.length, classes], 1 where the label is and 0 elsewhere.
 * @throws {RangeError} If a label is none of the classes.
 *
 * @example Samples of classes 0, 1 and 2
 * ```ts
 * import { createFlow, initEngine, oneHot, Rng } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * using flow = createFlow("realnvp", { eventShape: [2], classes: 3 }, new Rng(0));
 * const context = oneHot([0, 1, 2], 3);
 * const x = flow.sample(3, new Rng(1), { context });
 * assert.deepEqual(flow.logProb(x, context).shape, [3]);
 * ```
 */
export function oneHot(labels: ArrayLike<number>, classes: number): tf.Tensor2D {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new RangeError(
        `Cannot make a context as each label must be an integer from 0 to ${
          classes - 1
        }: current ` +
          `value of label ${i} is ${label}`,
      );
    }
    rows[i * classes + label] = 1;
  }
  return tf.tensor2d(rows, [labels.length, classes]);
}
