import { BASELINES } from "../baselines.ts";
import { DATASETS } from "../../datasets/mod.ts";
import { subjectOf } from "./match_runs.ts";
import { machineOf } from "../environment.ts";
import { mean } from "../metrics.ts";
import { decisiveOf, modelName, type QualityRun } from "../plan.ts";
import type { Record, Scores } from "../record.ts";
import { placeOf } from "./reading_order.ts";
import { tInterval } from "./_statistics.ts";

/** A mean, with the 95 % interval of what its error is over. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Seeds where there are several of them, else test examples. */
  readonly over: "seeds" | "test examples";
}

/** The records of one model on one data set: the same run on the same backend but for the seed. */
export interface Model {
  readonly run: QualityRun;
  /** Family and variant, as people name it. */
  readonly name: string;
  /** Profile, and where records of several backends are compared the backend. */
  readonly setting: string;
  readonly records: readonly Record[];
  /** "ok", or what went wrong in how many of the seeds. */
  readonly status: string;
  /** Of those that are ok. */
  readonly scores: readonly Scores[];
}

/** The models of the quality records, in their order. */
export function modelsOf(records: readonly Record[]): Model[] {
  const groups = bySeed(records.filter(({ run }) => run.kind === "quality"));
  const backends = backendsOf(records);
  return groups.map((group) => {
    const { run, environment: { backend } } = group[0]!;
    return {
      run: run as QualityRun,
      name: modelName(run),
      setting: backends.length > 1 ? `${run.profile}, ${backend}` : run.profile,
      records: group,
      status: statusOf(group),
      scores: group.flatMap(({ status, scores }) => status === "ok" && scores ? [scores] : []),
    };
  });
}

/** Each name of the models once, in the order of columns. */
export function modelNames(models: readonly Model[]): string[] {
  const inOrder = models.toSorted((a, b) => placeOf(a.run) - placeOf(b.run));
  return [...new Set(inOrder.map(({ name }) => name))];
}

/**
 * Groups records that differ in the seed alone: of one run, backend, content of the data and version of the family.
 * A run that went wrong has no version of its own and stands with the others of its kind, if these have one. Records
 * that do not say the version of their data are of version 1.
 */
export function bySeed(records: readonly Record[]): Record[][] {
  const runs = Map.groupBy(
    records,
    ({ run, code, environment: { backend } }) =>
      JSON.stringify([{ ...decisiveOf(run), seed: null }, backend, code?.dataset ?? 1, code?.file]),
  );
  return [...runs.values()].flatMap((group) => {
    const versions = Map.groupBy(group, ({ config }) => config?.familyVersion ?? null);
    return versions.size === 2 && versions.has(null) ? [group] : [...versions.values()];
  });
}

/**
 * What tells records apart that are not taken together: profile and backend, and of what was timed the machine,
 * each where there are several.
 */
export function settingOf(records: readonly Record[]): (record: Record) => string {
  const settings = ({ run, environment }: Record): string[] => {
    // Without the build of a BLAS library, a text too long for a name.
    const { backend, gemm, threads, cpu } = machineOf(environment);
    return [run.profile, backend, ...(run.kind === "timing" ? [gemm, threads, cpu] : [])];
  };
  const all = records.map(settings);
  const differs = (i: number) => new Set(all.map((values) => values[i])).size > 1;
  return (record) =>
    settings(record).map((value, i) => differs(i) && value !== "" ? `, ${value}` : "").join("");
}

/** The backends of some records. */
export function backendsOf(records: readonly Record[]): string[] {
  return [...new Set(records.map(({ environment: { backend } }) => backend))];
}

/** "ok" of records that differ in the seed, or what went wrong: a failure is never averaged away. */
export function statusOf(records: readonly Record[]): string {
  const bad = records.filter(({ status }) => status !== "ok");
  if (bad.length === 0) return "ok";
  const count = records.length === 1 ? "" : ` (${bad.length} of ${records.length})`;
  return bad[0]!.status + count;
}

/** The mean of a score; null where no run has it or one of them is not ok. */
export function interval(
  { scores, status }: Model,
  valueOf: (scores: Scores) => number | null,
  errorOf: (scores: Scores) => number | null,
): Interval | null {
  if (status !== "ok") return null;
  const values = scores.map(valueOf).filter((value) => value !== null);
  if (values.length === 0) return null;
  const { mean, low, high } = tInterval(values);
  if (low !== null && high !== null) return { mean, low, high, over: "seeds" };
  const reach = 1.96 * (errorOf(scores[0]!) ?? 0);
  return { mean, low: mean - reach, high: mean + reach, over: "test examples" };
}

/** Test NLL, nats, that compares with that of others: see {@link natsOf}. */
export function nats(model: Model): Interval | null {
  return interval(model, (scores) => natsOf(scores).nats, (scores) => natsOf(scores).error);
}

/**
 * Test NLL of p(x), which a flow with classes is not told the label for, nats, and its standard error: where the
 * true density is known the entropy and the KL, which has less noise and compares between sets of test points.
 */
export function natsOf(scores: Scores): { readonly nats: number; readonly error: number } {
  const { nllNats, nllSe, floorNats, klNats, klSe } = scores;
  return floorNats === null || klNats === null || klSe === null
    ? { nats: nllNats + labelNats(scores), error: nllSe }
    : { nats: floorNats + klNats, error: klSe };
}

/** Test bits/dim that compare with those of others: see {@link bitsOf}. */
export function bits(model: Model): Interval | null {
  const errorOf = ({ nllSe, dim }: Scores) => nllSe / (dim * Math.LN2);
  return interval(model, bitsOf, errorOf);
}

/** Test bits/dim of p(x), which a flow with classes is not told the label for. */
export function bitsOf(scores: Scores): number {
  return scores.bitsPerDim + labelNats(scores) / (scores.dim * Math.LN2);
}

/**
 * What an example's label is worth to a flow with classes, on average: its NLL without the label, of
 * p(x) = 1/K sum_y p(x | y), less that of p(x | label). 0 without classes.
 */
export function labelNats({ nllNats, nllNatsMarginal = nllNats }: Scores): number {
  return nllNatsMarginal - nllNats;
}

/** KL of the true density to the model's, nats: the gap to the entropy with less noise. */
export function gap(model: Model): Interval | null {
  return interval(model, ({ klNats }) => klNats, ({ klSe }) => klSe);
}

/** The mean of numbers that are there. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length === 0 ? null : mean(known);
}

/** Whether a model learns nothing by gradients. */
export function isBaseline({ run }: Model): boolean {
  return Object.hasOwn(BASELINES, run.family);
}

/**
 * Without records of toys, of energies and of times that have some of profile paper beside them, all of them ok: of
 * the same data set, family and variant on the same backend; of times of the same machine, all families and dimensions
 * together.
 */
export function withoutSurpassed(records: readonly Record[]): Record[] {
  const seriesOf = ({ run, environment }: Record) =>
    JSON.stringify(
      run.kind === "timing"
        ? [run.suite, machineOf(environment)]
        : [...subjectOf(run), environment.backend],
    );
  const isPaper = ({ run }: Record) => run.profile === "paper";
  const paper = Map.groupBy(records.filter(isPaper), seriesOf);
  const others = Map.groupBy(records.filter((record) => !isPaper(record)), seriesOf);
  const isSurpassed = (series: string) => {
    const better = paper.get(series) ?? [];
    const subjects = new Set(better.map(({ run }) => subjectOf(run).join()));
    return better.every(({ status }) => status === "ok") &&
      others.get(series)!.every(({ run }) => subjects.has(subjectOf(run).join()));
  };
  return records.filter((record) =>
    isPaper(record) || !["toy", "energy", "tradeoff"].includes(record.run.suite) ||
    !isSurpassed(seriesOf(record))
  );
}

/** Without flows of variant `long`, which a figure of their own has beside those of `flat`. */
export function withoutLong(records: readonly Record[]): Record[] {
  return records.filter(({ run }) => run.variant !== "long");
}

/** Models of toys and files that figures compare: the latest word on each, without variant `long`. */
export function comparedToys(records: readonly Record[]): Model[] {
  return toyModels(modelsOf(withoutLong(withoutSurpassed(records))));
}

/** Models of the data sets of the plane and of files, but for those of the suite report. */
export function toyModels(models: readonly Model[]): Model[] {
  return models.filter(({ run }) =>
    run.suite !== "report" && DATASETS[run.dataset]?.kind !== "images"
  );
}
