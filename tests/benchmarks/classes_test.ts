/** Flows with classes from data to tables. */
import assert from "node:assert/strict";
import { evaluateFlow } from "../../benchmarks/evaluate_flow.ts";
import { executeRun } from "../../benchmarks/execute_run.ts";
import type { QualityRun } from "../../benchmarks/plan.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { buildTables } from "../../benchmarks/tables.ts";
import { timeFlow } from "../../benchmarks/time_flow.ts";
import { trainFlow } from "../../benchmarks/training/train_flow.ts";
import type { Rows } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { createFlow, type Flow, loadFlow, oneHot } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { perturb } from "../conformance/bijector.ts";
import { inFolder, littleMnist } from "../datasets/_idx_files.ts";

const classes = 3;

/** Points around (-4, 0), (0, 0) and (4, 0), one for each class, with a deviation of 1/2. */
function threeBlobs(count: number, seed: number): Rows {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const values = new Rng(seed).normal(2 * count)
    .map((value, i) => 0.5 * value + (i % 2 === 0 ? 4 * labels[i >> 1]! - 4 : 0));
  return { values, count, dim: 2, levels: null, labels };
}

function perturbedFlow(): Flow {
  const options = { eventShape: [2], layers: 2, hidden: [8], classes };
  const flow = createFlow("realnvp", options, new Rng(2));
  perturb(flow.bijector, new Rng(3), 0.5);
  return flow;
}

Deno.test("trainFlow() teaches a flow its classes", async () => {
  await startEngine();
  const [train, validation, test] = [2_000, 500, 2_000].map(threeBlobs) as [Rows, Rows, Rows];
  for (const family of ["maf", "realnvp"]) {
    const options = { eventShape: [2], layers: 2, hidden: [16], classes };
    using flow = createFlow(family, options, new Rng(0));
    const config = { batch: 100, maxSteps: 200, validateEvery: 100, learningRate: 2e-2 };
    await trainFlow(flow, { train, validation }, config, new Rng(1));
    // The entropy of two independent normals of deviation 1/2.
    const entropyNats = 2 * (0.5 * Math.log(2 * Math.PI * Math.E) + Math.log(0.5));
    const { nllNats } = await evaluateFlow(flow, test, new Rng(2));
    assert.ok(Math.abs(nllNats - entropyNats) < 0.1, `${family}: ${nllNats}, not ${entropyNats}`);
    // Without its label a point may be of any class: log 3 more, as the classes do not overlap.
    const marginal = (await evaluateFlow(flow, test, new Rng(2), { marginal: true })).nllNats;
    assert.ok(Math.abs(marginal - nllNats - Math.log(3)) < 0.02, `${family}: ${marginal}`);
    for (let k = 0; k < classes; k++) {
      const mean = tf.tidy(() => {
        const context = oneHot(new Uint8Array(500).fill(k), classes);
        return Array.from(tf.mean(flow.sample(500, new Rng(3), { context }), 0).dataSync());
      });
      assert.ok(
        Math.hypot(mean[0]! - (4 * k - 4), mean[1]!) < 0.3,
        `${family}: class ${k}: ${mean}`,
      );
    }
  }
});

Deno.test("evaluateFlow() scores each row under its label, or under all of them", async () => {
  await startEngine();
  using flow = perturbedFlow();
  const rows = threeBlobs(7, 4);
  const x = tf.tensor2d(rows.values as Float32Array, [7, 2]);
  const ofClass = Array.from(
    { length: classes },
    (_, k) => tf.tidy(() => flow.logProb(x, oneHot(new Uint8Array(7).fill(k), classes)).dataSync()),
  );
  x.dispose();
  const given = await evaluateFlow(flow, rows, new Rng(0));
  const wanted = given.logProbs.map((_, row) => ofClass[rows.labels![row]!]![row]!);
  assertAllClose(given.logProbs, wanted, TOLERANCES.rounding);
  const { logProbs } = await evaluateFlow(flow, rows, new Rng(0), { marginal: true });
  const mean = logProbs.map((_, row) =>
    Math.log(ofClass.reduce((sum, values) => sum + Math.exp(values[row]!), 0) / classes)
  );
  assertAllClose(logProbs, mean, TOLERANCES.rounding);
  assert.notDeepEqual([...wanted], [...mean]);
});

Deno.test("trainFlow() refuses data without the labels that a flow needs, before it trains", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [2], layers: 1, hidden: [8], classes }, new Rng(0));
  const weights = () => flow.variables.map((variable) => Array.from(variable.dataSync()));
  const before = weights();
  const good = threeBlobs(50, 0);
  const labels = good.labels!.slice();
  labels[49] = 3;
  const cases: [Rows, Rows, string, RegExp][] = [
    [{ ...good, labels: null }, good, "TypeError", /3 classes as the data have no labels/],
    [good, { ...good, labels: null }, "TypeError", /3 classes as the data have no labels/],
    [{ ...good, labels }, good, "RangeError", /from 0 to 2: current value of label 49 is 3/],
    [good, { ...good, labels }, "RangeError", /from 0 to 2/],
  ];
  for (const [train, validation, name, message] of cases) {
    await assert.rejects(() => trainFlow(flow, { train, validation }, {}, new Rng(1)), {
      name,
      message,
    });
    assert.deepEqual(weights(), before);
  }
});

Deno.test("timeFlow() times flows with classes", async () => {
  await startEngine();
  using flow = perturbedFlow();
  const config = { minRepeats: 2, maxRepeats: 2, minSeconds: 0, maxSeconds: 1, warmup: 0 };
  const before = tf.memory().numTensors;
  for (const op of ["density", "sample", "train_step"] as const) {
    assert.equal((await timeFlow(flow, op, 5, config, new Rng(0))).samplesMs.length, 2);
  }
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("planRuns() has variants class and conv_class in smoke and paper, as flat and conv are", () => {
  const runs = (profile: "smoke" | "quick" | "paper") =>
    planRuns({ profile, suites: ["mnist"], seeds: [0] }) as QualityRun[];
  for (const profile of ["smoke", "paper"] as const) {
    const given = runs(profile).filter(({ flow }) => flow.classes !== undefined);
    assert.deepEqual(given.map(({ family, variant }) => `${family} ${variant}`), [
      "realnvp class",
      "glow class",
      "maf class",
      "realnvp conv_class",
      "glow conv_class",
    ]);
    for (const run of given) {
      const variant = run.variant === "class" ? "flat" : "conv";
      const { flow: { classes, ...flow }, ...rest } = run;
      const other = runs(profile).find((other) =>
        other.family === run.family && other.variant === variant
      );
      assert.equal(classes, 10);
      const isShorter = profile === "paper" && variant === "conv";
      const { train, expectedSeconds } = isShorter ? other! : rest;
      assert.deepEqual({ ...rest, variant, flow, train, expectedSeconds }, other);
      assert.equal(rest.train!.maxSteps, isShorter ? 10_000 : other!.train!.maxSteps);
    }
  }
  assert.ok(runs("quick").every(({ variant }) => !variant.endsWith("class")));
});

Deno.test("planRuns() has variants grey, conv_grey and conv_large in smoke and paper", () => {
  for (const profile of ["smoke", "paper"] as const) {
    const runs = planRuns({ profile, suites: ["mnist"], seeds: [0] }) as QualityRun[];
    const grey = runs.filter(({ flow }) => flow.greyLevels !== undefined);
    assert.deepEqual(grey.map(({ family, variant }) => `${family} ${variant}`), [
      ...["nice", "realnvp", "glow", "maf", "iaf"].map((family) => `${family} grey`),
      "realnvp conv_grey",
      "glow conv_grey",
      "realnvp conv_large",
      "glow conv_large",
    ]);
    const isLarge = ({ variant }: QualityRun): boolean => variant === "conv_large";
    for (const { family, flow, train } of grey.filter(isLarge)) {
      assert.equal(train!.optimizer, "muon");
      const { flow: plain } = grey.find((run) =>
        run.family === family && run.variant === "conv_grey"
      )!;
      const hidden = profile === "paper" ? [128, 128] : plain.hidden;
      assert.deepEqual(flow, { ...plain, greyLevels: "shaped", untiedBias: true, hidden });
    }
    for (const run of grey.filter((run) => !isLarge(run))) {
      const other = runs.find(({ family, variant }) =>
        family === run.family && variant === (run.variant === "grey" ? "flat" : "conv")
      )!;
      const { greyLevels, ...flow } = run.flow;
      assert.deepEqual(flow, other.flow);
      assert.equal(greyLevels, "learned");
      assert.deepEqual(run.train, other.train);
    }
  }
});

testWith(
  ["read", "write"],
  "executeRun() scores given the labels and whatever they are, and tables say so",
  async () => {
    await startEngine();
    await inFolder(littleMnist(40), async (folder) => {
      const families = ["maf", "realnvp"];
      const plan = planRuns({ profile: "smoke", suites: ["mnist"], families }) as QualityRun[];
      const records = [];
      for (const run of plan) {
        const counts = { train: 10, validation: 2, test: 40 };
        const train = { ...run.train!, maxSteps: 3, validateEvery: 3 };
        const runId = `${run.family}-${run.variant}`;
        const checkpoint = `${folder}/${runId}.safetensors`;
        const options = { runId, checkpoint, mnistDir: folder };
        const record = await executeRun({ ...run, counts, train }, options);
        assert.equal(record.status, "ok", record.reason);
        records.push(record);
        using flow = await loadFlow(checkpoint);
        const isGiven = run.variant.endsWith("class");
        assert.equal(flow.classes, isGiven ? 10 : null);
        assert.equal("classes" in record.config!, isGiven);
        const { nllNats, nllNatsMarginal, roundTripMaxError } = record.scores!;
        assert.ok(roundTripMaxError! < 1e-2);
        assert.equal(nllNatsMarginal !== undefined, isGiven);
        // p(x) is a mean over ten classes, p(x | y) one term of it.
        if (isGiven) assert.ok(nllNatsMarginal! <= nllNats + Math.log(10) + 1e-3);
      }
      const tables = buildTables(records);
      const [head, ...rows] = tables["quality.csv"]!.trim().split("\n").map((row) =>
        row.split(",")
      );
      for (const row of rows) {
        const [variant, marginal, classes] = ["variant", "nll_nats_marginal", "classes"]
          .map((name) => row[head!.indexOf(name)]!);
        const isGiven = variant!.endsWith("class");
        assert.equal(classes, isGiven ? "10" : "");
        assert.equal(marginal !== "", isGiven);
      }
      const images = tables["tables/images.md"]!;
      for (
        const name of [
          "maf class",
          "realnvp class",
          "realnvp conv_class",
          "trained with the labels",
        ]
      ) {
        assert.ok(images.includes(name), name);
      }
      const plain = records.filter(({ run }) => !run.variant.endsWith("class"));
      assert.ok(!buildTables(plain)["tables/images.md"]!.includes("label"));
    });
  },
);
