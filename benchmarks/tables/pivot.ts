import { DATASETS } from "../../datasets/mod.ts";
import { FAMILIES } from "../../flows/families.ts";
import { mean, median } from "../metrics.ts";
import { bitsOf, bySeed, modelNames, modelsOf, natsOf, settingOf, statusOf } from "./models.ts";
import { placeIn } from "./reading_order.ts";
import { timedOn } from "./timings.ts";
import type { Variant } from "../plan.ts";
import type { Record, Scores } from "../record.ts";

/** The names of the tables for people. */
export const PIVOTS = ["quality", "images", "report", "energy", "timing"] as const;

/** A table as people read it: the first column is text, the others are numbers or a status. */
export interface Pivot {
  readonly name: typeof PIVOTS[number];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note: string;
}

/**
 * The tables of some records: NLL by data set and family, KL by energy and family, times by family
 * and operation.
 */
export function pivots(records: readonly Record[]): Pivot[] {
  return [
    toyPivot(records),
    imagePivot(records),
    reportPivot(records),
    energyPivot(records),
    timingPivot(records),
  ]
    .filter(({ rows }) => rows.length > 0);
}

/** A data set is a row, a model a column. */
function toyPivot(records: readonly Record[]): Pivot {
  const { datasets, models, cell, floor } = qualityCells(records, "data");
  const rows = datasets.map((dataset) => [
    dataset,
    floor(dataset),
    ...models.map((model) => cell(dataset, model)),
  ]);
  return {
    name: "quality",
    head: ["test NLL, nats", "floor", ...models],
    rows,
    note: "Lower is better. floor: the entropy of the data, which no density can beat on average." +
      (datasets.some((dataset) => floor(dataset) !== "")
        ? " Where it is known, the NLL is the floor and the mean of log p_true(x) - log p(x) over the test points, " +
          "which has less noise than the mean of -log p(x) and lets models compare that were scored on other test points."
        : "") +
      cellNotes(rows) +
      (datasets.some((dataset) => dataset.startsWith("file:"))
        ? " file: columns standardised by their training rows, in which unit the NLL is."
        : "") +
      variantNotes(models),
  };
}

/** A model is a row, a data set a column. */
function imagePivot(records: readonly Record[]): Pivot {
  const { datasets, models, cell } = qualityCells(records, "pixel");
  const rows = models.map((model) => [
    model,
    ...datasets.map((dataset) => cell(dataset, model)),
  ]);
  return {
    name: "images",
    head: ["test bits/dim", ...datasets],
    rows,
    note: "Lower is better. Flat vectors where no variant is named." + cellNotes(rows) +
      variantNotes(models),
  };
}

/** What ± and several numbers in a cell mean, where there are some. */
function cellNotes(rows: Pivot["rows"]): string {
  const has = (sign: string) => rows.flat().some((cell) => cell.includes(sign));
  return (has("±")
    ? " ±: the standard error over test examples, where it is large: a few of them have next to no density."
    : "") +
    (has(SEPARATOR)
      ? " Several numbers in a cell: of seeds with different budgets, options, versions or data."
      : "");
}

/** Between what is not taken together in a cell. */
export const SEPARATOR = "; ";

/** What the variants are that some models have. */
function variantNotes(models: readonly string[]): string {
  return Object.entries(VARIANT_NOTES)
    .filter(([variant]) => models.some((model) => model.endsWith(` ${variant}`)))
    .map(([variant, note]) => ` ${variant}: ${note}.`).join("");
}

const VARIANT_NOTES: { readonly [variant in Exclude<Variant, "flat">]: string } = {
  made: "a flow of one layer",
  deep: "more layers, RealNVP of images with weight decay, on toys more steps, by Muon",
  mixture:
    "8 layers of couplings by mixtures of 16 logistic distributions in place of affine ones, a logistic base, the steps of deep",
  long: "flat with four times the steps",
  grey: "with grey levels of learned widths",
  conv: "multi-scale and convolutional",
  conv_grey: "conv, with grey levels like grey",
  conv_large:
    "conv with shaped grey levels and untied biases, trained by Muon, in profile paper wider",
  vardeq: "conv with variational dequantisation",
  paper:
    "NICE without a logit, as in its paper but with an actnorm; in profile paper of the published size",
  class: "trained with the labels, and the mean of the densities for all labels scored",
  conv_class: "conv, with the labels like class, in profile paper a quarter of the steps",
};

/** The founding report's experiments, a row each. */
function reportPivot(records: readonly Record[]): Pivot {
  const report = records.filter(({ run }) => run.suite === "report");
  const setting = settingOf(report);
  return {
    name: "report",
    head: ["suite report", "test NLL", "unit", "floor"],
    rows: bySeed(report).map((group) => {
      const { run: { family, dataset }, scores } = group[0]!;
      const what = `${family} on ${dataset}${setting(group[0]!)}`;
      const unit = DATASETS[dataset]?.kind === "images" ? "bits/dim" : "nats";
      return [what, qualityCell(group), unit, scores?.floorNats?.toFixed(3) ?? ""];
    }),
    note:
      "The experiments of the report that this suite grew out of, on dequantised data and with a " +
      "test set. The NLL on banana is the floor and the KL.",
  };
}

/** The quality records of one kind of data, by data set (and profile, where there are several) and model. */
function qualityCells(records: readonly Record[], space: Scores["space"]) {
  const ofSpace = records.filter(({ run }) =>
    run.kind === "quality" && run.suite !== "report" &&
    (DATASETS[run.dataset]?.kind === "images") === (space === "pixel")
  );
  const models = modelsOf(ofSpace);
  const setting = settingOf(ofSpace);
  const label = (record: Record) => record.run.dataset + setting(record);
  const of = (dataset: string) => models.filter(({ records }) => label(records[0]!) === dataset);
  return {
    datasets: unique(ofSpace.map(label)),
    models: modelNames(models),
    cell: (dataset: string, model: string) =>
      of(dataset).filter(({ name }) => name === model).map(({ records }) => qualityCell(records))
        .join(SEPARATOR),
    floor: (dataset: string) =>
      of(dataset).flatMap(({ scores }) => scores)[0]?.floorNats?.toFixed(3) ?? "",
  };
}

/**
 * The mean over seeds, in the unit of the row, or what went wrong. Where a few test points decide, the
 * standard error over the test set stands beside it; other seeds make it smaller where they come with other
 * test sets.
 */
export function qualityCell(records: readonly Record[]): string {
  const status = statusOf(records);
  if (status !== "ok") return status;
  const scores = records.map(({ scores }) => scores!);
  const isImage = scores[0]!.space === "pixel";
  // Standard errors over test examples, in the unit of the mean, above which they are shown.
  const [unit, most] = isImage ? [scores[0]!.dim * Math.LN2, 0.05] : [1, 0.1];
  const score = mean(scores.map((own) => isImage ? bitsOf(own) : natsOf(own).nats)).toFixed(3);
  const testSets = unique(scores.map(({ dataHash }) => dataHash)).length;
  const errors = scores.map((own) => isImage ? own.nllSe : natsOf(own).error);
  const error = Math.max(...errors) / unit / Math.sqrt(testSets);
  return error > most ? `${score} ± ${Number(error.toPrecision(2))}` : score;
}

function energyPivot(records: readonly Record[]): Pivot {
  const fitted = records.filter(({ run }) => run.kind === "energy");
  const order = Object.keys(FAMILIES);
  const families = unique(fitted.map(({ run }) => run.family))
    .sort((a, b) => placeIn(order, a) - placeIn(order, b));
  const setting = settingOf(fitted);
  const label = (record: Record) => record.run.dataset + setting(record);
  const rows = unique(fitted.map(label)).map((dataset) => {
    const ofEnergy = fitted.filter((record) => label(record) === dataset);
    return [
      dataset,
      ofEnergy.find(({ energy }) => energy)?.energy?.logZ.toFixed(3) ?? "",
      ...families.map((family) =>
        bySeed(ofEnergy.filter(({ run }) => run.family === family)).map(energyCell).join(SEPARATOR)
      ),
    ];
  });
  return {
    name: "energy",
    head: ["KL, nats (ESS)", "log Z", ...families],
    rows,
    note:
      "Flows fitted to energies without data, by reverse KL, the mean over seeds. Lower is better: KL of the flow to " +
      "the normalised target, which is 0 for a perfect fit. ESS: " +
      "effective sample size of the flow's importance weights, a share of the samples; it cannot see " +
      "what the flow misses.",
  };
}

/** Means over seeds, or what went wrong. */
function energyCell(records: readonly Record[]): string {
  const status = statusOf(records);
  if (status !== "ok") return status;
  const kl = mean(records.map(({ energy }) => energy!.klNats));
  const ess = mean(records.map(({ energy }) => energy!.essFraction));
  return `${kl.toFixed(3)} (${(100 * ess).toFixed(1)} %)`;
}

function timingPivot(records: readonly Record[]): Pivot {
  const timing = records.filter(({ run }) => run.kind === "timing");
  const all = timing.flatMap(({ timings }) => timings);
  const columns = unique(all.map(({ op }) => op)).flatMap((op) =>
    unique(all.map(({ batch }) => batch)).map((batch) => ({ op, batch }))
  );
  const setting = settingOf(timing);
  const rows = timing.flatMap((record) => {
    const { run, timings, status } = record;
    const name = run.family + setting(record) + (status === "ok" ? "" : `: ${status}`);
    // Operations that need no inversion stand in the first row of the family.
    const methods = unique(timings.map(({ method }) => method).filter((m) => m !== "direct"));
    return (methods.length > 0 ? methods : ["direct"]).map((method, i) => [
      i === 0 ? name : `${name}, ${method}`,
      run.kind === "timing" ? String(run.dim) : "",
      ...columns.map(({ op, batch }) => {
        const found = timings.find((timing) =>
          timing.op === op && timing.batch === batch &&
          (timing.method === method || i === 0 && timing.method === "direct")
        );
        if (!found) return "";
        return threeDigits(median(found.samplesMs));
      }),
    ]);
  });
  return {
    name: "timing",
    head: ["median ms", "dim", ...columns.map(({ op, batch }) => `${op}, batch ${batch}`)],
    rows,
    note:
      "maf samples and iaf evaluates by inversion: incremental, and where it is named sequential " +
      "(a network pass for each coordinate, as in the papers) or by Jacobi iteration. " +
      timedOn(timing),
  };
}

/** Three significant digits, never in exponential form. */
export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
