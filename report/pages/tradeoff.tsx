import type { VNode } from "npm:preact@10.29.0";
import type { Record } from "../../benchmarks/record.ts";
import { scalings } from "../../benchmarks/scaling.ts";
import { DATASETS } from "../../datasets/mod.ts";
import { chart, PALETTE, Plot, powersOfTen, styleOf } from "../chart.ts";
import { DataTable, type TableColumn } from "../data_table.tsx";
import { duration, ratio } from "../format.ts";
import { bits, modelsOf } from "../models.ts";
import { key, type Site } from "../site.tsx";
import { hardest, type Timed, timedOf } from "../timings.ts";

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
        papers' algorithm, and little more than one with each weight used once.
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
      {reliabilityFigure(site, timed)}
    </>
  );
}

const TIME_COLUMNS: readonly TableColumn<Timed>[] = [
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
];

const WAYS = [
  { method: "sequential", colour: PALETTE.red, symbol: "square" },
  { method: "jacobi", colour: PALETTE.pink, symbol: "diamond" },
  { method: "incremental", colour: PALETTE.blue, symbol: "circle" },
  { method: "direct", colour: PALETTE.gray, symbol: "cross" },
] as const;

/** Time over D of both autoregressive families, a panel for each family and batch. */
export function scalingFigure(site: Site, root: string, records: readonly Record[]): VNode | null {
  const points = scalings(records).flatMap(({ record, timing, dims, ms }) => {
    const way = WAYS.find(({ method }) => method === timing.method);
    const { family } = record.run;
    if (!way || timing.op === "train_step" || dims.length < 3) return [];
    if (family !== "maf" && family !== "iaf") return [];
    const op = timing.op === "sample" ? "sampling" : "density";
    return dims.map((dim, i) => ({
      family: `${family.toUpperCase()} ${family === "maf" ? "samples" : "densities"}`,
      batch: `batch ${timing.batch}`,
      line: `${op} ${timing.method}`,
      dim,
      ms: ms[i]!,
      ...way,
      title:
        `${family.toUpperCase()} ${op}, ${timing.method}, batch ${timing.batch}, D = ${dim}: ` +
        duration(ms[i]!),
    }));
  });
  if (points.length === 0) return null;
  const dims = [...new Set(points.map(({ dim }) => dim))].sort((a, b) => a - b);
  const least = Math.min(...points.map(({ ms }) => ms)),
    most = Math.max(...points.map(({ ms }) => ms));
  const at = { fx: "batch", fy: "family", x: "dim", y: "ms" };
  const svg = chart({
    width: 960,
    height: 560,
    marginLeft: 60,
    marginRight: 100,
    marginBottom: 45,
    x: { type: "log", label: "coordinates D" },
    y: {
      type: "log",
      label: "median time, ms",
      domain: [least / 1.5, most * 1.5],
      grid: true,
      ticks: powersOfTen([least, most]),
      tickFormat: String,
    },
    fx: { label: null, domain: [...new Set(points.map(({ batch }) => batch))] },
    fy: { label: null },
    symbol: { type: "identity" },
    marks: [
      Plot.axisX(dims, { text: (dim: number) => String(dim) }),
      Plot.line(points, { ...at, z: "line", stroke: "colour", strokeWidth: 2 }),
      Plot.dot(points, {
        ...at,
        fill: "colour",
        stroke: "colour",
        symbol: "symbol",
        r: 3.5,
        title: "title",
      }),
    ],
  }, "Time over the number of coordinates of MAF and IAF, by batch and way of inverting");
  return site.figure(
    root,
    "scaling",
    svg,
    (
      <>
        Times over D, both logarithmic. {WAYS.map(({ method, colour }, i) => (
          <>
            {i > 0 && ", "}
            {key(colour, LEGEND[method]!)}
          </>
        ))}.
      </>
    ),
  );
}

const LEGEND: { readonly [method: string]: string } = {
  sequential: "■ sequential, a pass for each coordinate",
  jacobi: "◆ Jacobi iteration",
  incremental: "● incremental, each weight once",
  direct: "✕ the fast direction, one pass",
};

/** Sampling against density time of each family and method, with the quality that goes with it. */
export function directionsFigure(
  site: Site,
  root: string,
  records: readonly Record[],
): VNode | null {
  const hard = hardest(timedOf(records));
  const images = modelsOf(records).filter(({ run }) =>
    run.variant === "flat" && run.suite === "mnist" && DATASETS[run.dataset]?.kind === "images"
  );
  const groups = Map.groupBy(hard, ({ run }) => run.family);
  const points = [...groups].flatMap(([family, group]) => {
    const find = (op: string, method: string) =>
      group.find(({ timing }) => timing.op === op && timing.method === method) ??
        group.find(({ timing }) => timing.op === op && timing.method === "direct");
    const methods = [...new Set(group.map(({ timing }) => timing.method))].filter((method) =>
      method !== "direct"
    );
    const model = images.find(({ run }) => run.family === family);
    const score = model && bits(model)?.mean;
    return (methods.length > 0 ? methods : ["direct"]).flatMap((method) => {
      const [sample, density] = [find("sample", method), find("density", method)];
      if (!sample || !density) return [];
      const name = method === "direct" ? family : `${family}, ${method}`;
      return [{
        name,
        sample: sample.medianMs,
        density: density.medianMs,
        score: score ?? null,
        symbol: styleOf(family).symbol,
        title:
          `${name}: density ${duration(density.medianMs)}, samples ${duration(sample.medianMs)}` +
          (score ? `; ${score.toFixed(3)} bits/dim on MNIST` : ""),
      }];
    });
  });
  const [first] = hard;
  if (!first || points.length === 0) return null;
  const { run: { dim }, timing: { batch } } = first;
  const all = points.flatMap(({ sample, density }) => [sample, density]);
  const [low, high] = [Math.min(...all) / 1.6, Math.max(...all) * 1.6];
  const ticks = powersOfTen(all);
  const side = 520;
  const pixel = (ms: number) => side * Math.log(ms / low) / Math.log(high / low);
  const texts = points.map(({ name, score }) =>
    score === null ? name : `${name}: ${score.toFixed(2)}`
  );
  const places = placeLabels(points.map(({ density, sample }, i) => ({
    x: pixel(density),
    y: side - pixel(sample),
    width: 6.8 * texts[i]!.length,
  })));
  const svg = chart({
    width: side + 190,
    height: side + 65,
    marginLeft: 60,
    marginRight: 130,
    marginTop: 20,
    marginBottom: 45,
    x: {
      type: "log",
      domain: [low, high],
      label: "density, ms",
      ticks,
      tickFormat: String,
    },
    y: {
      type: "log",
      domain: [low, high],
      label: "samples, ms",
      grid: true,
      ticks,
      tickFormat: String,
    },
    symbol: { type: "identity" },
    color: { scheme: "viridis", unknown: PALETTE.gray },
    marks: [
      Plot.line([[low, low], [high, high]], {
        stroke: "currentColor",
        strokeOpacity: 0.4,
        strokeDasharray: "4 4",
      }),
      Plot.dot(points, {
        x: "density",
        y: "sample",
        fill: "score",
        stroke: "currentColor",
        strokeWidth: 0.7,
        symbol: "symbol",
        r: 7,
        title: "title",
      }),
      ...points.map((point, i) =>
        Plot.text([point], {
          x: "density",
          y: "sample",
          text: [texts[i]!],
          fill: "currentColor",
          ...places[i]!,
        })
      ),
    ],
  }, "Time of samples over time of densities for each family and way of inverting");
  return site.figure(
    root,
    "directions",
    svg,
    (
      <>
        {batch} samples against {batch} densities in {dim}{" "}
        dimensions; on the dashed line both cost the same. Colour and number: bits/dim of the flat
        flow of the family on MNIST, the darker the lower; gray: not scored.
      </>
    ),
  );
}

/** Where each label stands beside its point, so that none covers another one or a point. */
function placeLabels(
  points: readonly { readonly x: number; readonly y: number; readonly width: number }[],
): { textAnchor: "start" | "end"; dx: number; dy: number }[] {
  type Box = readonly [left: number, right: number, top: number, bottom: number];
  const boxOf = (
    x: number,
    y: number,
    width: number,
    height: number,
  ): Box => [x, x + width, y - height, y + height];
  const taken: Box[] = points.map(({ x, y }) => boxOf(x - 7, y, 14, 7));
  return points.map(({ x, y, width }) => {
    const choices = [0, 14, -14, 28, -28].flatMap((dy) => [
      { textAnchor: "start" as const, dx: 12, dy, box: boxOf(x + 12, y + dy, width, 7) },
      { textAnchor: "end" as const, dx: -12, dy, box: boxOf(x - 12 - width, y + dy, width, 7) },
    ]);
    const isFree = ([left, right, top, bottom]: Box) =>
      left > 0 && !taken.some((b) => left < b[1] && b[0] < right && top < b[3] && b[2] < bottom);
    const { box, ...place } = choices.find(({ box }) => isFree(box)) ?? choices[0]!;
    taken.push(box);
    return place;
  });
}

function jacobi(records: readonly Record[]): VNode | null {
  const looks = records.flatMap((record) =>
    (record.jacobi ?? []).map((look) => ({ record, ...look }))
  );
  if (looks.length === 0) return null;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const columns: TableColumn<typeof looks[number]>[] = [
    {
      name: "flow",
      value: ({ record }) => record.run.family,
      show: ({ record: { run, runId } }) => <a href={`runs/${runId}.html`}>{run.family}</a>,
    },
    { name: "data", value: ({ record }) => record.run.dataset },
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
function reliabilityFigure(site: Site, timed: readonly Timed[]): VNode | null {
  const rows = hardest(timed).flatMap(({ run, timing, medianMs }) => {
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
            Every repetition at the most dimensions and the largest batch; a bar marks the median.
            The widest spread from least to most is a factor of {ratio(widest)}.
          </>
        ),
      )}
    </>
  );
}
