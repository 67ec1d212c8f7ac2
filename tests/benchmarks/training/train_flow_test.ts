import assert from "node:assert/strict";
import { DivergenceError } from "../../../benchmarks/training/divergence_error.ts";
import { evaluateFlow } from "../../../benchmarks/evaluate_flow.ts";
import { trainFlow } from "../../../benchmarks/training/train_flow.ts";
import { loadDataset, type Rows } from "../../../datasets/mod.ts";
import { Rng } from "../../../engine/rng.ts";
import { createFlow } from "../../../flows/mod.ts";
import { startEngine } from "../../_engine.ts";

const counts = { train: 600, validation: 200, test: 200 };
const moons = () => loadDataset("moons", { counts });
const small = { eventShape: [2], layers: 2, hidden: [16] };

Deno.test("trainFlow() keeps the weights of the best validation loss", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("realnvp", small, new Rng(0));
  // A rate this large makes the loss go up and down.
  const result = await trainFlow(flow, splits, {
    batch: 50,
    maxSteps: 120,
    validateEvery: 5,
    patience: 100,
    learningRate: 0.2,
    schedule: "constant",
  }, new Rng(1));
  const losses = result.curve.map(({ validationNats }) => validationNats);
  assert.equal(result.bestValidationNats, Math.min(...losses));
  assert.ok(losses.at(-1)! > result.bestValidationNats, "the last weights were the best: no test");
  const { nllNats } = await evaluateFlow(flow, splits.validation, new Rng(2));
  assert.equal(nllNats, result.bestValidationNats);
  assert.equal(result.steps, 120);
  assert.equal(result.epochs, 10);
  assert.equal(result.stopped, "budget");
});

Deno.test("trainFlow() stops early when patience is over", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("nice", small, new Rng(0));
  const { stopped, steps, bestStep } = await trainFlow(flow, splits, {
    maxSteps: 10_000,
    validateEvery: 1,
    patience: 3,
    learningRate: 0.3,
    schedule: "constant",
  }, new Rng(1));
  assert.equal(stopped, "patience");
  assert.equal(steps, bestStep + 3);
});

Deno.test("trainFlow() is a function of its seed, bit for bit", async () => {
  await startEngine();
  const { splits } = await moons();
  const train = async (seed: number): Promise<number[]> => {
    using flow = createFlow("maf", small, new Rng(seed));
    const options = { maxSteps: 30, validateEvery: 10 };
    const { curve } = await trainFlow(flow, splits, options, new Rng(seed));
    return curve.flatMap(({ trainNats, validationNats }) => [trainNats, validationNats]);
  };
  assert.deepEqual(await train(0), await train(0));
  assert.notDeepEqual(await train(0), await train(1));
});

Deno.test("trainFlow() throws DivergenceError on data that are not finite", async () => {
  await startEngine();
  const { splits } = await moons();
  const values = splits.train.values.slice() as Float32Array<ArrayBuffer>;
  values[7] = NaN;
  const train: Rows = { ...splits.train, values };
  using flow = createFlow("realnvp", { ...small, actnorm: false }, new Rng(0));
  await assert.rejects(
    () => trainFlow(flow, { ...splits, train }, { batch: 100, maxSteps: 10 }, new Rng(4)),
    (error: Error) => {
      assert.ok(error instanceof DivergenceError);
      assert.ok(error.step >= 1 && error.step <= 6);
      assert.match(error.message, /must be finite: at step \d of seed 4/);
      return true;
    },
  );
  const { nllNats } = await evaluateFlow(flow, splits.test, new Rng(0));
  assert.ok(Number.isFinite(nllNats), "the weights were spoilt");
});

Deno.test("trainFlow() dequantises the validation set with the same noise at every look", async () => {
  await startEngine();
  const rows = (count: number): Rows => ({
    count,
    dim: 2,
    levels: 256,
    labels: null,
    values: Uint8Array.from({ length: 2 * count }, (_, i) => i % 4),
  });
  using flow = createFlow("maf", { ...small, logitAlpha: 1e-6 }, new Rng(0));
  const { curve } = await trainFlow(flow, { train: rows(20), validation: rows(10) }, {
    maxSteps: 5,
    validateEvery: 1,
    learningRate: 1e-30, // Leaves the weights as they are.
    schedule: "constant",
  }, new Rng(1));
  const looks = curve.map(({ validationNats }) => validationNats);
  assert.deepEqual(looks, looks.map(() => looks[0]));
  const losses = new Set(curve.map(({ trainNats }) => trainNats));
  assert.ok(losses.size > 1, "training noise must be fresh at every step");
});

Deno.test("trainFlow() refuses options out of range before any work", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("nice", small, new Rng(0));
  for (
    const [options, message] of [
      [{ batch: 0 }, /batch.*integer >= 1.*0/],
      [{ maxSteps: 1.5 }, /maxSteps/],
      [{ learningRate: NaN }, /learningRate.*NaN/],
      [{ clipNorm: -1 }, /clipNorm/],
      [{ schedule: "linear" as never }, /schedule.*constant or cosine.*linear/],
      [{ restarts: [200, 100] }, /restarts.*ascending.*200,100/],
      [{ maxSteps: 100, restarts: [100] }, /restarts.*< maxSteps, 100/],
      [{ restarts: [0] }, /restarts.*> 0.*0/],
      [{ restarts: [1.5] }, /restarts.*integers.*1.5/],
      [{ restarts: 100 as never }, /restarts.*integers.*100/],
      [{ restarts: [100], schedule: "constant" }, /schedule.*cosine where it restarts.*constant/],
      [{ weightDecay: -1 }, /weightDecay/],
      [{ optimizer: "sgd" as never }, /optimizer.*adam or muon.*sgd/],
    ] as const
  ) {
    await assert.rejects(() => trainFlow(flow, splits, options, new Rng(0)), {
      name: "RangeError",
      message,
    });
  }
});

Deno.test("trainFlow() takes a batch larger than the data", async () => {
  await startEngine();
  const { splits } = await loadDataset("moons", { counts: { train: 3, validation: 2, test: 1 } });
  using flow = createFlow("nice", small, new Rng(0));
  const { epochs } = await trainFlow(flow, splits, { batch: 256, maxSteps: 4 }, new Rng(0));
  assert.equal(epochs, 4);
});

Deno.test("trainFlow() initialises actnorms from 16 examples, however small a batch is", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("realnvp", small, new Rng(0));
  await trainFlow(flow, splits, { batch: 1, maxSteps: 1, learningRate: 1e-9 }, new Rng(0));
  const scales = flow.variables.filter(({ name }) => name.includes("actnorm/logScale"));
  assert.ok(scales.length > 0);
  for (const scale of scales) {
    assert.ok((await scale.data()).every((value) => Math.abs(value as number) < 2), scale.name);
  }
});

Deno.test("trainFlow() aborts between steps", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("nice", small, new Rng(0));
  const signal = AbortSignal.timeout(300);
  await assert.rejects(
    () =>
      trainFlow(flow, splits, { maxSteps: 1_000_000, patience: 1_000_000 }, new Rng(0), { signal }),
    { name: "TimeoutError" },
  );
});

Deno.test("trainFlow() aborts after the step in which it is told to, however fast the steps are", async () => {
  await startEngine();
  const { splits } = await moons();
  using flow = createFlow("nice", small, new Rng(0));
  const controller = new AbortController();
  const looks: number[] = [];
  const onLook = (step: number): number[] => {
    looks.push(step);
    if (step === 3) controller.abort();
    return [];
  };
  const options = { maxSteps: 6, validateEvery: 1 };
  const { signal } = controller;
  await assert.rejects(() => trainFlow(flow, splits, options, new Rng(0), { signal, onLook }), {
    name: "AbortError",
  });
  assert.deepEqual(looks, [0, 1, 2, 3]);
});
