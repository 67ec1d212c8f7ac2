import { ENERGIES, loadDataset } from "../datasets/mod.ts";
import { Rng } from "../engine/rng.ts";
import { variantFor } from "../flows/create_flow.ts";
import { FAMILIES } from "../flows/families.ts";
import type { Flow } from "../flows/flow.ts";
import { loadFlow } from "../flows/save_flow.ts";
import { engineInfo } from "../engine/init_engine.ts";
import { useThreads } from "./_use_threads.ts";
import { BASELINES } from "./baselines.ts";
import type { Column } from "./tables/csv.ts";
import { describeEnvironment, type Environment } from "./environment.ts";
import { evaluateReverseKl } from "./evaluate_reverse_kl.ts";
import type { EnergyRun, QualityRun } from "./plan.ts";
import { canonical } from "./canonical.ts";
import { listRecords, readRecord } from "./record_file.ts";
import type { Record } from "./record.ts";
import { score, testLatents, testNoise } from "./score.ts";
import { scoreFlow } from "./score_flow.ts";

/** What rescoring a run came to. */
export type Verdict =
  /** Every score came out as recorded, within the tolerance. */
  | "reproduced"
  /** A score came out differently: the record or the saved flow is not what the run made. */
  | "differs"
  /** The record, the saved flow or the data cannot be used: altered, missing, or of other code. */
  | "unusable"
  /** It has no score: it was timed, or did not end well. Its checksum is right. */
  | "no score";

/** One verified run. */
export interface Verification {
  readonly runId: string;
  readonly verdict: Verdict;
  /** The score that came out worst: its name, and what was recorded and found, nats. */
  readonly score: string | null;
  readonly recorded: number | null;
  readonly rescored: number | null;
  readonly tolerance: number | null;
  readonly reason: string;
}

/** The columns of what `verify` prints. */
export const VERIFICATION: readonly Column<Verification>[] = [
  { name: "run_id", value: ({ runId }) => runId },
  { name: "verdict", value: ({ verdict }) => verdict },
  { name: "score", value: ({ score }) => score },
  { name: "recorded", value: ({ recorded }) => recorded },
  { name: "rescored", value: ({ rescored }) => rescored },
  { name: "tolerance", value: ({ tolerance }) => tolerance },
  { name: "reason", value: ({ reason }) => reason },
];

/**
 * What may lie between a recorded score and the same one computed again, relative to 1 + |score|. The
 * first entry that fits counts.
 */
export const SCORE_TOLERANCES: readonly {
  readonly reason: string;
  readonly fits: (recorded: Environment, current: Environment) => boolean;
  readonly relative: number;
}[] = [
  {
    reason: "the same instructions in the same order give the same bits",
    fits: (a, b) =>
      (["commit", "backend", "gemm", "gemmBuild", "threads", "cpu", "tfjs"] as const)
        .every((key) => (a[key] ?? "") === (b[key] ?? "")),
    relative: 0,
  },
  {
    reason: "a graphics processor has its own exp and log, to a few units in the last place, and " +
      "adds in another order",
    fits: (a, b) => a.backend === "webgpu" || b.backend === "webgpu",
    relative: 1e-4,
  },
  {
    reason:
      "float32 sums in another order, or with fused multiply-adds: errors of 6e-8 a term that " +
      "an inverse or a steep scale map magnifies",
    fits: () => true,
    relative: 1e-5,
  },
];

/** What rescoring needs beside the records. */
export interface VerifyOptions {
  /** Folder with MNIST's files, if not those of the package. */
  readonly mnistDir?: string;
  /** Whether a BLAS library takes as many threads as each record had; false by default: those it has. */
  readonly threadsAsRecorded?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each run. */
  readonly onEnd?: (verification: Verification) => void;
}

/**
 * Checks every record of an output folder against its own checksum, and its scores against those of
 * the saved flow, computed again with the engine that was started.
 */
export async function verify(out: string, options: VerifyOptions = {}): Promise<Verification[]> {
  const environment = await describeEnvironment();
  const verifications: Verification[] = [];
  for (const id of await listRecords(out)) {
    options.signal?.throwIfAborted();
    const verification = await verifyRun(out, id, environment, options);
    verifications.push(verification);
    options.onEnd?.(verification);
  }
  return verifications;
}

async function verifyRun(
  out: string,
  runId: string,
  environment: Environment,
  options: VerifyOptions,
): Promise<Verification> {
  const none = { runId, score: null, recorded: null, rescored: null, tolerance: null, reason: "" };
  try {
    const record = (await readRecord(out, runId))!;
    const recorded = scoresOf(record);
    if (recorded === null) return { ...none, verdict: "no score", reason: record.reason };
    const path = `${out}/checkpoints/${runId}.safetensors`;
    if (options.threadsAsRecorded) await useThreads(record.environment.threads);
    const rescored = scoresOf(await rescore(record, path, options))!;
    const current = { ...environment, threads: engineInfo().threads };
    const { relative } = SCORE_TOLERANCES.find(({ fits }) => fits(record.environment, current))!;
    const compared = Object.keys(recorded).map((name) => {
      const [a, b] = [recorded[name]!, rescored[name]!];
      const tolerance = relative * (1 + Math.abs(a));
      // NaN is no difference that can be tolerated.
      const excess = Math.abs(a - b) - tolerance;
      return { name, a, b, tolerance, excess: Number.isNaN(excess) ? Infinity : excess };
    });
    const worst = compared.reduce((x, y) => y.excess > x.excess ? y : x);
    return {
      ...none,
      verdict: worst.excess <= 0 ? "reproduced" : "differs",
      score: worst.name,
      recorded: worst.a,
      rescored: worst.b,
      tolerance: worst.tolerance,
    };
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return { ...none, verdict: "unusable", reason };
  }
}

/** The scores that are compared, by the names of their columns; null where a run has none. */
function scoresOf(
  { scores, energy }: Pick<Record, "scores" | "energy">,
): { [name: string]: number } | null {
  if (energy) {
    const { klNats, logZ, logZEstimate, essFraction, params } = energy;
    return {
      kl_nats: klNats,
      log_z: logZ,
      log_z_estimate: logZEstimate,
      ess_fraction: essFraction,
      params,
    };
  }
  if (scores === null) return null;
  const { nllNats, nllNatsMarginal = null, bitsPerDim, gapNats, klNats, nllNatsLogit, params } =
    scores;
  const named = {
    nll_nats: nllNats,
    nll_nats_marginal: nllNatsMarginal,
    bits_per_dim: bitsPerDim,
    gap_nats: gapNats,
    kl_nats: klNats,
    nll_nats_logit: nllNatsLogit,
    params,
  };
  return Object.fromEntries(
    Object.entries(named).filter((entry): entry is [string, number] => entry[1] !== null),
  );
}

async function rescore(
  record: Record,
  path: string,
  options: VerifyOptions,
): Promise<Pick<Record, "scores" | "energy">> {
  const { run } = record;
  if (run.kind === "quality" && run.train === null) return await refit(run, record, options);
  using flow = await loadSaved(record, path);
  return run.kind === "energy"
    ? await rescoreEnergy(run, flow, options)
    : await rescoreQuality(run as QualityRun, record, flow, options);
}

async function loadSaved({ config }: Record, path: string): Promise<Flow> {
  const flow = await loadFlow(path);
  // Options that are newer than the record have their defaults.
  const { defaults } = variantFor(FAMILIES[String(flow.config.family)]!, flow.eventShape);
  if (canonical(flow.config) !== canonical({ ...defaults, ...config })) {
    flow[Symbol.dispose]();
    throw new RangeError(`Cannot verify ${path} as it is not a flow of the record's config`);
  }
  return flow;
}

async function rescoreQuality(
  run: QualityRun,
  record: Record,
  flow: Flow,
  options: VerifyOptions,
): Promise<Pick<Record, "scores">> {
  const dataset = await dataOf(run, record, options);
  return { scores: await scoreFlow(flow, dataset, run, options.signal) };
}

async function rescoreEnergy(
  run: EnergyRun,
  flow: Flow,
  options: VerifyOptions,
): Promise<Pick<Record, "scores" | "energy">> {
  const draws = testLatents(run.dataset);
  const found = await evaluateReverseKl(
    flow,
    ENERGIES[run.dataset]!,
    run.counts.test,
    draws,
    options,
  );
  return { scores: null, energy: { dim: flow.dim, params: flow.params, ...found } };
}

/** A baseline has no saved parameters: it is fitted again, which takes seconds. */
async function refit(
  run: QualityRun,
  record: Record,
  options: VerifyOptions,
): Promise<Pick<Record, "scores">> {
  const dataset = await dataOf(run, record, options);
  const rng = new Rng(run.seed).split(run.dataset).split("baseline");
  const fitted = await BASELINES[run.family]!.fit(dataset.splits, rng);
  const logProbs = fitted.logProbs(dataset.splits.test, testNoise(run.dataset));
  return { scores: score(dataset, logProbs, fitted.params) };
}

async function dataOf(run: QualityRun, { scores }: Record, { mnistDir, signal }: VerifyOptions) {
  const dataset = await loadDataset(run.dataset, {
    seed: run.seed,
    ...(run.counts && { counts: run.counts }),
    ...(signal && { signal }),
    ...(mnistDir !== undefined && { mnistDir }),
  });
  if (dataset.hash !== scores!.dataHash) {
    throw new RangeError(
      `Cannot verify a score on ${run.dataset} as the data must have the hash ${
        scores!.dataHash
      }: current one is ${dataset.hash}`,
    );
  }
  return dataset;
}
