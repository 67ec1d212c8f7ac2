import assert from "node:assert/strict";
import { initEngine, installKernels } from "../../engine/init_engine.ts";
import {
  isSupported,
  KERNEL_VARIANTS,
  type Kernels,
  loadKernels,
  type WasmBackend,
} from "../../engine/kernels/kernels.ts";
import { installedKernels } from "../../engine/matmul.ts";
import type { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";

const { backend, note } = await initEngine({ backend: "wasm" }).catch((error: Error) => ({
  backend: "cpu",
  note: error.message,
}));

/** Why there is no BLAS to test, or "". */
export const blasProblem = await initEngine({ backend: "wasm+blas" })
  .then(() => "", (error: Error) => error.message);

/** A test on backend wasm; ignored, with the reason in its name, where that cannot start. */
export function wasmTest(name: string, run: () => void | Promise<void>): void {
  Deno.test({
    name: note ? `${name} (${note})` : name,
    ignore: backend !== "wasm",
    fn: async () => {
      await initEngine({ backend: "wasm" });
      const before = tf.memory().numTensors;
      await run();
      assert.equal(tf.memory().numTensors, before, "tensors are left over");
    },
  });
}

/** Tests on backend wasm, as {@link wasmTest}, and on cpu: what runs, by name. */
export function testOnWasmAndCpu(checks: Readonly<Record<string, () => Promise<void>>>): void {
  for (const [name, check] of Object.entries(checks)) {
    wasmTest(`${name}, on wasm`, check);
    Deno.test(`${name}, on cpu`, async () => {
      await initEngine({ backend: "cpu" });
      const before = tf.memory().numTensors;
      await check();
      assert.equal(tf.memory().numTensors, before);
    });
  }
}

/** What computes: the builds of the kernels, and the better one with a BLAS library. */
const WHERE = [...KERNEL_VARIANTS, "blas"] as const;

/**
 * A test of every way in which products are computed, on backend wasm: both builds of the kernels,
 * and a BLAS library if there is one.
 */
export function kernelsTest(name: string, run: (kernels: Kernels) => void): void {
  for (const where of WHERE) {
    const reason = where === "blas"
      ? blasProblem
      : isSupported(where)
      ? note
      : "not supported here";
    Deno.test({
      name: `${name}, ${where}${reason && ` (${reason})`}`,
      ignore: reason !== "",
      fn: async () => {
        await initEngine({ backend: where === "blas" ? "wasm+blas" : "wasm" });
        if (where !== "blas") {
          installKernels(await loadKernels(tf.backend() as unknown as WasmBackend, where));
        }
        const before = tf.memory().numTensors;
        run(installedKernels()!);
        assert.equal(tf.memory().numTensors, before, "tensors are left over");
        await initEngine({ backend: "wasm" });
      },
    });
  }
}

/** Fails on anything that is not finite; `tolerance` is relative to max(1, |wanted|). */
export function assertClose(
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
): void {
  assert.equal(actual.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(actual[i]! - wanted[i]!) / Math.max(1, Math.abs(wanted[i]!));
    assert.ok(error <= tolerance, `at ${i}: ${actual[i]} is not close to ${wanted[i]}`);
  }
}

/** Standard normals of a shape. */
export function normal(rng: Rng, shape: number[]): tf.Tensor {
  return tf.tensor(rng.normal(tf.util.sizeFromShape(shape)), shape, "float32");
}

/** C = op(A) op(B) of two matrices in float64. */
export function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [m, n, k]: readonly [number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += a[transposeA ? p * m + i : i * k + p]! * b[transposeB ? j * k + p : p * n + j]!;
      }
      c[i * n + j] = sum;
    }
  }
  return c;
}
