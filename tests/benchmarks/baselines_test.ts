import assert from "node:assert/strict";
import { choleskyFactor, solveLowerInPlace } from "../../benchmarks/_cholesky.ts";
import { BASELINES } from "../../benchmarks/baselines.ts";
import { bitsPerDim, meanAndError } from "../../benchmarks/metrics.ts";
import { loadDataset, type Rows } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import { assertAllClose } from "../_assert.ts";
import { startEngine } from "../_engine.ts";

const real = (values: Float32Array<ArrayBuffer>, dim: number): Rows => ({
  values,
  dim,
  count: values.length / dim,
  levels: null,
  labels: null,
});

Deno.test("choleskyFactor() gives L with L L^T = A, and refuses what is not positive definite", () => {
  const n = 6;
  const rng = new Rng(0);
  const b = Float64Array.from(rng.normal(n * n));
  const product = (a: Float64Array): Float64Array =>
    Float64Array.from({ length: n * n }, (_, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      return Array.from({ length: n }, (_, k) => a[row * n + k]! * a[column * n + k]!)
        .reduce((sum, value) => sum + value, 0);
    });
  const matrix = product(b);
  const lower = choleskyFactor(matrix, n);
  assertAllClose(product(lower), matrix, 1e-12);
  const y = Float64Array.from(rng.normal(n));
  const rhs = y.map((_, i) => y.reduce((sum, value, k) => sum + lower[i * n + k]! * value, 0));
  solveLowerInPlace(lower, rhs);
  assertAllClose(rhs, y, 1e-12);
  assert.throws(() => choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), { name: "RangeError" });
});

Deno.test("gaussian baseline reaches the entropy of a Gaussian, and no less", async () => {
  await startEngine();
  // y = A e with e standard normal: entropy = log|det A| + log(2 pi e).
  const sample = (count: number, seed: number): Rows => {
    const e = new Rng(seed).normal(2 * count);
    return real(e.map((value, i) => i % 2 === 0 ? 3 * value + 1 : 2 * e[i - 1]! + 0.5 * value), 2);
  };
  const fitted = await BASELINES.gaussian!.fit(
    { train: sample(20_000, 1), validation: sample(2_000, 2) },
    new Rng(0),
  );
  const { mean, error } = meanAndError(fitted.logProbs(sample(20_000, 3), new Rng(0)));
  const entropy = Math.log(1.5) + Math.log(2 * Math.PI * Math.E);
  assert.ok(Math.abs(-mean - entropy) < 4 * error + 1e-3, `${-mean} against ${entropy}`);
  assert.equal(fitted.params, 5);
});

Deno.test("gaussian baseline takes the ridges that are possible where columns depend on each other", async () => {
  await startEngine();
  const sample = (seed: number): Rows => {
    const e = new Rng(seed).normal(2 * 2_000);
    const rows = Array.from({ length: 2_000 }, (_, i) => [100 * e[2 * i]!, 100 * e[2 * i + 1]!]);
    return real(Float32Array.from(rows.flatMap(([a, b]) => [a!, b!, a! + b!])), 3);
  };
  const rows = { train: sample(1), validation: sample(2) };
  const fitted = await BASELINES.gaussian!.fit(rows, new Rng(0));
  assert.ok(fitted.logProbs(rows.validation, new Rng(0)).every(Number.isFinite));
});

Deno.test("gaussian baseline over 8-bit data is a density of pixels in [0, 1)", async () => {
  await startEngine();
  const pixels = (seed: number, count: number): Rows => ({
    ...real(new Float32Array(0), 1),
    values: Uint8Array.from(new Rng(seed).uniform(count), (u) => Math.floor(256 * u * u)),
    count,
    levels: 256,
  });
  const fitted = await BASELINES.gaussian!.fit(
    { train: pixels(1, 5_000), validation: pixels(2, 500) },
    new Rng(0),
  );
  // The mean over all levels and noise of p(x) is its integral over [0, 1).
  const grid: Rows = {
    ...pixels(3, 1),
    values: Uint8Array.from({ length: 256 * 200 }, (_, i) => i % 256),
    count: 256 * 200,
  };
  const integral = fitted.logProbs(grid, new Rng(4)).reduce((sum, l) => sum + Math.exp(l), 0) /
    grid.count;
  assert.ok(Math.abs(integral - 1) < 0.02, `integral is ${integral}`);
});

Deno.test("histogram baseline sums to 1 over the levels and beats uniform", async () => {
  const values = Uint8Array.from(new Rng(0).uniform(3_000), (u) => Math.floor(256 * u ** 3));
  const rows: Rows = { ...real(new Float32Array(0), 1), values, count: 3_000, levels: 256 };
  const fitted = await BASELINES.histogram!.fit({ train: rows, validation: rows }, new Rng(0));
  const levels: Rows = {
    ...rows,
    values: Uint8Array.from({ length: 256 }, (_, i) => i),
    count: 256,
  };
  const logProbs = fitted.logProbs(levels, new Rng(0));
  const mass = logProbs.reduce((sum, logProb) => sum + Math.exp(logProb) / 256, 0);
  assertAllClose([mass], [1], 1e-12);
  const { mean } = meanAndError(fitted.logProbs(rows, new Rng(0)));
  assert.ok(bitsPerDim(-mean, 1, 256) < 8);
  assert.throws(
    () =>
      BASELINES.histogram!.fit(
        { train: real(new Float32Array(2), 1), validation: rows },
        new Rng(0),
      ),
    { name: "TypeError", message: /must be 8-bit/ },
  );
});

Deno.test("histogram baseline takes the smoothing that suits validation data", async () => {
  const of = (values: Uint8Array<ArrayBuffer>): Rows => ({
    ...real(new Float32Array(0), 1),
    values,
    count: values.length,
    levels: 256,
  });
  const black = of(new Uint8Array(1_000));
  const any = of(Uint8Array.from({ length: 256 }, (_, i) => i));
  const smoothingOf = async (train: Rows, validation: Rows) =>
    (await BASELINES.histogram!.fit({ train, validation }, new Rng(0))).config.smoothing;
  assert.equal(await smoothingOf(black, any), 1);
  assert.equal(await smoothingOf(black, black), 0.001);
});

Deno.test("uniform baseline is log p = 0", async () => {
  const { splits } = await loadDataset("moons", { counts: { train: 5, validation: 5, test: 5 } });
  const fitted = await BASELINES.uniform!.fit(splits, new Rng(0));
  assert.deepEqual(fitted.logProbs(splits.test, new Rng(0)), new Float64Array(5));
});
