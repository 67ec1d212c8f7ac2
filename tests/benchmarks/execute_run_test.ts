import assert from "node:assert/strict";
import { executeRun } from "../../benchmarks/execute_run.ts";
import { evaluateReverseKl } from "../../benchmarks/evaluate_reverse_kl.ts";
import { jacobiCounter } from "../../benchmarks/_jacobi_counter.ts";
import type { EnergyRun, QualityRun, TimingRun } from "../../benchmarks/plan.ts";
import type { EnergyScores, Scores } from "../../benchmarks/record.ts";
import { impossibility, impossibleKl, testLatents, testNoise } from "../../benchmarks/score.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { timeFlow } from "../../benchmarks/time_flow.ts";
import {
  type Dataset,
  type DatasetDefinition,
  DATASETS,
  ENERGIES,
  type Energy,
  exampleBatch,
  loadDataset,
  type ToyDensity,
} from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { createFlow, loadFlow } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { perturb } from "../conformance/bijector.ts";
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
  ["read"],
  "executeRun() keeps the weights that suit the validation set, whatever suits the test set",
  async () => {
    await startEngine();
    const registry = DATASETS as Record<string, DatasetDefinition>;
    const moons = DATASETS["moons"] as ToyDensity;
    const counts = { train: 500, validation: 301, test: 302 };
    // What the flow is like before training: the more it learns, the worse it does there.
    const sample: ToyDensity["sample"] = (count, rng) =>
      count === counts.validation ? rng.normal(2 * count) : moons.sample(count, rng);
    registry["apart"] = { ...moons, name: "apart", sample };
    try {
      const train = { ...plan.train!, maxSteps: 120, validateEvery: 20, patience: 10 };
      const run = { ...plan, dataset: "apart", counts, train };
      const { status, reason, training } = await executeRun(run, { runId: "a", checkpoint: null });
      assert.deepEqual([status, reason], ["ok", ""]);
      assert.equal(training!.bestStep, 20);
      const losses = training!.curve.map(({ validationNats }) => validationNats);
      assert.ok(losses.at(-1)! > losses[0]! + 0.1, "training did not tell the sets apart: no test");
      const { training: usual } = await executeRun(
        { ...run, dataset: "moons" },
        { runId: "a", checkpoint: null },
      );
      assert.equal(usual!.bestStep, 120);
    } finally {
      delete registry["apart"];
    }
  },
);

testWith(
  ["read", "write"],
  "executeRun() gives the density of logit pixels by their derivative",
  async () => {
    await startEngine();
    await inFolder(littleMnist(40), async (mnistDir) => {
      const [flat] = planRuns({ profile: "smoke", suites: ["mnist"], families: ["nice"] }) as [
        QualityRun,
      ];
      const counts = { train: 10, validation: 2, test: 20 };
      const train = { ...flat.train!, maxSteps: 1, validateEvery: 1 };
      const run = { ...flat, counts, train };
      const { scores } = await executeRun(run, { runId: "a", checkpoint: null, mnistDir });
      const { splits: { test } } = await loadDataset("mnist", { counts, mnistDir });
      const x = exampleBatch(test, Array.from({ length: 20 }, (_, i) => i), testNoise("mnist"));
      // y = logit(p) with p = alpha + (1 - 2 alpha) x:  log p(y) = log p(x) - sum log dy/dx
      const alpha = 1e-6;
      const logSlopes = Array.from(x, (pixel) => {
        const p = alpha + (1 - 2 * alpha) * pixel;
        return Math.log((1 - 2 * alpha) / (p * (1 - p)));
      });
      const mean = logSlopes.reduce((a, b) => a + b) / 20;
      assert.ok(mean > 1_000, "a slope of 1 tells no sign");
      assertAllClose([scores!.nllNatsLogit!], [scores!.nllNats + mean], TOLERANCES.rounding);
    });
  },
);

testWith(
  ["read"],
  "executeRun() times each way of inverting by the passes that it takes",
  async () => {
    await startEngine();
    const [maf, iaf] = planRuns({
      profile: "quick",
      suites: ["tradeoff"],
      families: ["maf", "iaf"],
    }).filter(({ dataset }) => dataset === "normal8") as TimingRun[];
    for (const timed of [maf!, iaf!]) {
      const time = { minRepeats: 2, maxRepeats: 3, minSeconds: 0, maxSeconds: 9, warmup: 1 };
      const { status, timings } = await executeRun(
        { ...timed, time, batches: [1, 3], methods: ["sequential", "incremental", "jacobi"] },
        { runId: "a", checkpoint: null },
      );
      assert.equal(status, "ok");
      const slow = timed.family === "maf" ? "sample" : "density";
      const [step] = timings.filter(({ op }) => op === "train_step");
      assert.equal(step!.method, slow === "sample" ? "direct" : "incremental");
      for (const batch of [1, 3]) {
        const of = (op: string, method: string) =>
          timings.find((t) => t.op === op && t.method === method && t.batch === batch)!;
        assert.equal(of(slow === "sample" ? "density" : "sample", "direct").passes, 1);
        assert.equal(of(slow, "incremental").passes, 1);
        assert.equal(of(slow, "sequential").passes, 8);
        const { passes } = of(slow, "jacobi");
        assert.ok(passes > 2 && passes <= 9, `${passes}: layers that are the identity take 2`);
      }
      assert.ok(
        timings.every(({ samplesMs }) => samplesMs.length >= 2 && Math.min(...samplesMs) > 0),
      );
    }
  },
);

testWith(["read"], "timeFlow() trains where it says so, and reads what it computes", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [3] }, new Rng(0));
  const weights = () => flow.variables.map((variable) => [...variable.dataSync()]);
  const time = { minRepeats: 3, maxRepeats: 3, minSeconds: 0, maxSeconds: 9, warmup: 1 };
  const proto = tf.Tensor.prototype, { data } = proto;
  for (const op of ["density", "sample", "train_step"] as const) {
    const sizes: number[] = [];
    proto.data = function (this: tf.Tensor, ...args: []) {
      sizes.push(this.size);
      return data.apply(this, args) as ReturnType<typeof data>;
    } as typeof data;
    const before = weights();
    try {
      await timeFlow(flow, op, 5, time, new Rng(1));
    } finally {
      proto.data = data;
    }
    const read = { density: 5, sample: 15, train_step: 1 }[op];
    assert.ok(sizes.filter((size) => size === read).length >= 4, `${op}: ${sizes}`);
    const isChanged = JSON.stringify(weights()) !== JSON.stringify(before);
    assert.equal(isChanged, op === "train_step", op);
  }
});

testWith(["read"], "jacobiCounter() looks at the validation set alone", async () => {
  await startEngine();
  using flow = createFlow("iaf", { eventShape: [4] }, new Rng(0));
  perturb(flow.bijector, new Rng(1), 0.3);
  const validation = {
    values: new Rng(2).normal(40),
    count: 10,
    dim: 4,
    levels: null,
    labels: null,
  };
  const hidden = (): never => assert.fail("looked at another split");
  const splits = {
    validation,
    get train() {
      return hidden();
    },
    get test() {
      return hidden();
    },
  };
  const count = jacobiCounter(flow, "sample", { splits } as unknown as Dataset)!;
  assert.ok(count().every((passes) => passes > 2));
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
