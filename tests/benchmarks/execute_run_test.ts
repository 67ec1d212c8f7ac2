import assert from "node:assert/strict";
import { executeRun } from "../../benchmarks/execute_run.ts";
import { evaluateReverseKl } from "../../benchmarks/evaluate_reverse_kl.ts";
import type { EnergyRun, QualityRun } from "../../benchmarks/plan.ts";
import type { EnergyScores, Scores } from "../../benchmarks/record.ts";
import { impossibility, impossibleKl, testLatents, testNoise } from "../../benchmarks/score.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import {
  type DatasetDefinition,
  DATASETS,
  ENERGIES,
  type Energy,
  loadDataset,
  type ToyDensity,
} from "../../datasets/mod.ts";
import * as tf from "../../engine/tf.ts";
import { loadFlow } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { inFolder, littleMnist } from "../datasets/_idx_files.ts";

const [plan] = planRuns({
  profile: "smoke",
  suites: ["toy"],
  families: ["maf"],
  datasets: ["moons"],
}) as [QualityRun];

testWith(["read", "write"], "executeRun() scores the saved flow on the test set", async () => {
  await startEngine();
  const folder = await Deno.makeTempDir();
  try {
    const checkpoint = `${folder}/flow.safetensors`;
    const { status, scores } = await executeRun(plan, { runId: "a", checkpoint });
    assert.equal(status, "ok");
    using flow = await loadFlow(checkpoint);
    const { splits } = await loadDataset("moons", { seed: plan.seed, counts: plan.counts! });
    const nllOf = ({ values, count }: typeof splits.test): number =>
      tf.tidy(() =>
        tf.neg(tf.mean(flow.logProb(tf.tensor2d(values as Float32Array, [count, 2]))))
          .dataSync()[0]!
      );
    assertAllClose([scores!.nllNats], [nllOf(splits.test)], TOLERANCES.rounding);
    assert.ok(
      Math.abs(scores!.nllNats - nllOf(splits.train)) > 1e-3,
      "not told from train: no test",
    );
    assert.equal(scores!.testCount, plan.counts!.test);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testWith(
  ["read", "write"],
  "executeRun() gives a bound by several draws of noise no density of logit pixels",
  async () => {
    await startEngine();
    await inFolder(littleMnist(40), async (mnistDir) => {
      const options = { profile: "smoke", suites: ["mnist"], families: ["nice"] } as const;
      const [flat] = planRuns({ ...options, variants: ["flat"] }) as [QualityRun];
      const scoresWith = async (noiseSamples: number): Promise<Scores> => {
        const counts = { train: 10, validation: 2, test: 20 };
        const train = { ...flat.train!, maxSteps: 1, validateEvery: 1 };
        const run = { ...flat, counts, train, noiseSamples };
        return (await executeRun(run, { runId: "a", checkpoint: null, mnistDir })).scores!;
      };
      const [one, two] = [await scoresWith(1), await scoresWith(2)];
      assert.ok(Number.isFinite(one.nllNatsLogit));
      assert.ok(two.nllNats !== one.nllNats);
      assert.equal(two.nllNatsLogit, null);
    });
  },
);

testWith(
  ["read"],
  "executeRun() gives the status failed to what no density can score",
  async () => {
    await startEngine();
    const registry = DATASETS as Record<string, DatasetDefinition>;
    // A floor above what any flow reaches: as if the test set had leaked.
    const entropyNats = () => ({ value: 100, error: 0 });
    registry["leaked"] = { ...DATASETS["moons"] as ToyDensity, name: "leaked", entropyNats };
    try {
      const run = { ...plan, dataset: "leaked" };
      const { status, reason } = await executeRun(run, { runId: "a", checkpoint: null });
      assert.equal(status, "failed");
      assert.match(reason, /more than 4 standard errors below the entropy 100/);
    } finally {
      delete registry["leaked"];
    }
  },
);

const [energyPlan] = planRuns({
  profile: "smoke",
  suites: ["energy"],
  families: ["iaf"],
  datasets: ["u2"],
}) as [EnergyRun];

testWith(["read", "write"], "executeRun() scores the saved flow on an energy", async () => {
  await startEngine();
  const folder = await Deno.makeTempDir();
  try {
    const checkpoint = `${folder}/flow.safetensors`;
    const { status, reason, scores, energy, training } = await executeRun(energyPlan, {
      runId: "a",
      checkpoint,
    });
    assert.deepEqual([status, reason, scores, training!.epochs], ["ok", "", null, null]);
    using flow = await loadFlow(checkpoint);
    const { test } = energyPlan.counts;
    const again = await evaluateReverseKl(flow, ENERGIES["u2"]!, test, testLatents("u2"));
    assert.deepEqual(energy, { dim: 2, params: flow.params, ...again });
    const others = await evaluateReverseKl(flow, ENERGIES["u2"]!, test, testLatents("u1"));
    assert.notEqual(others.klNats, again.klNats);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testWith(
  ["read"],
  "executeRun() gives the status failed to a KL below 0, and never to NaN ok",
  async () => {
    await startEngine();
    const registry = ENERGIES as Record<string, Energy>;
    const u2 = ENERGIES["u2"]!;
    const statusOf = async (change: Partial<Energy>): Promise<[string, string]> => {
      registry["wrong"] = { ...u2, ...change };
      try {
        const run = { ...energyPlan, dataset: "wrong" };
        const { status, reason } = await executeRun(run, { runId: "a", checkpoint: null });
        return [status, reason];
      } finally {
        delete registry["wrong"];
      }
    };
    // A log-normaliser that is too low, as if the quadrature had missed most of the mass.
    const [status, reason] = await statusOf({ logNormalizerNats: () => ({ value: -5, error: 0 }) });
    assert.equal(status, "failed");
    assert.match(reason, /The KL -.* lies more than 4 standard errors below 0/);
    const [nan] = await statusOf({ energy: () => NaN });
    assert.equal(nan, "diverged");
  },
);

Deno.test("impossibleKl() lets 3 standard errors below 0 pass and names 5", () => {
  const scores = { klNats: -0.15, klSe: 0.03, logZError: 0.04 } as EnergyScores;
  assert.equal(impossibleKl(scores), "");
  assert.equal(
    impossibleKl({ ...scores, klNats: -0.25 }),
    "The KL -0.25 lies more than 4 standard errors below 0",
  );
});

Deno.test("testNoise() is the same for every run, and another for every data set", () => {
  const draw = (dataset: string): number[] => [...testNoise(dataset).uniform(3)];
  assert.deepEqual(draw("mnist"), draw("mnist"));
  // Records of older runs used these draws: with others, scores would not compare.
  assert.deepEqual(draw("mnist"), [0.058757245540618896, 0.1316690444946289, 0.39996689558029175]);
  assert.notDeepEqual(draw("mnist"), draw("fashion_mnist"));
});

Deno.test("impossibility() lets 3 standard errors below the floor pass and names 5", () => {
  const scores = {
    nllNats: 2,
    nllSe: 0.03,
    floorNats: 2.15,
    floorError: 0.04,
    bitsPerDim: 1,
    space: "data",
  } as Scores;
  assert.equal(impossibility(scores), "");
  assert.match(impossibility({ ...scores, floorNats: 2.25 }), /below the entropy 2.25/);
  assert.equal(impossibility({ ...scores, floorNats: null }), "");
  assert.match(impossibility({ ...scores, space: "pixel", bitsPerDim: -0.1 }), /impossible/);
});
