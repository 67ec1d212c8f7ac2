/**
 * What this suite's kernels gain over TensorFlow.js's own, in one process on one thread:
 *
 *     deno task bench:engine
 *
 * @module
 */
import { Adam } from "../../engine/adam.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { installedKernels, installMatMul, restoreMatMul } from "../../engine/matmul.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";

/** One row of the table: medians. */
export interface EngineRow {
  /** What was timed. */
  readonly what: string;
  /** With TensorFlow.js's own kernels and its own Adam. */
  readonly stockMs: number;
  /** With this suite's. */
  readonly oursMs: number;
  /** stockMs / oursMs. */
  readonly ratio: number;
  /** Billions of multiplications and additions per second. */
  readonly stockGflops: number;
  /** The same for ours. */
  readonly oursGflops: number;
}

const BATCH = 100;
const SIZES = [784, 1024, 1024, 784];
const LEARNING_RATE = 1e-3;

/**
 * Compares one Adam step of the 784-1024-1024-784 network (relu, squared error, batch 100), then
 * products of matrices.
 *
 * @returns The table.
 * @throws {Error} If wasm cannot start.
 */
export async function benchmarkEngine(): Promise<EngineRow[]> {
  await initEngine({ backend: "wasm" });
  const rng = new Rng(0);
  const rows = [compareSteps(rng.split("step"))];
  for (
    const [m, n, k, transposeA, transposeB] of [
      [1024, 1024, 1024, false, false],
      [BATCH, 1024, 1024, false, false],
      [BATCH, 1024, 1024, false, true],
      [BATCH, 1024, 1024, true, false],
      [BATCH, 1024, 1024, true, true],
      [1, 1024, 1024, false, false],
      [256, 32, 32, false, false],
    ] as const
  ) {
    const a = normal(rng.split("a"), transposeA ? [k, m] : [m, k]);
    const b = normal(rng.split("b"), transposeB ? [n, k] : [k, n]);
    const run = () => tf.matMul(a, b, transposeA, transposeB).dispose();
    const what = `${m}x${k}${transposeA ? " transposed" : ""} by ${k}x${n}${
      transposeB ? " transposed" : ""
    }`;
    rows.push(compare(what, 2 * m * n * k, run, run));
    tf.dispose([a, b]);
  }
  return rows;
}

function compareSteps(rng: Rng): EngineRow {
  const x = normal(rng.split("x"), [BATCH, SIZES[0]!]);
  const layers = SIZES.slice(1).map((size, i) => ({
    kernel: tf.variable(normal(rng.split(i), [SIZES[i]!, size]).div(Math.sqrt(SIZES[i]!))),
    bias: tf.variable(tf.zeros([size])),
  }));
  const variables = layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  const loss = () => {
    let h = x;
    layers.forEach(({ kernel, bias }, i) => {
      h = h.matMul(kernel).add(bias);
      if (i < layers.length - 1) h = h.relu();
    });
    return h.sub(x).square().mean() as tf.Scalar;
  };
  const gradients = () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    value.dispose();
    return grads;
  };
  const stockAdam = tf.train.adam(LEARNING_RATE);
  const stock = () => {
    const grads = gradients();
    stockAdam.applyGradients(variables.map(({ name }) => ({ name, tensor: grads[name]! })));
    tf.dispose(grads);
  };
  using adam = new Adam(variables);
  const ours = () => {
    const grads = gradients();
    adam.step(variables.map(({ name }) => grads[name]!), { learningRate: LEARNING_RATE });
    tf.dispose(grads);
  };
  const weights = layers.reduce((sum, { kernel }) => sum + kernel.size, 0);
  // Forwards, and backwards to the weights of every layer and the inputs of all but the first.
  const flops = 2 * BATCH * (3 * weights - layers[0]!.kernel.size);
  const row = compare(`Adam step of ${SIZES.join("-")}, batch ${BATCH}`, flops, stock, ours);
  stockAdam.dispose();
  tf.dispose([x, ...variables]);
  return row;
}

function compare(what: string, flops: number, stock: () => void, ours: () => void): EngineRow {
  const kernels = installedKernels()!;
  restoreMatMul();
  const stockMs = medianMs(stock);
  installMatMul(kernels);
  const oursMs = medianMs(ours);
  const gflops = (ms: number) => flops / ms / 1e6;
  return {
    what,
    stockMs,
    oursMs,
    ratio: stockMs / oursMs,
    stockGflops: gflops(stockMs),
    oursGflops: gflops(oursMs),
  };
}

/** After two runs to warm up: as many as fit into half a second, at least 3 and at most 51. */
function medianMs(run: () => void): number {
  const once = () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  once();
  const count = Math.min(51, Math.max(3, Math.round(500 / once())));
  const samples = Array.from({ length: count }, once).sort((a, b) => a - b);
  return samples[count >> 1]!;
}

function normal(rng: Rng, shape: number[]): tf.Tensor {
  return tf.tensor(rng.normal(tf.util.sizeFromShape(shape)), shape);
}

if (import.meta.main) {
  for (const row of await benchmarkEngine()) {
    const cell = (value: number) => value.toPrecision(3).padStart(8);
    console.log(
      `${row.what.padEnd(42)} stock ${cell(row.stockMs)} ms ${cell(row.stockGflops)} GFLOP/s` +
        `   ours ${cell(row.oursMs)} ms ${cell(row.oursGflops)} GFLOP/s   ${cell(row.ratio)} x`,
    );
  }
}
