import assert from "node:assert/strict";
import { bitsPerDim, meanAndError, quantile } from "../../benchmarks/metrics.ts";
import { exampleBatch, loadDataset } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { Logit } from "../../flows/logit.ts";
import { meanLogitLogDet } from "../../benchmarks/_logit.ts";
import { startEngine, testWith } from "../_engine.ts";

/** Unconditional MNIST rows of Papamakarios et al. 2017: logit-space nats and its own bits/pixel. */
const MAF_PAPER: readonly [model: string, logLikelihood: number, bitsPerPixel: number][] = [
  ["Gaussian", -1366.9, 2.01],
  ["MADE", -1380.8, 2.04],
  ["MADE MoG", -1038.5, 1.41],
  ["RealNVP (5)", -1323.2, 1.93],
  ["RealNVP (10)", -1370.7, 2.02],
  ["MAF (5)", -1300.5, 1.89],
  ["MAF (10)", -1313.1, 1.91],
  ["MAF MoG (5)", -1100.3, 1.52],
];

testWith(
  ["read"],
  "Logit.forward() has the log-determinant of MNIST's test set, and with it bitsPerDim() turns the MAF paper's nats into its bits/pixel",
  async () => {
    await startEngine();
    const { splits: { test }, levels } = await loadDataset("mnist", {});
    using logit = new Logit([784], 1e-6);
    let sum = 0;
    const noise = new Rng(0);
    for (let start = 0; start < test.count; start += 1_000) {
      const indices = Int32Array.from({ length: 1_000 }, (_, i) => start + i);
      const x = exampleBatch(test, indices, noise);
      sum += tf.tidy(() =>
        tf.sum(logit.forward(tf.tensor2d(x, [1_000, 784])).logDet).dataSync()[0]!
      );
    }
    const constant = sum / test.count;
    // Survey value 4620.1, which moves by 0.3 from one dequantisation draw to another.
    assert.ok(Math.abs(constant - 4620.1) < 1, `mean log-determinant is ${constant}`);
    assert.ok(Math.abs(meanLogitLogDet(test, new Rng(0)) - constant) < 0.05);
    for (const [model, logLikelihood, published] of MAF_PAPER) {
      const bits = bitsPerDim(-(logLikelihood + constant), 784, levels);
      assert.ok(Math.abs(bits - published) < 0.01, `${model}: ${bits}, published ${published}`);
    }
  },
);

Deno.test("bitsPerDim() of toys is nats over D log 2", () => {
  assert.equal(bitsPerDim(2 * Math.LN2, 2, null), 1);
  assert.equal(bitsPerDim(-784 * Math.log(256), 784, 256), 0);
});

Deno.test("meanAndError() is the mean and its standard error", () => {
  assert.deepEqual(meanAndError(Float64Array.of(1, 2, 3, 4)), {
    mean: 2.5,
    error: Math.sqrt(5 / 12),
  });
  assert.deepEqual(meanAndError(Float64Array.of(7)), { mean: 7, error: NaN });
});

Deno.test("quantile() interpolates", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([5], 0.9), 5);
  assert.equal(quantile([0, 10], 0.1), 1);
});
