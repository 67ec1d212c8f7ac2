/**
 * The columns of the CSV tables. New ones are added at the end.
 *
 * @module
 */
import type { Column } from "./csv.ts";
import { tInterval } from "./_statistics.ts";
import { mean, quantile } from "../metrics.ts";
import type { QualityRun, Run } from "../plan.ts";
import type { JacobiPasses, Record, Scores, Timing } from "../record.ts";
import type { Scaling } from "./scaling.ts";

const hidden = ({ flow }: Run): string | null => {
  const widths = flow.hidden;
  return Array.isArray(widths) ? widths.join("x") : null;
};
const layers = ({ flow }: Run): number | null =>
  typeof flow.layers === "number" ? flow.layers : null;

const classes = ({ flow }: Run): number | null =>
  typeof flow.classes === "number" ? flow.classes : null;

/** Of images; the density of a histogram is that of the integers. */
function dequantization({ flow }: Run, scores: Scores | null): string | null {
  return scores?.space === "pixel" ? String(flow.dequantization ?? "uniform") : null;
}

/** Of images; a baseline has no options. */
function greyLevels({ flow }: Run, scores: Scores | null): string | null {
  const isFlow = Object.keys(flow).length > 0;
  return scores?.space === "pixel" && isFlow ? String(flow.greyLevels ?? "equal") : null;
}

/** What was run, and how it ended. */
const RUN: readonly Column<Record>[] = [
  { name: "run_id", value: ({ runId }) => runId },
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ run }) => run.profile },
  { name: "dataset", value: ({ run }) => run.dataset },
  { name: "dim", value: ({ scores, energy }) => (scores ?? energy)?.dim ?? null },
  { name: "family", value: ({ run }) => run.family },
  { name: "variant", value: ({ run }) => run.variant },
  { name: "layers", value: ({ run }) => layers(run) },
  { name: "hidden", value: ({ run }) => hidden(run) },
  { name: "params", value: ({ scores, energy }) => (scores ?? energy)?.params ?? null },
  { name: "seed", value: ({ run }) => run.seed },
  { name: "status", value: ({ status }) => status },
];

const STEPS: Column<Record> = { name: "steps", value: ({ training }) => training?.steps ?? null };

const TRAIN_SECONDS: Column<Record> = {
  name: "train_seconds",
  value: ({ training }) => rounded(training?.trainSeconds, 3),
};

/** What computed it. */
const ENVIRONMENT: readonly Column<Record>[] = [
  { name: "backend", value: ({ environment }) => environment.backend },
  { name: "gemm", value: ({ environment }) => environment.gemm },
  { name: "threads", value: ({ environment }) => environment.threads },
  { name: "cpu", value: ({ environment }) => environment.cpu },
  { name: "deno", value: ({ environment }) => environment.deno },
  { name: "tfjs", value: ({ environment }) => environment.tfjs },
  { name: "commit", value: ({ environment }) => environment.commit },
  { name: "started_at", value: ({ startedAt }) => startedAt },
];

const GEMM_BUILD: Column<Record> = {
  name: "gemm_build",
  value: ({ environment }) => environment.gemmBuild ?? null,
};

const REASON: Column<Record> = { name: "reason", value: ({ reason }) => reason };

/** quality.csv: one row per trained flow or fitted baseline. */
export const QUALITY: readonly Column<Record>[] = [
  ...RUN,
  { name: "epochs", value: ({ training }) => rounded(training?.epochs, 3) },
  STEPS,
  TRAIN_SECONDS,
  { name: "nll_nats", value: ({ scores }) => scores?.nllNats ?? null },
  { name: "nll_se", value: ({ scores }) => scores?.nllSe ?? null },
  { name: "space", value: ({ scores }) => scores?.space ?? null },
  { name: "bits_per_dim", value: ({ scores }) => scores?.bitsPerDim ?? null },
  { name: "floor_nats", value: ({ scores }) => scores?.floorNats ?? null },
  { name: "gap_nats", value: ({ scores }) => scores?.gapNats ?? null },
  { name: "roundtrip_max_error", value: ({ scores }) => scores?.roundTripMaxError ?? null },
  ...ENVIRONMENT,
  { name: "nll_nats_logit", value: ({ scores }) => scores?.nllNatsLogit ?? null },
  { name: "kl_nats", value: ({ scores }) => scores?.klNats ?? null },
  { name: "kl_se", value: ({ scores }) => scores?.klSe ?? null },
  REASON,
  { name: "peak_rss_mib", value: ({ training }) => training?.peakRssMib || null },
  { name: "dequantization", value: ({ run, scores }) => dequantization(run, scores) },
  {
    name: "noise_samples",
    value: ({ run, scores }) =>
      run.kind === "quality" && scores?.space === "pixel" ? run.noiseSamples ?? 1 : null,
  },
  { name: "nll_nats_marginal", value: ({ scores }) => scores?.nllNatsMarginal ?? null },
  { name: "classes", value: ({ run }) => classes(run) },
  { name: "log_prob_min", value: ({ scores }) => scores?.logProbRange[0] ?? null },
  { name: "log_prob_median", value: ({ scores }) => scores?.logProbRange[1] ?? null },
  { name: "log_prob_max", value: ({ scores }) => scores?.logProbRange[2] ?? null },
  { name: "grey_levels", value: ({ run, scores }) => greyLevels(run, scores) },
  {
    name: "optimizer",
    value: ({ run }) => run.kind === "quality" && run.train ? run.train.optimizer ?? "adam" : null,
  },
  GEMM_BUILD,
];

/** energy.csv: one row per flow that was fitted to an energy. */
export const ENERGY: readonly Column<Record>[] = [
  ...RUN,
  STEPS,
  TRAIN_SECONDS,
  { name: "kl_nats", value: ({ energy }) => energy?.klNats ?? null },
  { name: "kl_se", value: ({ energy }) => energy?.klSe ?? null },
  { name: "ess_fraction", value: ({ energy }) => energy?.essFraction ?? null },
  { name: "log_z", value: ({ energy }) => energy?.logZ ?? null },
  { name: "log_z_error", value: ({ energy }) => energy?.logZError ?? null },
  { name: "log_z_estimate", value: ({ energy }) => energy?.logZEstimate ?? null },
  { name: "log_z_estimate_se", value: ({ energy }) => energy?.logZEstimateSe ?? null },
  ...ENVIRONMENT,
  REASON,
  GEMM_BUILD,
];

/** An operation of a timed flow. */
export interface TimingRow {
  readonly record: Record;
  readonly timing: Timing;
  /** Sorted. */
  readonly ms: readonly number[];
}

/** timing.csv: one row per operation and batch size. */
export const TIMING: readonly Column<TimingRow>[] = [
  { name: "run_id", value: ({ record }) => record.runId },
  { name: "dataset", value: ({ record }) => record.run.dataset },
  { name: "dim", value: ({ record: { run } }) => run.kind === "timing" ? run.dim : null },
  { name: "family", value: ({ record }) => record.run.family },
  { name: "op", value: ({ timing }) => timing.op },
  { name: "method", value: ({ timing }) => timing.method },
  { name: "batch", value: ({ timing }) => timing.batch },
  { name: "repeats", value: ({ ms }) => ms.length },
  { name: "warmup", value: ({ timing }) => timing.warmup },
  { name: "min_ms", value: ({ ms }) => rounded(ms[0], 4) },
  { name: "p10_ms", value: ({ ms }) => rounded(quantile(ms, 0.1), 4) },
  { name: "median_ms", value: ({ ms }) => rounded(quantile(ms, 0.5), 4) },
  { name: "p90_ms", value: ({ ms }) => rounded(quantile(ms, 0.9), 4) },
  { name: "mean_ms", value: ({ ms }) => rounded(mean(ms), 4) },
  {
    name: "per_example_ms",
    value: ({ ms, timing }) => rounded(quantile(ms, 0.5) / timing.batch, 6),
  },
  { name: "passes", value: ({ timing }) => timing.passes },
  { name: "backend", value: ({ record }) => record.environment.backend },
  { name: "gemm", value: ({ record }) => record.environment.gemm },
  { name: "threads", value: ({ record }) => record.environment.threads },
  { name: "cpu", value: ({ record }) => record.environment.cpu },
  { name: "layers", value: ({ record }) => layers(record.run) },
  { name: "hidden", value: ({ record }) => hidden(record.run) },
  { name: "gemm_build", value: ({ record }) => record.environment.gemmBuild ?? null },
  { name: "profile", value: ({ record }) => record.run.profile },
];

/** scaling.csv: how times grow with the number of coordinates. */
export const SCALING: readonly Column<Scaling>[] = [
  { name: "suite", value: ({ record }) => record.run.suite },
  { name: "profile", value: ({ record }) => record.run.profile },
  { name: "family", value: ({ record }) => record.run.family },
  { name: "op", value: ({ timing }) => timing.op },
  { name: "method", value: ({ timing }) => timing.method },
  { name: "batch", value: ({ timing }) => timing.batch },
  { name: "dims", value: ({ dims }) => dims.join(" ") },
  { name: "median_ms", value: ({ ms }) => ms.map((time) => rounded(time, 4)).join(" ") },
  { name: "exponent", value: ({ exponent }) => rounded(exponent, 3) },
  { name: "faster_from_dim", value: ({ fasterFromDim }) => fasterFromDim },
  { name: "backend", value: ({ record }) => record.environment.backend },
  { name: "gemm", value: ({ record }) => record.environment.gemm },
  { name: "threads", value: ({ record }) => record.environment.threads },
  { name: "cpu", value: ({ record }) => record.environment.cpu },
  { name: "gemm_build", value: ({ record }) => record.environment.gemmBuild ?? null },
];

/** A look at a flow in training. */
export interface JacobiRow extends JacobiPasses {
  readonly record: Record;
}

/** jacobi.csv: one row per look at a flow in training. */
export const JACOBI: readonly Column<JacobiRow>[] = [
  { name: "run_id", value: ({ record }) => record.runId },
  { name: "dataset", value: ({ record }) => record.run.dataset },
  { name: "dim", value: ({ record }) => record.scores?.dim ?? null },
  { name: "family", value: ({ record }) => record.run.family },
  { name: "seed", value: ({ record }) => record.run.seed },
  { name: "step", value: ({ step }) => step },
  { name: "passes", value: ({ passes }) => passes.join(" ") },
  { name: "mean_passes", value: ({ passes }) => rounded(mean(passes), 2) },
];

/** Records that differ in the seed only. */
export interface Group {
  readonly run: QualityRun;
  /** Those that are scored. */
  readonly records: readonly Record[];
  /** How many others there are. */
  readonly failed: number;
  readonly backend: string;
}

/** summary.csv: one row per configuration, over its seeds. */
export const SUMMARY: readonly Column<Group>[] = [
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ run }) => run.profile },
  { name: "dataset", value: ({ run }) => run.dataset },
  { name: "family", value: ({ run }) => run.family },
  { name: "variant", value: ({ run }) => run.variant },
  { name: "layers", value: ({ run }) => layers(run) },
  { name: "hidden", value: ({ run }) => hidden(run) },
  { name: "params", value: ({ records }) => records[0]?.scores?.params ?? null },
  { name: "seeds", value: ({ records }) => records.length },
  ...interval("nll_nats", ({ scores }) => scores!.nllNats),
  ...interval("bits_per_dim", ({ scores }) => scores!.bitsPerDim),
  ...interval("gap_nats", ({ scores }) => scores!.gapNats),
  ...interval("train_seconds", ({ training }) => training?.trainSeconds ?? null),
  { name: "failed", value: ({ failed }) => failed },
  { name: "backend", value: ({ backend }) => backend },
  { name: "classes", value: ({ run }) => classes(run) },
  ...interval("nll_nats_marginal", ({ scores }) => scores!.nllNatsMarginal ?? null),
];

/** The columns mean, low and high of a 95 % t-interval over seeds; the last two need two seeds. */
function interval(name: string, value: (record: Record) => number | null): Column<Group>[] {
  const bounds = ({ records }: Group) => {
    const values = records.map(value);
    return values.length > 0 && values.every((v) => v !== null) ? tInterval(values) : null;
  };
  return [
    { name: `${name}_mean`, value: (group) => bounds(group)?.mean ?? null },
    { name: `${name}_low`, value: (group) => bounds(group)?.low ?? null },
    { name: `${name}_high`, value: (group) => bounds(group)?.high ?? null },
  ];
}

function rounded(value: number | null | undefined, digits: number): number | null {
  return value === undefined || value === null ? null : Number(value.toFixed(digits));
}
