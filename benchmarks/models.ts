import { BASELINES } from "./baselines.ts";
import { DATASETS } from "../datasets/mod.ts";
import { meanAndError } from "./metrics.ts";
import { modelName, type QualityRun } from "./plan.ts";
import type { Record, Scores } from "./record.ts";
import { tInterval } from "./_statistics.ts";

/** A mean, with the 95 % interval of what its error is over. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Seeds where there are several of them, else test examples. */
  readonly over: "seeds" | "test examples";
}

/** The records of one model on one data set: the same run but for the seed. */
export interface Model {
  readonly run: QualityRun;
  /** Family and variant, as people name it. */
  readonly name: string;
  readonly records: readonly Record[];
  /** Those with scores, and their scores. */
  readonly scores: readonly Scores[];
}

/** Groups quality records by all but the seed, in their order. */
export function modelsOf(records: readonly Record[]): Model[] {
  const quality = records.filter(({ run }) => run.kind === "quality");
  const groups = Map.groupBy(
    quality,
    ({ run: { seed: _, expectedSeconds: __, ...rest } }) => JSON.stringify(rest),
  );
  return [...groups.values()].map((group) => {
    const run = group[0]!.run as QualityRun;
    return {
      run,
      name: modelName(run),
      records: group,
      scores: group.flatMap(({ status, scores }) => status === "ok" && scores ? [scores] : []),
    };
  });
}

/** The mean of a score, or null where no run has it. */
export function interval(
  { scores }: Model,
  valueOf: (scores: Scores) => number | null,
  errorOf: (scores: Scores) => number | null,
): Interval | null {
  const values = scores.map(valueOf).filter((value) => value !== null);
  if (values.length === 0) return null;
  const { mean, low, high } = tInterval(values);
  if (low !== null && high !== null) return { mean, low, high, over: "seeds" };
  const reach = 1.96 * (errorOf(scores[0]!) ?? 0);
  return { mean, low: mean - reach, high: mean + reach, over: "test examples" };
}

/** Test NLL, nats. */
export function nats(model: Model): Interval | null {
  return interval(model, ({ nllNats }) => nllNats, ({ nllSe }) => nllSe);
}

/** Test bits/dim. */
export function bits(model: Model): Interval | null {
  const errorOf = ({ nllSe, dim }: Scores) => nllSe / (dim * Math.LN2);
  return interval(model, ({ bitsPerDim }) => bitsPerDim, errorOf);
}

/** KL of the true density to the model's, nats: the gap to the entropy with less noise. */
export function gap(model: Model): Interval | null {
  return interval(model, ({ klNats }) => klNats, ({ klSe }) => klSe);
}

/** The mean of numbers that are there. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length === 0 ? null : meanAndError(Float64Array.from(known)).mean;
}

/** Whether a model learns nothing by gradients. */
export function isBaseline({ run }: Model): boolean {
  return Object.hasOwn(BASELINES, run.family);
}

/** Without those of suite toy whose data set has records of profile paper too, and which are of another. */
export function withoutSurpassed(records: readonly Record[]): Record[] {
  const isPaper = ({ run }: Record) => run.suite === "toy" && run.profile === "paper";
  const datasets = new Set(records.filter(isPaper).map(({ run }) => run.dataset));
  return records.filter((record) =>
    record.run.suite !== "toy" || isPaper(record) || !datasets.has(record.run.dataset)
  );
}

/** Models of the data sets of the plane and of files, but for those of the suite report. */
export function toyModels(models: readonly Model[]): Model[] {
  return models.filter(({ run }) =>
    run.suite !== "report" && DATASETS[run.dataset]?.kind !== "images"
  );
}
