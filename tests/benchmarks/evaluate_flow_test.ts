import assert from "node:assert/strict";
import { evaluateFlow, logAddExp } from "../../benchmarks/evaluate_flow.ts";
import { exampleBatch, type Rows } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { createFlow, type Flow, oneHot } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine } from "../_engine.ts";
import { perturb } from "../conformance/bijector.ts";

/** Rows of two pixels of 8 bits. */
function pixels(count: number): Rows {
  const values = Uint8Array.from(new Rng(1).uniform(2 * count), (u) => Math.floor(256 * u));
  return { values, count, dim: 2, levels: 256, labels: null };
}

function perturbedFlow(): Flow {
  const flow = createFlow("maf", { eventShape: [2], logitAlpha: 1e-3, hidden: [8] }, new Rng(2));
  perturb(flow.bijector, new Rng(3), 0.5);
  return flow;
}

Deno.test("evaluateFlow() with M noise samples is -log of the mean of M densities", async () => {
  await startEngine();
  using flow = perturbedFlow();
  const rows = pixels(3);
  const { logProbs, nllNats } = await evaluateFlow(flow, rows, new Rng(4), { noiseSamples: 5 });
  const noise = new Rng(4);
  const draws = Array.from(
    { length: 5 },
    () =>
      tf.tidy(() =>
        flow.logProb(tf.tensor2d(exampleBatch(rows, [0, 1, 2], noise), [3, 2])).arraySync()
      ),
  );
  const wanted = [0, 1, 2].map((row) =>
    Math.log(draws.reduce((sum, logProbs) => sum + Math.exp(logProbs[row]!), 0) / 5)
  );
  assertAllClose(logProbs, wanted, TOLERANCES.rounding);
  assertAllClose([nllNats], [-wanted.reduce((a, b) => a + b) / 3], TOLERANCES.rounding);
});

Deno.test("logAddExp() adds probabilities, 0 among them", () => {
  const cases = [[0, 0, Math.LN2], [-1000, -1001, -1000 + Math.log1p(Math.exp(-1))], [
    3,
    -Infinity,
    3,
  ]];
  for (const [a, b, wanted] of cases) {
    assertAllClose([logAddExp(a!, b!), logAddExp(b!, a!)], [wanted!, wanted!], 1e-12);
  }
  assert.equal(logAddExp(-Infinity, -Infinity), -Infinity);
  assert.ok(Number.isNaN(logAddExp(NaN, 1)));
});

Deno.test("evaluateFlow() without labels is -log of the mean over all labels", async () => {
  await startEngine();
  const options = { eventShape: [2], logitAlpha: 1e-3, hidden: [8], classes: 3 };
  using flow = createFlow("maf", options, new Rng(2));
  perturb(flow.bijector, new Rng(3), 0.2);
  const rows = { ...pixels(4), labels: Uint8Array.of(0, 1, 2, 0) };
  const found = await evaluateFlow(flow, rows, new Rng(4), { marginal: true, noiseSamples: 2 });
  const noise = new Rng(4);
  const densities = [0, 1].map(() =>
    tf.tidy(() => {
      const x = tf.tensor2d(exampleBatch(rows, [0, 1, 2, 3], noise), [4, 2]);
      return [0, 1, 2].map((y) =>
        flow.logProb(x, oneHot(new Uint8Array(4).fill(y), 3)).arraySync() as number[]
      );
    })
  ).flat();
  const wanted = [0, 1, 2, 3].map((row) =>
    Math.log(densities.reduce((sum, of) => sum + Math.exp(of[row]!), 0) / 6)
  );
  assertAllClose(found.logProbs, wanted, TOLERANCES.rounding);
});

Deno.test("evaluateFlow() gives a tighter bound with more noise samples, on the way to the truth", async () => {
  await startEngine();
  using flow = perturbedFlow();
  const rows = pixels(400);
  const bound = async (noiseSamples: number): Promise<number> =>
    (await evaluateFlow(flow, rows, new Rng(5), { noiseSamples })).nllNats;
  const bounds = [await bound(1), await bound(4), await bound(64)];
  assert.ok(bounds[0]! > bounds[1]! && bounds[1]! > bounds[2]!, `${bounds}`);
});

Deno.test("evaluateFlow() draws no noise for continuous data, however many samples", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [2], hidden: [8] }, new Rng(2));
  const values = new Rng(1).normal(20);
  const rows: Rows = { values, count: 10, dim: 2, levels: null, labels: null };
  const [one, many] = [
    await evaluateFlow(flow, rows, new Rng(0)),
    await evaluateFlow(flow, rows, new Rng(0), { noiseSamples: 8 }),
  ];
  assert.deepEqual(many.logProbs, one.logProbs);
});

Deno.test("evaluateFlow() refuses a number of noise samples that is none", async () => {
  await startEngine();
  using flow = perturbedFlow();
  for (const noiseSamples of [0, 1.5, NaN]) {
    await assert.rejects(evaluateFlow(flow, pixels(1), new Rng(0), { noiseSamples }), {
      name: "RangeError",
      message: /noiseSamples must be an integer >= 1/,
    });
  }
});
