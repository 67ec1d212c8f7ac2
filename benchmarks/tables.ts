import { writeAtomically } from "../engine/write_atomically.ts";
import { DATASETS } from "../datasets/mod.ts";
import { FAMILIES } from "../flows/families.ts";
import { BASELINES } from "./baselines.ts";
import { type Column, toCsv } from "./csv.ts";
import { tInterval } from "./_statistics.ts";
import { quantile } from "./metrics.ts";
import type { QualityRun, Run } from "./plan.ts";
import { pivots } from "./pivot.ts";
import { SUITES } from "./suites.ts";
import { type JacobiPasses, readRecords, type Record, type Timing } from "./record.ts";
import { type Scaling, scalings } from "./scaling.ts";
import { toMarkdown } from "./summary.ts";

const hidden = ({ flow }: Run): string | null => {
  const widths = flow.hidden;
  return Array.isArray(widths) ? widths.join("x") : null;
};
const layers = ({ flow }: Run): number | null =>
  typeof flow.layers === "number" ? flow.layers : null;

/** quality.csv: one row per trained flow or fitted baseline. */
const QUALITY: readonly Column<Record>[] = [
  { name: "run_id", value: ({ runId }) => runId },
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ run }) => run.profile },
  { name: "dataset", value: ({ run }) => run.dataset },
  { name: "dim", value: ({ scores }) => scores?.dim ?? null },
  { name: "family", value: ({ run }) => run.family },
  { name: "variant", value: ({ run }) => run.variant },
  { name: "layers", value: ({ run }) => layers(run) },
  { name: "hidden", value: ({ run }) => hidden(run) },
  { name: "params", value: ({ scores }) => scores?.params ?? null },
  { name: "seed", value: ({ run }) => run.seed },
  { name: "status", value: ({ status }) => status },
  { name: "epochs", value: ({ training }) => rounded(training?.epochs, 3) },
  { name: "steps", value: ({ training }) => training?.steps ?? null },
  { name: "train_seconds", value: ({ training }) => rounded(training?.trainSeconds, 3) },
  { name: "nll_nats", value: ({ scores }) => scores?.nllNats ?? null },
  { name: "nll_se", value: ({ scores }) => scores?.nllSe ?? null },
  { name: "space", value: ({ scores }) => scores?.space ?? null },
  { name: "bits_per_dim", value: ({ scores }) => scores?.bitsPerDim ?? null },
  { name: "floor_nats", value: ({ scores }) => scores?.floorNats ?? null },
  { name: "gap_nats", value: ({ scores }) => scores?.gapNats ?? null },
  { name: "roundtrip_max_error", value: ({ scores }) => scores?.roundTripMaxError ?? null },
  { name: "backend", value: ({ environment }) => environment.backend },
  { name: "gemm", value: ({ environment }) => environment.gemm },
  { name: "threads", value: ({ environment }) => environment.threads },
  { name: "cpu", value: ({ environment }) => environment.cpu },
  { name: "deno", value: ({ environment }) => environment.deno },
  { name: "tfjs", value: ({ environment }) => environment.tfjs },
  { name: "commit", value: ({ environment }) => environment.commit },
  { name: "started_at", value: ({ startedAt }) => startedAt },
  { name: "nll_nats_logit", value: ({ scores }) => scores?.nllNatsLogit ?? null },
  { name: "kl_nats", value: ({ scores }) => scores?.klNats ?? null },
  { name: "kl_se", value: ({ scores }) => scores?.klSe ?? null },
  { name: "reason", value: ({ reason }) => reason },
  { name: "peak_rss_mib", value: ({ training }) => training?.peakRssMib || null },
];

interface TimingRow {
  readonly record: Record;
  readonly timing: Timing;
  /** Sorted. */
  readonly ms: readonly number[];
}

/** timing.csv: one row per operation and batch size. */
const TIMING: readonly Column<TimingRow>[] = [
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
  { name: "mean_ms", value: ({ ms }) => rounded(ms.reduce((a, b) => a + b, 0) / ms.length, 4) },
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
];

/** scaling.csv: how times grow with the number of coordinates. */
const SCALING: readonly Column<Scaling>[] = [
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
];

interface JacobiRow extends JacobiPasses {
  readonly record: Record;
}

/** jacobi.csv: one row per look at a flow in training. */
const JACOBI: readonly Column<JacobiRow>[] = [
  { name: "run_id", value: ({ record }) => record.runId },
  { name: "dataset", value: ({ record }) => record.run.dataset },
  { name: "dim", value: ({ record }) => record.scores?.dim ?? null },
  { name: "family", value: ({ record }) => record.run.family },
  { name: "seed", value: ({ record }) => record.run.seed },
  { name: "step", value: ({ step }) => step },
  { name: "passes", value: ({ passes }) => passes.join(" ") },
  { name: "mean_passes", value: ({ passes }) => rounded(mean(passes), 2) },
];

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** One group of records that differ in the seed only, all of them scored. */
interface Group {
  readonly run: QualityRun;
  readonly records: readonly Record[];
}

/** summary.csv: one row per configuration, over its seeds. */
const SUMMARY: readonly Column<Group>[] = [
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ run }) => run.profile },
  { name: "dataset", value: ({ run }) => run.dataset },
  { name: "family", value: ({ run }) => run.family },
  { name: "variant", value: ({ run }) => run.variant },
  { name: "layers", value: ({ run }) => layers(run) },
  { name: "hidden", value: ({ run }) => hidden(run) },
  { name: "params", value: ({ records }) => records[0]!.scores!.params },
  { name: "seeds", value: ({ records }) => records.length },
  ...interval("nll_nats", ({ scores }) => scores!.nllNats),
  ...interval("bits_per_dim", ({ scores }) => scores!.bitsPerDim),
  ...interval("gap_nats", ({ scores }) => scores!.gapNats),
  ...interval("train_seconds", ({ training }) => training?.trainSeconds ?? null),
];

/** The columns mean, low and high of a 95 % t-interval over seeds; the last two need two seeds. */
function interval(name: string, value: (record: Record) => number | null): Column<Group>[] {
  const bounds = ({ records }: Group) => {
    const values = records.map(value);
    return values.every((v) => v !== null) ? tInterval(values) : null;
  };
  return [
    { name: `${name}_mean`, value: (group) => bounds(group)?.mean ?? null },
    { name: `${name}_low`, value: (group) => bounds(group)?.low ?? null },
    { name: `${name}_high`, value: (group) => bounds(group)?.high ?? null },
  ];
}

/** The tables of some records, as texts by file name. */
export function buildTables(records: readonly Record[]): { [file: string]: string } {
  const quality = records.filter(({ run }) => run.kind === "quality");
  const timing = records.filter(({ run }) => run.kind === "timing").flatMap((record) =>
    record.timings.map((timing) => ({
      record,
      timing,
      ms: timing.samplesMs.toSorted((a, b) => a - b),
    }))
  );
  const scored = quality.filter(({ status }) => status === "ok");
  const groups = Map.groupBy(scored, ({ run }) => {
    const { seed: _, expectedSeconds: __, ...rest } = run;
    return JSON.stringify(rest);
  });
  const summary = [...groups.values()].map((records) => ({
    run: records[0]!.run as QualityRun,
    records,
  }));
  return {
    "quality.csv": toCsv(quality, QUALITY),
    "timing.csv": toCsv(timing, TIMING),
    "summary.csv": toCsv(summary, SUMMARY),
    "scaling.csv": toCsv(scalings(records), SCALING),
    "jacobi.csv": toCsv(
      quality.flatMap((record) => (record.jacobi ?? []).map((look) => ({ record, ...look }))),
      JACOBI,
    ),
    ...Object.fromEntries(
      pivots(records).map((pivot) => [`tables/${pivot.name}.md`, toMarkdown(pivot)]),
    ),
  };
}

/**
 * The records of an output folder that tables show, in their order. Where a run was made more than
 * once with different budgets, options or versions, the latest counts; the others stay in `runs/`.
 */
export async function currentRecords(out: string): Promise<Record[]> {
  const slots = Map.groupBy(
    await readRecords(out),
    ({ run, environment: { backend } }) =>
      JSON.stringify([
        run.kind,
        run.suite,
        run.profile,
        run.dataset,
        run.family,
        run.variant,
        run.seed,
        backend,
      ]),
  );
  const latest = [...slots.values()].map((records) =>
    records.reduce((a, b) => a.startedAt < b.startedAt ? b : a)
  );
  return latest.sort(inReadingOrder);
}

/** Rebuilds the tables and figures of an output folder from its records. */
export async function writeTables(out: string): Promise<Record[]> {
  const records = await currentRecords(out);
  const { buildFigures } = await import("./figures.ts"); // A plotting library: not for --list.
  const files = { ...buildTables(records), ...buildFigures(records) };
  for (const [file, text] of Object.entries(files)) {
    await writeAtomically(`${out}/${file}`, text);
  }
  return records;
}

/** Suites, data sets and families in the order of their registries, baselines before families. */
function inReadingOrder(a: Record, b: Record): number {
  const rank = (names: readonly string[], name: string): number => {
    const index = names.indexOf(name);
    return index < 0 ? names.length : index;
  };
  const families = [...Object.keys(BASELINES), ...Object.keys(FAMILIES)];
  const key = ({ run }: Record): number[] => [
    rank(SUITES, run.suite),
    rank(Object.keys(DATASETS), run.dataset),
    run.kind === "timing" ? run.dim : 0,
    rank(families, run.family),
    run.seed,
  ];
  const [keyA, keyB] = [key(a), key(b)];
  const first = keyA.findIndex((value, i) => value !== keyB[i]);
  return first < 0 ? (a.runId < b.runId ? -1 : 1) : keyA[first]! - keyB[first]!;
}

function rounded(value: number | null | undefined, digits: number): number | null {
  return value === undefined || value === null ? null : Number(value.toFixed(digits));
}
