import assert from "node:assert/strict";
import { initEngine } from "../../engine/init_engine.ts";
import {
  isSupported,
  KERNEL_VARIANTS,
  loadKernels,
  type WasmBackend,
} from "../../engine/kernels/kernels.ts";
import { installedKernels, installMatMul, restoreMatMul } from "../../engine/matmul.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, multiply, normal, wasmTest } from "./_support.ts";

const TRANSPOSES = [[false, false], [false, true], [true, false], [true, true]] as const;
// 1, odd, prime, whole tiles, and just beyond the blocks of 192 rows, 512 columns and 256 steps.
const SIZES = [
  [1, 1, 1],
  [1, 8, 5],
  [3, 7, 9],
  [6, 8, 4],
  [7, 9, 3],
  [5, 1, 300],
  [1, 520, 257],
  [13, 17, 19],
  [97, 101, 103],
  [193, 24, 256],
  [521, 601, 1],
  [521, 1, 601],
  [12, 515, 512],
  [199, 521, 263],
] as const;
/** Rounding of sums over at most 521 products of standard normals, in float32. */
const TOLERANCE = 2e-4;

for (const variant of KERNEL_VARIANTS) {
  wasmTest(`matmul of ${variant} is the product for all sizes and transposes`, async () => {
    if (!isSupported(variant)) return console.log(`${variant} is not supported here`);
    const kernels = await loadKernels(tf.backend() as unknown as WasmBackend, variant);
    installMatMul(kernels);
    const rng = new Rng(1);
    for (const [m, n, k] of SIZES) {
      for (const [transposeA, transposeB] of TRANSPOSES) {
        const a = normal(rng, transposeA ? [k, m] : [m, k]);
        const b = normal(rng, transposeB ? [n, k] : [k, n]);
        const bias = normal(rng, [n]);
        const wanted = multiply(a.dataSync(), b.dataSync(), [m, n, k], transposeA, transposeB);
        const plain = tf.matMul(a, b, transposeA, transposeB);
        assertClose(plain.dataSync(), wanted, TOLERANCE);
        const offset = bias.dataSync();
        for (const activation of ["linear", "relu"] as const) {
          const fused = tf.fused.matMul({ a, b, transposeA, transposeB, bias, activation });
          const low = activation === "relu" ? 0 : -Infinity;
          assertClose(
            fused.dataSync(),
            wanted.map((value, i) => Math.max(low, value + offset[i % n]!)),
            TOLERANCE,
          );
          fused.dispose();
        }
        tf.dispose([a, b, bias, plain]);
      }
    }
  });
}

wasmTest("matMul broadcasts batch dimensions", () => {
  const rng = new Rng(2);
  for (
    const [aBatch, bBatch] of [[[3], [3]], [[1], [4]], [[2, 1], [1, 3]], [[2, 3], [3]], [[], [
      2,
      2,
    ]]]
  ) {
    for (const [transposeA, transposeB] of TRANSPOSES) {
      const [m, n, k] = [5, 9, 7];
      const a = normal(rng, [...aBatch!, ...(transposeA ? [k, m] : [m, k])]);
      const b = normal(rng, [...bBatch!, ...(transposeB ? [n, k] : [k, n])]);
      const c = tf.matMul(a, b, transposeA, transposeB);
      // Broadcast first, then one product after the other.
      const batch = c.shape.slice(0, -2);
      const aAll = tf.broadcastTo(a, [...batch, ...a.shape.slice(-2)]);
      const bAll = tf.broadcastTo(b, [...batch, ...b.shape.slice(-2)]);
      const wanted = Array.from({ length: tf.util.sizeFromShape(batch) }, (_, i) => [
        ...multiply(
          aAll.dataSync().subarray(i * m * k, (i + 1) * m * k),
          bAll.dataSync().subarray(i * k * n, (i + 1) * k * n),
          [m, n, k],
          transposeA,
          transposeB,
        ),
      ]).flat();
      assertClose(c.dataSync(), wanted, TOLERANCE);
      tf.dispose([a, b, c, aAll, bAll]);
    }
  }
});

wasmTest("matMul gives a row the same bits in every batch and storage", () => {
  const rng = new Rng(3);
  const [x, w] = [normal(rng, [200, 300]), normal(rng, [300, 21])];
  const all = tf.tidy(() => tf.matMul(x, w).dataSync());
  for (const rows of [1, 3, 4, 7, 199]) {
    const some = tf.tidy(() => tf.matMul(x.slice([0, 0], [rows, 300]), w).dataSync());
    assert.deepEqual(some, all.slice(0, some.length));
  }
  for (const [transposeA, transposeB] of TRANSPOSES) {
    const same = tf.tidy(() =>
      tf.matMul(
        transposeA ? x.transpose() : x,
        transposeB ? w.transpose() : w,
        transposeA,
        transposeB,
      ).dataSync()
    );
    assert.deepEqual(same, all);
  }
  tf.dispose([x, w]);
});

wasmTest("matMul stays right when the memory grows", () => {
  const memory = () => (tf.backend() as unknown as WasmBackend).wasm.asm.memory.buffer.byteLength;
  const rng = new Rng(4);
  const [a, b] = [normal(rng, [50, 60]), normal(rng, [60, 70])];
  const wanted = multiply(a.dataSync(), b.dataSync(), [50, 70, 60], false, false);
  const before = memory();
  const kept: tf.Tensor[] = [];
  while (memory() === before) {
    kept.push(tf.matMul(a, b), tf.zeros([1 << 20]));
    assertClose(kept.at(-2)!.dataSync(), wanted, TOLERANCE);
  }
  // The result itself makes the memory grow.
  const column = normal(rng, [memory() / 16, 1]);
  const row = tf.tensor2d([[1, 2, 3, 4, 5, 6]]);
  const grown = memory();
  const wide = tf.matMul(column, row);
  assert.ok(memory() > grown);
  assert.equal(wide.dataSync().at(-1), Math.fround(column.dataSync().at(-1)! * 6));
  const again = tf.matMul(a, b);
  assertClose(again.dataSync(), wanted, TOLERANCE);
  tf.dispose([a, b, column, row, wide, again, ...kept]);
});

wasmTest("matMul passes NaN and infinity to what they belong to and no further", () => {
  for (const m of [2, 7]) {
    const a = tf.tensor([NaN, 1, Infinity, 2, ...Array(2 * m - 4).fill(1)], [m, 2]);
    const b = tf.ones([2, 9]);
    const c = tf.matMul(a, b);
    const relu = tf.fused.matMul({ a, b, activation: "relu" });
    for (const values of [c.dataSync(), relu.dataSync()]) {
      assert.deepEqual([...values.slice(0, 9)], Array(9).fill(NaN));
      assert.deepEqual([...values.slice(9, 18)], Array(9).fill(Infinity));
      assert.deepEqual([...values.slice(18)], Array(9 * (m - 2)).fill(2));
    }
    tf.dispose([a, b, c, relu]);
  }
});

wasmTest("matMul of zero-size operands is zero-size, or zeros, or the bias", () => {
  const shapes = [[0, 3, 4], [3, 0, 4], [3, 4, 0], [9, 5, 0], [0, 0, 0]] as const;
  for (const [m, n, k] of shapes) {
    const [a, b, bias] = [tf.zeros([m, k]), tf.zeros([k, n]), tf.ones([n])] as const;
    const c = tf.matMul(a, b);
    assert.deepEqual(c.shape, [m, n]);
    assert.deepEqual([...c.dataSync()], Array(m * n).fill(0));
    const fused = tf.fused.matMul({ a, b, bias });
    assert.deepEqual([...fused.dataSync()], Array(m * n).fill(1));
    tf.dispose([a, b, bias, c, fused]);
  }
});

wasmTest("fused.matMul agrees with backend cpu for every activation and bias", async () => {
  const rng = new Rng(5);
  const values = [rng.normal(15), rng.normal(21), rng.normal(35)] as const;
  const run = () =>
    (["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu"] as const).flatMap((activation) =>
      [undefined, [7], [1], [1, 7], [5, 1]].map((biasShape) =>
        tf.tidy(() => {
          const a = tf.tensor(values[0], [5, 3]);
          const b = tf.tensor(values[1], [3, 7]);
          const bias = biasShape &&
            tf.tensor(values[2].subarray(0, tf.util.sizeFromShape(biasShape)), biasShape);
          return tf.fused.matMul({ a, b, activation, leakyreluAlpha: 0.3, ...(bias && { bias }) })
            .dataSync();
        })
      )
    );
  const actual = run();
  await initEngine({ backend: "cpu" });
  const wanted = run();
  await initEngine({ backend: "wasm" });
  actual.forEach((values, i) => assertClose(values, wanted[i]!, 1e-5));
});

wasmTest("matMul and fused.matMul have the gradients of backend cpu", async () => {
  const rng = new Rng(6);
  const values = [rng.normal(35), rng.normal(77), rng.normal(11)];
  const run = () =>
    TRANSPOSES.flatMap(([transposeA, transposeB]) =>
      (["linear", "relu"] as const).flatMap((activation) => {
        const inputs = [
          tf.tensor(values[0]!, transposeA ? [7, 5] : [5, 7]),
          tf.tensor(values[1]!, transposeB ? [11, 7] : [7, 11]),
          tf.tensor(values[2]!, [11]),
        ];
        const gradients = tf.grads((a, b, bias) =>
          tf.fused.matMul({
            a: a!,
            b: b!,
            bias: bias!,
            transposeA,
            transposeB,
            activation,
          }).square().sum().add(tf.matMul(a!, b!, transposeA, transposeB).sin().sum())
        )(inputs);
        const result = gradients.map((gradient) => gradient.dataSync());
        tf.dispose([...inputs, ...gradients]);
        return result;
      })
    );
  const actual = run();
  await initEngine({ backend: "cpu" });
  const wanted = run();
  await initEngine({ backend: "wasm" });
  actual.forEach((values, i) => assertClose(values, wanted[i]!, 1e-4));
});

wasmTest("restoreMatMul puts the kernels of TensorFlow.js back", () => {
  const kernels = installedKernels()!;
  const ours = tf.getKernel("BatchMatMul", "wasm").kernelFunc;
  restoreMatMul();
  const stock = tf.getKernel("BatchMatMul", "wasm").kernelFunc;
  assert.notEqual(stock, ours);
  assert.equal(installedKernels(), undefined);
  installMatMul(kernels);
  restoreMatMul();
  assert.equal(tf.getKernel("BatchMatMul", "wasm").kernelFunc, stock);
  const c = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync());
  assert.deepEqual([...c], [3, 3, 3, 3]);
});

wasmTest("matMul refuses integers and an unknown activation", () => {
  const a = tf.ones([2, 2], "int32") as tf.Tensor2D;
  assert.throws(() => tf.matMul(a, a), {
    name: "TypeError",
    message: "Cannot evaluate matMul as operands must be float32: current type is int32",
  });
  const b = tf.ones([2, 2]) as tf.Tensor2D;
  const preluActivationWeights = tf.ones([2]);
  assert.throws(
    () => tf.fused.matMul({ a: b, b, activation: "prelu", preluActivationWeights }),
    {
      name: "RangeError",
      message:
        'Cannot evaluate fused.matMul as activation must be one of linear, relu, relu6, elu, sigmoid, leakyrelu: current value is "prelu"',
    },
  );
  tf.dispose([a, b, preluActivationWeights]);
});
