import { dense, denseGradients, type DenseLayer } from "../../engine/dense.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { Mask } from "../../engine/mask.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, blasProblem, normal, wasmTest } from "./_support.ts";

/** A row for each choice of the axes before the last. */
const SHAPES = [
  { rows: [1], inputs: 1, outputs: 1 },
  { rows: [1], inputs: 5, outputs: 8 },
  { rows: [7], inputs: 3, outputs: 11 },
  { rows: [2, 3, 2], inputs: 4, outputs: 6 },
  { rows: [33], inputs: 130, outputs: 270 },
];

/** Sums of at most 270 products of standard normals, in two orders. */
const TOLERANCE = 2e-4;

wasmTest(
  "dense() and its gradients are the same on wasm, with BLAS and by operations on cpu",
  async () => {
    const backends = ["cpu", "wasm", ...(blasProblem ? [] : ["wasm+blas" as const])] as const;
    for (const { rows, inputs, outputs } of SHAPES) {
      for (const activation of ["linear", "relu", "tanh"] as const) {
        for (const isMasked of [false, true]) {
          for (const extra of [0, 2]) {
            const results: number[][][] = [];
            for (const backend of backends) {
              await initEngine({ backend });
              const mask = isMasked ? staircase(inputs, outputs) : null;
              results.push(evaluate({ rows, inputs, outputs, activation, mask, extra }));
              mask?.[Symbol.dispose]();
            }
            const [wanted, ...others] = results;
            for (const found of others) {
              found.forEach((values, i) => assertClose(values, wanted![i]!, TOLERANCE));
            }
          }
        }
      }
    }
    await initEngine({ backend: "wasm" });
  },
);

function staircase(rows: number, columns: number): Mask {
  const values = Uint8Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Number((i + 1) * columns <= (j + 1) * rows);
  });
  return new Mask(values, rows, columns);
}

function evaluate({ rows, inputs, outputs, activation, mask, extra }: {
  rows: readonly number[];
  inputs: number;
  outputs: number;
  activation: DenseLayer["activation"];
  mask: Mask | null;
  extra: number;
}): number[][] {
  const rng = new Rng(1);
  return tf.tidy(() => {
    const layer: DenseLayer = {
      kernel: normal(rng.split("kernel"), [inputs, outputs]),
      bias: normal(rng.split("bias"), [outputs]),
      activation,
      mask,
      columns: extra > 0 ? { start: 1, count: inputs } : null,
    };
    const x = normal(rng.split("x"), [...rows, inputs + extra]);
    const delta = normal(rng.split("delta"), [...rows, outputs]);
    // Only a whole input can be the output of an activation.
    const before = extra > 0 ? "linear" : activation;
    const { dx, dKernel, dBias } = denseGradients(x, delta, layer, before);
    return [dense(x, layer), dx, dKernel, dBias].map((t) => Array.from(t.dataSync()));
  });
}
