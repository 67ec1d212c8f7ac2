import type { VNode } from "npm:preact@10.29.0";
import { DATASETS } from "../datasets/mod.ts";
import type { Record } from "../benchmarks/record.ts";
import { duration, ratio, spaced } from "../benchmarks/tables/format.ts";
import { bits, gap, isBaseline, type Model, modelsOf } from "../benchmarks/tables/models.ts";
import { CONV_VARIANTS } from "../benchmarks/plan.ts";
import { hardest, type Timed } from "../benchmarks/tables/timings.ts";

/** A family is at the floor of a data set within so many nats. */
const AT_FLOOR = 0.02;

/** What the records say, in sentences with their numbers: nothing that is not computed from them. */
export function findings(records: readonly Record[]): VNode[] {
  const models = modelsOf(records).filter(({ run }) => run.suite !== "report");
  const hard = hardest(records);
  return [
    ...imageFindings(models),
    toyFinding(models),
    slowDirection(hard, "maf", "sample", "samples", "density"),
    slowDirection(hard, "iaf", "density", "densities", "sample"),
    failures(records),
  ].filter((finding) => finding !== null);
}

function imageFindings(models: readonly Model[]): VNode[] {
  const names = Object.keys(DATASETS).filter((name) => DATASETS[name]!.kind === "images");
  return names.flatMap((name) => {
    const scored = models.filter((model) =>
      model.run.dataset === name && model.run.flow.classes === undefined && bits(model) !== null
    ).map((model) => ({ model, mean: bits(model)!.mean }));
    // Of each name the best, where several profiles have it.
    const flows = [
      ...Map.groupBy(
        scored.filter(({ model }) => !isBaseline(model)).sort((a, b) => a.mean - b.mean),
        ({ model }) => model.name,
      ).values(),
    ].map(([best]) => best!);
    const histogram = scored.find(({ model }) => model.run.family === "histogram");
    const [best] = flows;
    if (!best) return [];
    const flat = flows.filter(({ model }) => !CONV_VARIANTS.includes(model.run.variant));
    const beaten = flat.filter(({ mean }) => histogram && mean > histogram.mean);
    return [
      <>
        On {spaced(name)}{" "}
        <strong>{best.model.name} reaches {best.mean.toFixed(3)} bits/dim</strong>, the lowest of
        {" "}
        {flows.length} flows.
        {histogram && flat.length > 0 &&
          ` A histogram of each pixel on its own, at ${
            histogram.mean.toFixed(3)
          }, beats ${beaten.length} of ${flat.length} flows over flat vectors.`}
      </>,
    ];
  });
}

function toyFinding(models: readonly Model[]): VNode | null {
  const ofToys = models.filter((model) =>
    !isBaseline(model) && (DATASETS[model.run.dataset]?.kind ?? "images") !== "images"
  );
  const count = new Set(ofToys.map(({ run }) => run.dataset)).size;
  const flows = ofToys.filter((model) => gap(model) !== null);
  const best = [...Map.groupBy(flows, ({ run }) => run.dataset)].map(([dataset, group]) => {
    const [first] = group.map((model) => ({ dataset, model, gap: gap(model)!.mean }))
      .sort((a, b) => a.gap - b.gap);
    return first!;
  });
  if (best.length === 0) return null;
  const close = best.filter((found) => found.gap <= AT_FLOOR);
  const worst = best.reduce((a, b) => a.gap < b.gap ? b : a);
  return (
    <>
      On <strong>{close.length} of {count} toy densities</strong> the best family is within{" "}
      {AT_FLOOR} nats of the entropy, which no density can beat. The widest gap of a best family is
      {" "}
      {worst.gap.toFixed(3)} nats, of {worst.model.name} on {spaced(worst.dataset)}.
    </>
  );
}

/** What the slow direction of an autoregressive family costs, one coordinate at a time and not. */
function slowDirection(
  hard: readonly Timed[],
  family: string,
  slow: string,
  plural: string,
  fast: string,
): VNode | null {
  const find = (op: string, method: string) =>
    hard.find(({ run, timing }) =>
      run.family === family && timing.op === op && timing.method === method
    );
  const [sequential, incremental, direct] = [
    find(slow, "sequential"),
    find(slow, "incremental"),
    find(fast, "direct"),
  ];
  if (!sequential || !incremental || !direct) return null;
  const { timing: { batch }, run: { dim } } = sequential;
  return (
    <>
      {batch} {plural} of {family.toUpperCase()} in {dim} dimensions take{" "}
      {duration(sequential.medianMs)} one coordinate at a time and{" "}
      <strong>{duration(incremental.medianMs)} incrementally</strong>:{" "}
      {ratio(sequential.medianMs / incremental.medianMs)} times less, and{" "}
      {ratio(incremental.medianMs / direct.medianMs)} times its fast direction.
    </>
  );
}

function failures(records: readonly Record[]): VNode | null {
  const bad = records.filter(({ status }) => status !== "ok");
  return bad.length === 0 ? null : <>{bad.length} of {records.length} runs failed or diverged.</>;
}
