import { type Dataset, exampleBatch, loadDataset } from "../datasets/mod.ts";
import { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { createFlow } from "../flows/create_flow.ts";
import { FAMILIES } from "../flows/families.ts";
import type { Flow } from "../flows/flow.ts";
import { saveFlow } from "../flows/save_flow.ts";
import { meanLogitLogDet } from "./_logit.ts";
import { BASELINES } from "./baselines.ts";
import { DivergenceError } from "./divergence_error.ts";
import { describeEnvironment } from "./environment.ts";
import { evaluateFlow, roundTripError } from "./evaluate_flow.ts";
import { bitsPerDim, meanAndError } from "./metrics.ts";
import type { QualityRun, Run, TimingRun } from "./plan.ts";
import type { Record, Scores, Timing } from "./record.ts";
import { timeFlow } from "./time_flow.ts";
import { trainFlow, type TrainProgress, type TrainResult } from "./train_flow.ts";

/** Dequantises the test set, the same for all flows, baselines and seeds. */
function testNoise(dataset: string): Rng {
  return new Rng(784).split("test noise").split(dataset);
}

/** What {@link executeRun} needs beside the run. */
export interface ExecuteOptions {
  readonly runId: string;
  /** Where the trained flow is saved; null: nowhere. */
  readonly checkpoint: string | null;
  /** Folder with MNIST's files, if not those of the package. */
  readonly mnistDir?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

type Outcome = Pick<Record, "config" | "training" | "scores" | "timings">;

/**
 * Makes one run and returns its record. What goes wrong in the run is its status; only an abort is
 * thrown on.
 */
export async function executeRun(run: Run, options: ExecuteOptions): Promise<Record> {
  const startedAt = new Date().toISOString();
  const environment = await describeEnvironment();
  let outcome: Outcome = { config: null, training: null, scores: null, timings: [] };
  let status: Record["status"] = "ok", reason = "";
  try {
    outcome = run.kind === "quality"
      ? await executeQuality(run, options)
      : await time(run, options);
    reason = outcome.scores ? impossibility(outcome.scores) : "";
    if (reason) status = "failed";
  } catch (error) {
    options.signal?.throwIfAborted();
    status = error instanceof DivergenceError ? "diverged" : "failed";
    reason = error instanceof Error ? error.message : String(error);
  }
  const { runId } = options;
  return { schema: 1, runId, run, ...outcome, status, reason, startedAt, environment };
}

async function executeQuality(run: QualityRun, options: ExecuteOptions): Promise<Outcome> {
  const { signal, mnistDir } = options;
  const dataset = await loadDataset(run.dataset, {
    seed: run.seed,
    counts: run.counts,
    ...(signal && { signal }),
    ...(mnistDir !== undefined && { mnistDir }),
  });
  const rng = new Rng(run.seed).split(run.dataset);
  if (run.train === null) return scoreBaseline(run, dataset, rng);

  const eventShape = [dataset.dim];
  using flow = createFlow(run.family, { eventShape, ...run.flow }, rng.split("init"));
  const training = await trainFlow(flow, dataset.splits, run.train, rng.split("train"), options);
  const { test } = dataset.splits;
  const { logProbs } = await evaluateFlow(flow, test, testNoise(run.dataset), signal);
  if (options.checkpoint !== null) await saveFlow(flow, options.checkpoint);
  const scores = {
    ...score(dataset, logProbs, flow.params),
    roundTripMaxError: measureRoundTrip(flow, dataset, run.roundTrips),
  };
  return { config: flow.config, training, scores, timings: [] };
}

function scoreBaseline(run: QualityRun, dataset: Dataset, rng: Rng): Outcome {
  const start = performance.now();
  const baseline = BASELINES[run.family]!;
  const fitted = baseline.fit(dataset.splits, rng.split("baseline"));
  const trainSeconds = (performance.now() - start) / 1000;
  const logProbs = fitted.logProbs(dataset.splits.test, testNoise(run.dataset));
  const training: TrainResult = {
    steps: 0,
    epochs: 0,
    trainSeconds,
    bestStep: 0,
    bestValidationNats: 0,
    stopped: "budget",
    curve: [],
  };
  return {
    config: { family: run.family, ...fitted.config },
    training,
    scores: score(dataset, logProbs, fitted.params),
    timings: [],
  };
}

/** The scores that need nothing but the log-densities of the test set. */
function score(dataset: Dataset, logProbs: Float64Array, params: number): Scores {
  const { dim, levels, splits: { test }, entropyNats, logDensity } = dataset;
  const { mean, error } = meanAndError(logProbs);
  const nllNats = -mean;
  if (!Number.isFinite(nllNats)) {
    const row = logProbs.findIndex((value) => !Number.isFinite(value));
    throw new RangeError(
      `Cannot score ${dataset.name} as every log-density must be finite: test example ${row} has ${
        logProbs[row]
      }`,
    );
  }
  const kl = logDensity === null
    ? null
    : meanAndError(logProbs.map((logProb, row) =>
      logDensity(test.values[2 * row]!, test.values[2 * row + 1]!) - logProb
    ));
  const sorted = logProbs.toSorted();
  return {
    dim,
    params,
    space: levels === null ? "data" : "pixel",
    nllNats,
    nllSe: error,
    nllNatsLogit: levels === null ? null : nllNats + meanLogitLogDet(test, testNoise(dataset.name)),
    bitsPerDim: bitsPerDim(nllNats, dim, levels),
    floorNats: entropyNats?.value ?? null,
    floorError: entropyNats?.error ?? null,
    gapNats: entropyNats === null ? null : nllNats - entropyNats.value,
    klNats: kl?.mean ?? null,
    klSe: kl?.error ?? null,
    logProbRange: [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!],
    roundTripMaxError: null,
    testCount: test.count,
    dataHash: dataset.hash,
  };
}

/** Why no density can have this score; "" where one can. */
function impossibility(
  { nllNats, nllSe, floorNats, floorError, bitsPerDim, space }: Scores,
): string {
  if (floorNats !== null && nllNats < floorNats - 4 * Math.hypot(nllSe, floorError ?? 0)) {
    return `The test NLL ${nllNats} lies more than 4 standard errors below the entropy ${floorNats}`;
  }
  if (space === "pixel" && bitsPerDim < 0) {
    return `${bitsPerDim} bits/dim is impossible for discrete data: the least is 0`;
  }
  return "";
}

function measureRoundTrip(flow: Flow, dataset: Dataset, count: number): number {
  const { test } = dataset.splits;
  const indices = Int32Array.from({ length: Math.min(count, test.count) }, (_, i) => i);
  const values = exampleBatch(test, indices, testNoise(dataset.name));
  return tf.tidy(() => roundTripError(flow, tf.tensor2d(values, [indices.length, dataset.dim])));
}

async function time(run: TimingRun, { signal }: ExecuteOptions): Promise<Outcome> {
  const rng = new Rng(run.seed).split("timing");
  const { fastDirection } = FAMILIES[run.family]!;
  using flow = createFlow(run.family, { eventShape: [run.dim], ...run.flow }, rng.split("init"));
  const timings: Timing[] = [];
  for (const op of run.ops) {
    const isDirect = fastDirection === "both" || fastDirection === op;
    const passes = isDirect ? 1 : run.dim;
    // D passes through the same code warm up by themselves.
    const config = passes > 100 ? { ...run.time, warmup: 0 } : run.time;
    for (const batch of run.batches) {
      const { samplesMs, warmup } = await timeFlow(flow, op, batch, config, rng.split(op), signal);
      const method = isDirect ? "direct" : "sequential";
      timings.push({ op, method, batch, warmup, passes, samplesMs });
    }
  }
  return { config: flow.config, training: null, scores: null, timings };
}
