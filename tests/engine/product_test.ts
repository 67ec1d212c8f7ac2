import assert from "node:assert/strict";
import type { Kernels } from "../../engine/kernels/kernels.ts";
import { Mask } from "../../engine/mask.ts";
import { type Matrix, matrix, transposed } from "../../engine/matrix.ts";
import {
  multiply,
  multiplyInto,
  multiplyMasked,
  multiplyMaskedTransposed,
} from "../../engine/product.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, kernelsTest, normal } from "./_support.ts";

/** Rounding of sums over at most 600 products of standard normals, in float32. */
const TOLERANCE = 2e-4;

// [m, n, k]: 1, odd, prime, beyond a block, large enough for a BLAS.
const SIZES = [
  [1, 1, 1],
  [2, 3, 2],
  [3, 40, 17],
  [4, 9, 5],
  [7, 19, 33],
  [50, 97, 101],
  [13, 530, 261],
  [64, 211, 199],
  [100, 300, 190],
] as const;

/** Staircases as degrees make them, and others: rising, falling, twice, with gaps at either end. */
const MASKS: Record<string, (rows: number, columns: number) => (i: number, j: number) => boolean> =
  {
    "rising": (rows, columns) => (i, j) => (i + 1) * columns <= (j + 1) * rows,
    "falling": (rows, columns) => (i, j) =>
      (i + 1) * columns + (j + 1) * rows <= rows * columns + rows,
    "low and rising": (rows, columns) => (i, j) => i * columns >= j * rows,
    "twice": (rows, columns) => {
      const half = Math.ceil(columns / 2);
      return (i, j) => i * half < (j % half) * rows;
    },
    "a band": (rows, columns) => (i, j) => Math.abs(i * columns - j * rows) < 0.2 * rows * columns,
    "all": () => () => true,
    "none": () => () => false,
  };

function maskOf(name: string, rows: number, columns: number): Mask {
  const has = MASKS[name]!(rows, columns);
  const values = Uint8Array.from(
    { length: rows * columns },
    (_, i) => Number(has(Math.floor(i / columns), i % columns)),
  );
  return new Mask(values, rows, columns);
}

/** A tensor as a matrix: whole, and its numbers by row and column. */
function view(kernels: Kernels, tensor: tf.Tensor): Matrix {
  return matrix(kernels.address(tensor), tensor.shape[0]!, tensor.shape[1]!);
}

/** sum over p of a(i, p) b(p, j), in float64. */
function product(
  [m, n, k]: readonly [number, number, number],
  a: (i: number, p: number) => number,
  b: (p: number, j: number) => number,
): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j);
    return sum;
  });
}

kernelsTest("multiply() works on parts of matrices, and adds to what is there", (kernels) => {
  const rng = new Rng(1);
  for (const [m, n, k] of SIZES) {
    tf.tidy(() => {
      // Each operand is a part of a matrix that is 3 columns wider, from its second column on.
      const [a, b] = [normal(rng, [m, k + 3]), normal(rng, [n, k + 3])];
      const c = normal(rng, [m, n + 3]);
      const [aValues, bValues] = [a.dataSync(), b.dataSync()];
      const before = Float32Array.from(c.dataSync());
      const part = (t: tf.Tensor, columns: number): Matrix => ({
        ...view(kernels, t),
        address: kernels.address(t) + 4,
        columns,
      });
      multiply(kernels, part(a, k), transposed(part(b, k)), part(c, n), { accumulate: true });
      const wanted = product(
        [m, n, k],
        (i, p) => aValues[i * (k + 3) + 1 + p]!,
        (p, j) => bValues[j * (k + 3) + 1 + p]!,
      );
      const expected = Float64Array.from(before);
      wanted.forEach((value, at) => {
        expected[Math.floor(at / n) * (n + 3) + 1 + at % n]! += value;
      });
      assertClose(c.dataSync(), expected, TOLERANCE);
    });
  }
});

for (const name of Object.keys(MASKS)) {
  kernelsTest(`products with a mask (${name}) leave out what it leaves out`, (kernels) => {
    const rng = new Rng(2);
    for (const [m, n, k] of SIZES) {
      using mask = maskOf(name, k, n);
      tf.tidy(() => {
        const x = normal(rng, [m, k]), dy = normal(rng, [m, n]), bias = normal(rng, [n]);
        // Where the mask is 0 the kernel holds what would spoil everything it touched.
        const kept = normal(rng, [k, n]).dataSync();
        const values = kept.map((w, at) => mask.has(Math.floor(at / n), at % n) ? w : NaN);
        const w = tf.tensor(values, [k, n]);
        const weight = (p: number, j: number) => mask.has(p, j) ? kept[p * n + j]! : 0;
        const [xs, dys, biases] = [x.dataSync(), dy.dataSync(), bias.dataSync()];

        const y = tf.fill([m, n], NaN);
        for (const relu of [false, true]) {
          const options = { bias: kernels.address(bias), relu };
          multiplyMasked(
            kernels,
            view(kernels, x),
            view(kernels, w),
            mask,
            view(kernels, y),
            options,
          );
          const sums = product([m, n, k], (i, p) => xs[i * k + p]!, weight)
            .map((sum, at) => sum + biases[at % n]!);
          assertClose(y.dataSync(), relu ? sums.map((v) => Math.max(v, 0)) : sums, TOLERANCE);
        }

        const dx = tf.fill([m, k], NaN);
        multiplyMaskedTransposed(
          kernels,
          view(kernels, dy),
          view(kernels, w),
          mask,
          view(kernels, dx),
        );
        const dxWanted = product([m, k, n], (i, j) => dys[i * n + j]!, (j, p) => weight(p, j));
        assertClose(dx.dataSync(), dxWanted, TOLERANCE);

        const dw = tf.fill([k, n], NaN);
        const xT = transposed(view(kernels, x));
        multiplyInto(kernels, xT, view(kernels, dy), mask, view(kernels, dw));
        const dwWanted = product([k, n, m], (p, i) => xs[i * k + p]!, (i, j) => dys[i * n + j]!)
          .map((sum, at) => mask.has(Math.floor(at / n), at % n) ? sum : 0);
        const dwFound = dw.dataSync();
        assertClose(dwFound, dwWanted, TOLERANCE);
        dwFound.forEach((value, at) => {
          if (!mask.has(Math.floor(at / n), at % n)) assert.equal(value, 0, "a masked gradient");
        });
      });
    }
  });
}

kernelsTest("products pass NaN and infinity on, to their row and column alone", (kernels) => {
  const [m, n, k] = [9, 11, 10];
  tf.tidy(() => {
    const values = new Rng(3).normal(m * k);
    values[2 * k + 3] = NaN;
    values[5 * k + 1] = Infinity;
    const a = tf.tensor(values, [m, k]), b = normal(new Rng(4), [k, n]), c = tf.zeros([m, n]);
    multiply(kernels, view(kernels, a), view(kernels, b), view(kernels, c), { relu: true });
    const rows = c.arraySync() as number[][];
    assert.ok(rows[2]!.every(Number.isNaN), "relu(NaN) is NaN");
    assert.ok(rows[5]!.every((value) => value === Infinity || value === 0));
    for (const i of [0, 1, 3, 4, 6, 7, 8]) assert.ok(rows[i]!.every(Number.isFinite));
  });
});

kernelsTest("products go on when the memory grows in between", (kernels) => {
  const a = normal(new Rng(5), [70, 130]), b = normal(new Rng(6), [130, 140]);
  const run = () => tf.tidy(() => Array.from(tf.matMul(a, b).dataSync()));
  const before = run();
  const buffer = kernels.memory.buffer;
  const ballast: tf.Tensor[] = [];
  while (kernels.memory.buffer === buffer) ballast.push(tf.zeros([1 << 22]));
  assert.deepEqual(run(), before);
  tf.dispose([a, b, ...ballast]);
});

Deno.test("Mask refuses a column whose ones are not neighbours", () => {
  assert.throws(() => new Mask(Uint8Array.of(1, 0, 0, 1, 1, 1), 3, 2), {
    name: "RangeError",
    message: /ones of a column must be neighbours: column 0 has rows 0 and 2 but not 1/,
  });
});
