import type { VNode } from "npm:preact@10.29.0";
import type { Record } from "../../benchmarks/record.ts";
import { scalings } from "../../benchmarks/tables/scaling.ts";
import { chart, PALETTE, Plot, powersOfTen } from "../../benchmarks/figures/chart.ts";
import { drawDirections } from "../../benchmarks/figures/directions_figure.ts";
import { duration, ratio } from "../../benchmarks/tables/format.ts";
import { modelName } from "../../benchmarks/plan.ts";
import { withoutSurpassed } from "../../benchmarks/tables/models.ts";
import { mean } from "../../benchmarks/metrics.ts";
import { drawScaling } from "../../benchmarks/figures/scaling_figure.ts";
import { DataTable, type TableColumn } from "../data_table.tsx";
import type { Site } from "../site.tsx";
import {
  hardest,
  type Timed,
  timedOf,
  timedOn,
  timedWith,
} from "../../benchmarks/tables/timings.ts";

/** Sampling and density times: what the asymmetry is, and what remains of it. */
export function tradeoff(site: Site, records: readonly Record[]): VNode {
  const timed = timedOf(records);
  if (timed.length === 0) {
    return (
      <>
        <h1>Trade-off</h1>
        <p>No run of these results was timed.</p>
      </>
    );
  }
  return (
    <>
      <h1>Trade-off</h1>
      <p class="lead">
        An autoregressive flow is fast in one direction: MAF evaluates densities in one network pass
        and IAF samples in one. The other direction takes a pass for each coordinate with the
        papers' algorithm, and the arithmetic of one with each weight used once.
      </p>
      {scalingFigure(site, "", records)}
      {directionsFigure(site, "", records)}
      <h2>Times</h2>
      <DataTable
        caption="Median times of a batch; sort, filter and copy them"
        columns={TIME_COLUMNS}
        rows={timed}
        hasFilter
      />
      <h2>How time grows with the number of coordinates</h2>
      <DataTable
        caption="Exponent b of time ~ D^b, fitted from D = 8 on, and where a method overtakes sequential passes"
        columns={SCALING_COLUMNS}
        rows={scalings(records).filter(({ dims }) => dims.length > 2)}
        hasFilter
      />
      {jacobi(records)}
      {reliabilityFigure(site, records)}
    </>
  );
}

/** Rows of many columns stay low. */
const inOneLine = (text: string): string => text.replaceAll(" ", "\u00a0");

/** With what and on what something was timed. */
const SETTING_COLUMNS: readonly TableColumn<{ readonly record: Record }>[] = [
  {
    name: "profile, backend",
    value: ({ record }) => timedWith(record),
    show: ({ record }) => inOneLine(timedWith(record)),
  },
  {
    name: "processor",
    value: ({ record }) => record.environment.cpu,
    show: ({ record }) => inOneLine(record.environment.cpu),
  },
];

/** Of what was timed. */
export const TIME_COLUMNS: readonly TableColumn<Timed>[] = [
  {
    name: "flow",
    value: ({ run }) => run.family,
    show: ({ run, record }) => <a href={`runs/${record.runId}.html`}>{run.family}</a>,
  },
  { name: "D", value: ({ run }) => run.dim },
  { name: "operation", value: ({ timing }) => timing.op.replace("_", " ") },
  { name: "method", value: ({ timing }) => timing.method },
  { name: "batch", value: ({ timing }) => timing.batch },
  { name: "median", value: ({ medianMs }) => medianMs, show: ({ medianMs }) => duration(medianMs) },
  { name: "p10", value: ({ p10Ms }) => p10Ms, show: ({ p10Ms }) => duration(p10Ms) },
  { name: "p90", value: ({ p90Ms }) => p90Ms, show: ({ p90Ms }) => duration(p90Ms) },
  {
    name: "per example",
    value: ({ medianMs, timing }) => medianMs / timing.batch,
    show: ({ medianMs, timing }) => duration(medianMs / timing.batch),
  },
  {
    name: "passes",
    title: "Network passes a layer",
    value: ({ timing }) => timing.passes,
    show: ({ timing }) => Number(timing.passes.toFixed(1)),
  },
  { name: "repeats", value: ({ timing }) => timing.samplesMs.length },
  ...SETTING_COLUMNS,
];

const SCALING_COLUMNS: readonly TableColumn<ReturnType<typeof scalings>[number]>[] = [
  { name: "flow", value: ({ record }) => record.run.family },
  { name: "operation", value: ({ timing }) => timing.op.replace("_", " ") },
  { name: "method", value: ({ timing }) => timing.method },
  { name: "batch", value: ({ timing }) => timing.batch },
  {
    name: "exponent",
    value: ({ exponent }) => exponent,
    show: ({ exponent }) => exponent?.toFixed(2) ?? "",
  },
  {
    name: "faster from D",
    title: "The least timed D from which on it is faster than sequential passes",
    value: ({ fasterFromDim }) => fasterFromDim,
  },
  ...SETTING_COLUMNS,
];

/** Time over D of both autoregressive families. */
export function scalingFigure(site: Site, root: string, records: readonly Record[]): VNode | null {
  return site.figure(
    root,
    "tradeoff",
    drawScaling(records),
    "Both axes are logarithmic. sequential: a pass for each coordinate, the papers' algorithm. Jacobi: " +
      "iteration over all coordinates. incremental: each weight used once. fast direction: one pass. A line that ends early was " +
      "timed no further. " +
      timedOn(withoutSurpassed(records)),
  );
}

/** Sampling against density time. */
export function directionsFigure(
  site: Site,
  root: string,
  records: readonly Record[],
): VNode | null {
  const [first] = hardest(records);
  if (!first) return null;
  return site.figure(
    root,
    "directions",
    drawDirections(records),
    `${first.timing.batch} samples against as many densities in ${first.run.dim} dimensions, ` +
      `${
        timedWith(first.record)
      }; on the dashed line both cost the same. Colour and number: bits/dim on MNIST of the flat flow of as ` +
      "many layers of the same widths, the darker the lower; gray: there is none.",
  );
}

function jacobi(records: readonly Record[]): VNode | null {
  const looks = records.flatMap((record) =>
    (record.jacobi ?? []).map((look) => ({ record, ...look }))
  );
  if (looks.length === 0) return null;
  const columns: TableColumn<typeof looks[number]>[] = [
    {
      name: "flow",
      value: ({ record }) => modelName(record.run),
      show: ({ record: { run, runId } }) => <a href={`runs/${runId}.html`}>{modelName(run)}</a>,
    },
    { name: "data", value: ({ record }) => record.run.dataset },
    { name: "seed", value: ({ record }) => record.run.seed },
    { name: "profile, backend", value: ({ record }) => timedWith(record) },
    { name: "steps of training", value: ({ step }) => step },
    {
      name: "passes, mean",
      value: ({ passes }) => mean(passes),
      show: ({ passes }) => mean(passes).toFixed(1),
    },
    { name: "passes, by layer", value: ({ passes }) => passes.join(" ") },
  ];
  return (
    <>
      <h2>Passes of Jacobi iteration while a flow is trained</h2>
      <DataTable caption="On a batch of 100" columns={columns} rows={looks} hasFilter />
    </>
  );
}

/** Every repetition of the hardest operations. */
function reliabilityFigure(site: Site, records: readonly Record[]): VNode | null {
  const shown = hardest(records);
  const batch = shown[0]?.timing.batch;
  const rows = shown.flatMap(({ run, timing, medianMs }) => {
    const name = `${run.family} ${timing.op.replace("_", " ")}` +
      (timing.method === "direct" ? "" : `, ${timing.method}`);
    return timing.samplesMs.map((ms) => ({ name, ms, median: medianMs }));
  });
  const names = new Set(rows.map(({ name }) => name));
  if (names.size === 0) return null;
  const svg = chart({
    width: 900,
    height: 60 + 22 * names.size,
    marginLeft: 190,
    x: {
      type: "log",
      label: "time of one repetition, ms",
      grid: true,
      ticks: powersOfTen(rows.map(({ ms }) => ms)),
      tickFormat: String,
    },
    y: { label: null, domain: [...names] },
    marks: [
      Plot.dot(rows, { x: "ms", y: "name", r: 2.5, fill: PALETTE.blue, fillOpacity: 0.35 }),
      Plot.tickX(
        rows,
        Plot.groupY({ x: "first" }, {
          x: "median",
          y: "name",
          stroke: "currentColor",
          strokeWidth: 2,
        }),
      ),
    ],
  }, "Every timed repetition of each operation, with the median");
  const widest = Math.max(...[...Map.groupBy(rows, ({ name }) => name).values()].map((group) => {
    const times = group.map(({ ms }) => ms);
    return Math.max(...times) / Math.min(...times);
  }));
  return (
    <>
      <h2>How reliable the times are</h2>
      {site.figure(
        "",
        "repetitions",
        svg,
        (
          <>
            Every repetition at the most dimensions, in batches of{" "}
            {batch}; a bar marks the median. The widest spread from least to most is a factor of
            {" "}
            {ratio(widest)}.
          </>
        ),
      )}
    </>
  );
}
