import { type Dataset, ENERGIES, exampleBatch, loadDataset } from "../datasets/mod.ts";
import { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { WriteError } from "../engine/write_atomically.ts";
import { autoregressiveLayers } from "../flows/autoregressive_layers.ts";
import { createFlow } from "../flows/create_flow.ts";
import { FAMILIES } from "../flows/families.ts";
import type { Flow } from "../flows/flow.ts";
import { saveFlow } from "../flows/save_flow.ts";
import { jacobiCounter } from "./_jacobi_counter.ts";
import { BASELINES } from "./baselines.ts";
import { Checkpoint, type CheckpointOptions } from "./training/checkpoint.ts";
import { contextOf } from "./training/_context.ts";
import { DivergenceError } from "./training/divergence_error.ts";
import { describeEnvironment, type Environment } from "./environment.ts";
import { roundTripError } from "./evaluate_flow.ts";
import { evaluateReverseKl } from "./evaluate_reverse_kl.ts";
import {
  CONV_VARIANTS,
  type EnergyRun,
  type QualityRun,
  type Run,
  type TimingRun,
} from "./plan.ts";
import { checkedJson } from "./record_file.ts";
import type { Record, Timing } from "./record.ts";
import { impossibility, impossibleKl, score, testLatents, testNoise } from "./score.ts";
import { scoreFlow } from "./score_flow.ts";
import { timeFlow } from "./time_flow.ts";
import type { TrainHooks, TrainProgress } from "./training/optimize.ts";
import { trainByReverseKl } from "./training/train_by_reverse_kl.ts";
import { trainFlow } from "./training/train_flow.ts";

/** What {@link executeRun} needs beside the run. */
export interface ExecuteOptions {
  readonly runId: string;
  /** Where the trained flow is saved; null: nowhere. */
  readonly checkpoint: string | null;
  /** Where training is kept while it is under way, and continued from; absent: nowhere. */
  readonly training?: CheckpointOptions;
  /** Folder with MNIST's files, if not those of the package. */
  readonly mnistDir?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

/** The same with what the run is part of. */
interface Context extends ExecuteOptions {
  readonly environment: Environment;
}

type Outcome = Pick<Record, "config" | "training" | "scores" | "energy" | "timings" | "jacobi">;

/**
 * Makes one run and returns its record. What goes wrong in the run is its status; only an abort and
 * a file that cannot be written are thrown on.
 */
export async function executeRun(run: Run, options: ExecuteOptions): Promise<Record> {
  const startedAt = new Date().toISOString();
  const environment = await describeEnvironment();
  let outcome: Outcome = { config: null, training: null, scores: null, timings: [] };
  let status: Record["status"] = "ok", reason = "";
  try {
    const made = await execute(run, { ...options, environment });
    outcome = { ...outcome, config: made.config };
    checkedJson(made);
    outcome = made;
    const { scores, energy } = made;
    reason = scores ? impossibility(scores) : energy ? impossibleKl(energy) : "";
    if (reason) status = "failed";
  } catch (error) {
    options.signal?.throwIfAborted();
    // A full disk says nothing of the run.
    if (error instanceof WriteError) throw error;
    status = error instanceof DivergenceError ? "diverged" : "failed";
    reason = error instanceof Error ? error.message : String(error);
  }
  const { runId } = options;
  return { schema: 2, runId, run, ...outcome, status, reason, startedAt, environment };
}

function execute(run: Run, options: Context): Promise<Outcome> {
  switch (run.kind) {
    case "quality":
      return executeQuality(run, options);
    case "energy":
      return executeEnergy(run, options);
    case "timing":
      return time(run, options);
  }
}

async function executeQuality(run: QualityRun, options: Context): Promise<Outcome> {
  const { signal, mnistDir } = options;
  const dataset = await loadDataset(run.dataset, {
    seed: run.seed,
    ...(run.counts && { counts: run.counts }),
    ...(signal && { signal }),
    ...(mnistDir !== undefined && { mnistDir }),
  });
  const rng = new Rng(run.seed).split(run.dataset);
  if (run.train === null) return await scoreBaseline(run, dataset, rng);

  const eventShape = CONV_VARIANTS.includes(run.variant) ? dataset.imageShape! : [dataset.dim];
  using flow = createFlow(run.family, { eventShape, ...run.flow }, rng.split("init"));
  const onLook = jacobiCounter(flow, FAMILIES[run.family]!.fastDirection, dataset);
  const { looks, ...training } = await trainFlow(
    flow,
    dataset.splits,
    run.train,
    rng.split("train"),
    { ...hooksOf(options, dataset.hash), ...(onLook && { onLook }) },
  );
  const jacobi = looks.map(({ step, values }) => ({ step, passes: values }));
  const scores = await scoreFlow(flow, dataset, run, signal);
  if (options.checkpoint !== null) await saveFlow(flow, options.checkpoint);
  const roundTripMaxError = await measureRoundTrip(flow, dataset, run.roundTrips);
  return {
    config: flow.config,
    training,
    scores: { ...scores, roundTripMaxError },
    timings: [],
    jacobi,
  };
}

async function executeEnergy(run: EnergyRun, options: Context): Promise<Outcome> {
  const energy = ENERGIES[run.dataset]!;
  const { dim } = energy;
  const rng = new Rng(run.seed).split(run.dataset);
  using flow = createFlow(run.family, { eventShape: [dim], ...run.flow }, rng.split("init"));
  const config = { ...run.train, validationCount: run.counts.validation };
  const { looks: _, ...training } = await trainByReverseKl(
    flow,
    energy,
    config,
    rng.split("train"),
    hooksOf(options, run.dataset),
  );
  const draws = testLatents(run.dataset);
  const found = await evaluateReverseKl(flow, energy, run.counts.test, draws, options);
  if (options.checkpoint !== null) await saveFlow(flow, options.checkpoint);
  const scores = { dim, params: flow.params, ...found };
  return { config: flow.config, training, scores: null, energy: scores, timings: [] };
}

/** A checkpoint belongs to one run on one engine by one version of the code. */
function hooksOf(options: Context, data: string): TrainHooks {
  const { runId: run, environment, training, signal, onProgress } = options;
  const { backend, gemm, gemmBuild = "", threads, cpu, tfjs, commit } = environment;
  const engine = { backend, gemm, gemmBuild, threads: String(threads), cpu, tfjs };
  const owner = { run, data, ...engine, commit };
  return {
    ...(training && { checkpoint: new Checkpoint(owner, training) }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
}

async function scoreBaseline(run: QualityRun, dataset: Dataset, rng: Rng): Promise<Outcome> {
  const start = performance.now();
  const baseline = BASELINES[run.family]!;
  const fitted = await baseline.fit(dataset.splits, rng.split("baseline"));
  const trainSeconds = (performance.now() - start) / 1000;
  const logProbs = fitted.logProbs(dataset.splits.test, testNoise(run.dataset));
  const training: Record["training"] = {
    steps: 0,
    epochs: 0,
    trainSeconds,
    bestStep: 0,
    bestValidationNats: 0,
    stopped: "budget",
    peakRssMib: 0,
    curve: [],
  };
  return {
    config: { family: run.family, ...fitted.config },
    training,
    scores: score(dataset, logProbs, fitted.params),
    timings: [],
  };
}

async function measureRoundTrip(flow: Flow, dataset: Dataset, count: number): Promise<number> {
  const { test } = dataset.splits;
  const indices = Int32Array.from({ length: Math.min(count, test.count) }, (_, i) => i);
  const values = exampleBatch(test, indices, testNoise(dataset.name));
  const x = tf.tensor(values, [indices.length, ...flow.eventShape]);
  const context = contextOf(flow, test, indices);
  const error = await roundTripError(flow, x, context);
  tf.dispose([x, context]);
  return error;
}

async function time(run: TimingRun, { signal }: ExecuteOptions): Promise<Outcome> {
  const rng = new Rng(run.seed).split("timing");
  const { fastDirection } = FAMILIES[run.family]!;
  using flow = createFlow(run.family, { eventShape: [run.dim], ...run.flow }, rng.split("init"));
  randomise(flow, rng.split("weights"));
  const layers = autoregressiveLayers(flow.bijector);
  const timings: Timing[] = [];
  for (const op of run.ops) {
    // Training evaluates densities.
    const direction = op === "train_step" ? "density" : op;
    const isDirect = fastDirection === "both" || fastDirection === direction;
    const methods = isDirect
      ? ["direct" as const]
      : op === "train_step"
      ? ["incremental" as const]
      : run.methods;
    for (const method of methods) {
      for (const layer of layers) if (method !== "direct") layer.inversion = method;
      const isLong = method === "sequential" && run.dim > 100;
      // D passes through the same code warm up by themselves.
      const config = isLong ? { ...run.time, warmup: 0 } : run.time;
      for (const batch of run.batches) {
        if (method === "sequential" && batch * run.dim > (run.maxSequential ?? Infinity)) continue;
        const { samplesMs, warmup } = await timeFlow(
          flow,
          op,
          batch,
          config,
          rng.split(op),
          signal,
        );
        const passes = method === "direct"
          ? 1
          : layers.reduce((sum, layer) => sum + layer.passes, 0) / layers.length;
        timings.push({ op, method, batch, warmup, passes, samplesMs });
      }
    }
  }
  return { config: flow.config, training: null, scores: null, timings };
}

/** Adds noise to the kernels, so that no layer is the identity as it may be before training. */
function randomise(flow: Flow, rng: Rng): void {
  for (const [i, variable] of flow.variables.entries()) {
    if (!variable.trainable || variable.rank !== 2) continue;
    const scale = 0.5 / Math.sqrt(variable.shape[0]!);
    tf.tidy(() => {
      const noise = tf.tensor(rng.split(i).normal(variable.size), variable.shape);
      variable.assign(tf.add(variable, tf.mul(scale, noise)));
    });
  }
}
