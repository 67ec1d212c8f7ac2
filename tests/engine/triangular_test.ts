import assert from "node:assert/strict";
import { initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { addTriangleProduct, solveTriangle, StrictTriangle } from "../../engine/triangular.ts";
import { assertClose, kernelsTest, normal } from "./_support.ts";

/** Of [..., dim]; more than 24 coordinates are several blocks. */
const SHAPES = [
  [1, 1],
  [1, 2],
  [3, 3],
  [1, 24],
  [2, 25],
  [5, 49],
  [1, 2, 3, 4],
  [2, 3, 1, 26],
  [4, 97],
  [70, 160],
];

/** Off-diagonal entries of order 1/dim: well conditioned at every size. NaN where nothing may read. */
function draw(rng: Rng, dim: number, triangle: StrictTriangle): tf.Tensor {
  const values = rng.normal(dim * dim).map((value, at) =>
    triangle.mask.has(Math.floor(at / dim), at % dim) ? value / dim : NaN
  );
  return tf.tensor(values, [dim, dim]);
}

for (const side of ["lower", "upper"] as const) {
  kernelsTest(`solveTriangle() undoes the product (${side})`, () => {
    const rng = new Rng(1);
    for (const shape of SHAPES) {
      const dim = shape.at(-1)!;
      using triangle = new StrictTriangle(side, dim);
      for (const hasDiagonal of [false, true]) {
        tf.tidy(() => {
          const y = normal(rng, shape);
          const t = draw(rng, dim, triangle);
          const d = hasDiagonal ? tf.exp(normal(rng, [dim])) : null;
          const b = addTriangleProduct(d ? tf.mul(y, d) : y, y, t, triangle);
          assertClose(solveTriangle(b, t, triangle, d).dataSync(), y.dataSync(), 2e-4);
        });
      }
    }
  });
}

Deno.test("solveTriangle() and addTriangleProduct() have the values and gradients of backend cpu", async () => {
  for (const shape of SHAPES.slice(0, -1)) {
    const dim = shape.at(-1)!;
    for (const side of ["lower", "upper"] as const) {
      const results: number[][][] = [];
      for (const backend of ["cpu", "auto"] as const) {
        await initEngine({ backend });
        using triangle = new StrictTriangle(side, dim);
        results.push(tf.tidy(() => {
          const rng = new Rng(2);
          const b = normal(rng, shape);
          const t = draw(rng, dim, triangle).where(
            triangle.mask.dense.cast("bool"),
            tf.zeros([dim, dim]),
          );
          const d = tf.exp(normal(rng, [dim]));
          const objective = (b: tf.Tensor, t: tf.Tensor, d: tf.Tensor): tf.Scalar => {
            const y = solveTriangle(b, t, triangle, d);
            return tf.sum(tf.sin(addTriangleProduct(y, y, t, triangle)));
          };
          const y = solveTriangle(b, t, triangle, d);
          const gradients = tf.grads(objective)([b, t, d]);
          return [y, ...gradients].map((tensor) => Array.from(tensor.dataSync()));
        }));
      }
      const [wanted, found] = results;
      found!.forEach((values, i) => assertClose(values, wanted![i]!, 5e-4));
      const gradient = found![2]!;
      using triangle = new StrictTriangle(side, dim);
      gradient.forEach((value, at) => {
        const isInside = triangle.mask.has(Math.floor(at / dim), at % dim);
        if (!isInside) assert.equal(Math.abs(value), 0, "a gradient outside the triangle");
      });
    }
  }
});
