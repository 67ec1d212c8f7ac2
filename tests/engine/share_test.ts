import assert from "node:assert/strict";
import { Adam } from "../../engine/adam.ts";
import { installedKernels } from "../../engine/matmul.ts";
import * as tf from "../../engine/tf.ts";
import { wasmTest } from "./_support.ts";

wasmTest("a clone shares its memory with the tensor, and each lives without the other", () => {
  const { address } = installedKernels()!;
  const x = tf.tensor1d([1, 2, 3]);
  const clone = tf.clone(x);
  assert.equal(address(clone), address(x));
  x.dispose();
  const other = tf.tensor1d([7, 8, 9]); // Would take the memory if it were free.
  assert.deepEqual([...clone.dataSync()], [1, 2, 3]);
  tf.dispose([clone, other]);
});

wasmTest("Adam.step() leaves a clone of a variable as it was", async () => {
  const x = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
  const clone = tf.clone(x);
  const gradient = tf.tensor1d([1, -1, 1]);
  {
    using adam = new Adam([x]);
    await adam.step([gradient], { learningRate: 0.5 });
    await adam.step([gradient], { learningRate: 0.5 });
  }
  assert.deepEqual([...clone.dataSync()], [1, 2, 3]);
  assert.deepEqual([...x.dataSync()], [0, 3, 2]);
  tf.dispose([x, clone, gradient]);
});

wasmTest("a gradient sees what the forward pass saw, though the variable has changed since", () => {
  const x = tf.tidy(() => tf.variable(tf.tensor1d([2, 3])));
  const gradient = tf.tidy(() => {
    const squares = (): tf.Scalar => {
      const sum = tf.sum(tf.square(x)) as tf.Scalar;
      x.assign(tf.tensor1d([100, 100])); // The tape keeps x by a clone, which this must not reach.
      return sum;
    };
    return Array.from(tf.variableGrads(squares, [x]).grads[x.name]!.dataSync());
  });
  assert.deepEqual(gradient, [4, 6]);
  assert.deepEqual([...x.dataSync()], [100, 100]);
  x.dispose();
});
