/**
 * Data and options that numbers cannot cope with. Each has one of two outcomes: finite scores, or an
 * error with a name that a record carries as its status; never a NaN that is called a result.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DivergenceError } from "../../benchmarks/training/divergence_error.ts";
import { evaluateFlow } from "../../benchmarks/evaluate_flow.ts";
import { executeRun } from "../../benchmarks/execute_run.ts";
import { BASELINES } from "../../benchmarks/baselines.ts";
import type { TrainConfig } from "../../benchmarks/training/train_config.ts";
import { parseRecord, recordPath, writeRecord } from "../../benchmarks/record_file.ts";
import type { QualityRun } from "../../benchmarks/plan.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { trainFlow } from "../../benchmarks/training/train_flow.ts";
import { loadDataset, type Rows } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import { FAMILIES } from "../../flows/mod.ts";
import { startEngine, testWith } from "../_engine.ts";
import { flowOf } from "../_families.ts";
import { inTemporaryFolder } from "./_cli.ts";

/** Trains on rows and scores the same rows. */
async function nllOf(
  family: string,
  rows: Rows,
  options: Partial<TrainConfig> = {},
): Promise<number> {
  const logitAlpha = rows.levels === null ? null : 1e-6;
  const shape = { eventShape: [rows.dim], layers: 2, hidden: [8], logitAlpha };
  using flow = flowOf(family, shape, new Rng(0));
  const data = { train: rows, validation: rows };
  await trainFlow(flow, data, { maxSteps: 40, validateEvery: 20, ...options }, new Rng(1));
  return (await evaluateFlow(flow, rows, new Rng(2))).nllNats;
}

const continuous = (count: number, dim: number, value: (i: number) => number): Rows => ({
  values: Float32Array.from({ length: count * dim }, (_, i) => value(i)),
  count,
  dim,
  levels: null,
  labels: null,
});

const images = (count: number, dim: number, value: (i: number) => number): Rows => ({
  values: Uint8Array.from({ length: count * dim }, (_, i) => value(i)),
  count,
  dim,
  levels: 256,
  labels: null,
});

/** Either the NLL, which must be finite, or "diverged". */
async function outcomeOf(nll: Promise<number>): Promise<number | "diverged"> {
  try {
    const nats = await nll;
    assert.ok(Number.isFinite(nats), String(nats));
    return nats;
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return "diverged";
  }
}

const spread = new Rng(5).normal(400);

for (const family of Object.keys(FAMILIES)) {
  Deno.test(`${family} trains on pixels that are constant, as those at the rim of a digit`, async () => {
    await startEngine();
    const rows = images(100, 4, (i) => i % 4 === 0 ? 0 : i % 4 === 1 ? 255 : (i * 37) % 256);
    assert.equal(typeof await outcomeOf(nllOf(family, rows)), "number");
  });

  Deno.test(`${family} on a constant data set has a finite NLL, or diverges by name`, async () => {
    await startEngine();
    // A point has no density, so the NLL has no lower bound; and what actnorm divides by the deviation
    // of next to nothing may be huge after a step.
    const outcome = await outcomeOf(nllOf(family, continuous(100, 2, () => 3)));
    assert.ok(outcome === "diverged" || Number.isFinite(outcome), String(outcome));
  });

  Deno.test(`${family} in one dimension trains, or is refused where a part must be kept`, async () => {
    await startEngine();
    const rows = continuous(400, 1, (i) => spread[i]!);
    try {
      const nats = await nllOf(family, rows);
      assert.ok(Math.abs(nats - 1.42) < 0.2, `a standard normal has 1.42 nats, not ${nats}`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      assert.match(
        error.message,
        /^Cannot create Coupling as .* takes dim >= 2: current value is 1$/,
      );
      assert.ok(!["maf", "iaf"].includes(family), "it keeps no part");
    }
  });

  Deno.test(`${family} trains on three rows with a batch of 256`, async () => {
    await startEngine();
    const rows = continuous(3, 2, (i) => spread[i]!);
    assert.equal(typeof await outcomeOf(nllOf(family, rows, { batch: 256 })), "number");
  });

  Deno.test(`${family} with NaN or infinity in the data diverges by name`, async () => {
    await startEngine();
    for (const bad of [NaN, Infinity]) {
      const rows = continuous(100, 2, (i) => i === 41 ? bad : spread[i]!);
      assert.equal(await outcomeOf(nllOf(family, rows)), "diverged", String(bad));
    }
  });

  testWith(
    ["read", "write"],
    `a run of ${family} with a learning rate of 1e6 is recorded as what it is, without NaN`,
    async () => {
      await startEngine();
      await inTemporaryFolder(async (out) => {
        const [plan] = planRuns({
          profile: "smoke",
          suites: ["toy"],
          families: [family],
          datasets: ["moons"],
        }) as [QualityRun];
        const train = { ...plan.train!, learningRate: 1e6, clipNorm: null };
        const record = await executeRun({ ...plan, train }, { runId: "a", checkpoint: null });
        assert.notEqual(record.status, "ok");
        assert.ok(record.reason.length > 20, "no reason");
        await writeRecord(out, record);
        const text = await Deno.readTextFile(recordPath(out, "a"));
        assert.equal((await parseRecord(text, out, "a")).status, record.status);
        assert.equal(record.status === "diverged", record.scores === null);
      });
    },
  );
}

Deno.test("baselines fit constant pixels and constant points, or refuse them by name", async () => {
  const { splits } = await loadDataset("moons", { counts: { train: 9, validation: 9, test: 9 } });
  assert.equal(splits.train.count, 9);
  for (const [name, { fit }] of Object.entries(BASELINES)) {
    for (const rows of [images(50, 4, () => 0), continuous(50, 2, () => 3)]) {
      const data = { train: rows, validation: rows, test: rows };
      try {
        const { logProbs } = await fit(data, new Rng(0));
        for (const logProb of logProbs(rows, new Rng(1))) {
          assert.ok(Number.isFinite(logProb), `${name}: ${logProb}`);
        }
      } catch (error) {
        assert.ok(error instanceof Error, `${name}: ${error}`);
        assert.match(error.message, /^Cannot /);
      }
    }
  }
});
