import * as tf from "../../engine/tf.ts";
import { Rng } from "../../engine/rng.ts";
import { solveLower, solveUpper } from "../../flows/triangular_solve.ts";
import { assertAllClose } from "../_assert.ts";
import { startEngine } from "../_engine.ts";

for (
  const [name, solve, keep] of [
    ["solveUpper", solveUpper, (row: number, column: number) => row <= column],
    ["solveLower", solveLower, (row: number, column: number) => row >= column],
  ] as const
) {
  Deno.test(`${name}() undoes the product, reads one triangle only, and has a gradient`, async () => {
    await startEngine();
    for (const dim of [1, 2, 3, 7, 16, 33]) {
      const rng = new Rng(dim);
      // Off-diagonal entries of order 1/dim: well conditioned at every size.
      const full = rng.normal(dim * dim).map((value, i) =>
        Math.floor(i / dim) === i % dim ? 1 + Math.abs(value) : value / dim
      );
      const triangle = full.map((value, i) => keep(Math.floor(i / dim), i % dim) ? value : 0);
      tf.tidy(() => {
        const y = tf.tensor2d(rng.normal(5 * dim), [5, dim]);
        const b = tf.matMul(y, tf.tensor2d(triangle, [dim, dim])) as tf.Tensor2D;
        const matrix = tf.tensor2d(full, [dim, dim]);
        assertAllClose(solve(b, matrix).dataSync(), y.dataSync(), 1e-5, `dim ${dim}`);

        const objective = (matrix: tf.Tensor) => tf.sum(tf.square(solve(b, matrix as tf.Tensor2D)));
        const gradient = tf.grad(objective)(matrix).dataSync() as Float32Array;
        const direction = tf.tensor2d(triangle.map((value) => value === 0 ? 0 : 1), [dim, dim]);
        const value = (step: number) =>
          objective(tf.add(matrix, tf.mul(step, direction))).dataSync()[0]!;
        const slope = gradient.reduce((sum, g, i) => sum + (triangle[i] === 0 ? 0 : g), 0);
        assertAllClose(
          [slope],
          [(value(1e-3) - value(-1e-3)) / 2e-3],
          0.02,
          `gradient, dim ${dim}`,
        );
      });
    }
  });
}
