import { chart, PALETTE, Plot, powersOfTen } from "./chart.ts";
import { duration } from "../tables/format.ts";
import { settingOf, withoutSurpassed } from "../tables/models.ts";
import type { Record } from "../record.ts";
import { scalings } from "../tables/scaling.ts";

/** Ways through an autoregressive flow; `dy` keeps the names of the two lowest apart. */
const WAYS = [
  { method: "sequential", words: "sequential", colour: PALETTE.red, symbol: "square", dy: 0 },
  { method: "jacobi", words: "Jacobi", colour: PALETTE.pink, symbol: "diamond", dy: 0 },
  { method: "incremental", words: "incremental", colour: PALETTE.blue, symbol: "circle", dy: -6 },
  { method: "direct", words: "fast direction", colour: PALETTE.gray, symbol: "cross", dy: 8 },
] as const;

/** Samples of MAF and densities of IAF over D, both axes logarithmic, a panel for each batch. */
export function drawScaling(records: readonly Record[]): string | null {
  const timed = withoutSurpassed(records).filter(({ timings }) => timings.length > 0);
  const setting = settingOf(timed);
  const points = scalings(timed).flatMap(({ record, timing, dims, ms }, key) => {
    const { run } = record;
    const way = WAYS.find(({ method }) => method === timing.method);
    const name = PANELS[run.family];
    if (!way || !name || timing.op === "train_step" || dims.length < 2) return [];
    return dims.map((dim, i) => ({
      ...way,
      panel: name,
      line: way.words + setting(record),
      series: key,
      batch: `batch ${timing.batch}`,
      dim,
      ms: ms[i]!,
      title: `${run.family.toUpperCase()} ${timing.op}, ${way.words}, batch ${timing.batch}, ` +
        `D = ${dim}${setting(record)}: ${duration(ms[i]!)}`,
    }));
  });
  if (points.length === 0) return null;
  const dims = [...new Set(points.map(({ dim }) => dim))].sort((a, b) => a - b);
  const batches = [...new Set(points.map(({ batch }) => batch))];
  const times = points.map(({ ms }) => ms);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  // The largest batch is not timed one coordinate at a time in all dimensions: each line ends on its own.
  const ofLast = points.filter(({ batch }) => batch === batches.at(-1));
  const ends = [...Map.groupBy(ofLast, ({ panel, line }) => `${panel} ${line}`).values()]
    .map((line) => line.reduce((a, b) => b.dim > a.dim ? b : a));
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const at = { fx: "batch", fy: "panel", x: "dim", y: "ms" };
  return chart(
    {
      width: 960,
      height: 280 * panels.length,
      marginLeft: 60,
      marginRight: 30 + 6 * Math.max(0, ...ends.map(({ line }) => line.length)),
      marginBottom: 45,
      x: { type: "log", label: "coordinates D" },
      y: {
        type: "log",
        label: "median time, ms",
        domain: [least / 1.5, most * 1.5],
        grid: true,
        ticks: powersOfTen(times),
        tickFormat: String,
      },
      fx: { label: null, domain: batches },
      fy: { axis: null },
      symbol: { type: "identity" },
      marks: [
        Plot.axisX(dims, { text: (dim: number) => String(dim) }),
        Plot.text(panels, {
          fy: (panel) => panel,
          fx: () => batches[0],
          text: (panel) => panel,
          frameAnchor: "top-left",
          dx: 6,
          dy: 6,
          fontWeight: "bold",
        }),
        Plot.line(points, { ...at, z: "series", stroke: "colour", strokeWidth: 2 }),
        Plot.dot(points, { ...at, fill: "colour", symbol: "symbol", r: 3.5, title: "title" }),
        // Of a line that ends early the label stands before its end, above the line: behind it are others.
        ...ends.map((end) => {
          const place = end.dim < dims.at(-1)!
            ? { textAnchor: "end", dx: -9 } as const
            : { textAnchor: "start", dx: 9 } as const;
          return Plot.text([end], { ...at, ...place, text: "line", dy: end.dy });
        }),
      ],
    },
    "Time over the number of coordinates: samples of MAF and densities of IAF by way of inverting",
  );
}

const PANELS: { readonly [family: string]: string } = {
  maf: "MAF: samples",
  iaf: "IAF: densities",
};
