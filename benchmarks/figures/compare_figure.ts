import { type Comparison, type Limits, NO_CHANGE, type Unit } from "../tables/compare.ts";
import { namesOf, partOf, shownOf } from "../tables/compare_report.ts";
import { arrange, PALETTE, Plot, svg } from "./chart.ts";

const WIDTH = 960;
const ROW = 17;
const TOP = 50;
const BOTTOM = 50;

/** The part of {@link PALETTE} that verdicts have. A regression is also filled. */
const COLOURS: { readonly [verdict in Comparison["verdict"]]: string } = {
  regression: PALETTE.red,
  worse: PALETTE.red,
  better: PALETTE.blue,
  unclear: PALETTE.gray,
};

const AXES: { readonly [unit in Unit]: string } = {
  nats: "NLL or KL, nats, B - A",
  "bits/dim": "NLL, bits/dim, B - A",
  ms: "median time, B / A",
};

/** A forest plot of comparisons, as SVG: changes with their intervals, a panel for each unit. */
export function drawComparison(
  comparisons: readonly Comparison[],
  limits: Limits,
  folders: { readonly a: string; readonly b: string },
): string {
  const names = namesOf(comparisons);
  const panels = (Object.keys(NO_CHANGE) as Unit[]).flatMap((unit) => {
    const rows = shownOf(unit, comparisons).flatMap((comparison) => {
      const { change, verdict } = comparison;
      return change ? [{ ...change, verdict, name: names.get(comparison)! }] : [];
    });
    // What is broken has no change to draw.
    return rows.length > 0
      ? [{
        height: heightOf(rows),
        svg: panel(unit, rows, limits, folders, partOf(unit, comparisons)),
      }]
      : [];
  });
  const ends = panels.map((_, i) =>
    panels.slice(0, i + 1).reduce((sum, { height }) => sum + height, 0)
  );
  return arrange(
    panels.map(({ svg }, i) => ({ svg, x: 0, y: ends[i - 1] ?? 0 })),
    { width: WIDTH, height: ends.at(-1) ?? 0 },
    "Changes of scores and times between two output folders, B against A, with 95 % intervals",
  );
}

interface Row {
  readonly name: string;
  readonly change: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly verdict: Comparison["verdict"];
}

function panel(
  unit: Unit,
  rows: readonly Row[],
  limits: Limits,
  folders: { readonly a: string; readonly b: string },
  part: string,
): string {
  const none = NO_CHANGE[unit];
  const limit = limits[unit];
  const hasLimit = limit < Infinity;
  const marginLeft = 24 + 6.2 * Math.max(...rows.map(({ name }) => name.length));
  const reach = rows.flatMap(({ change, low, high }) => [change, low ?? change, high ?? change]);
  const ends = [...reach, none, ...(hasLimit ? [limit] : [])];
  const domain = padded(ends, unit);
  const heading = (text: string, dy: number) =>
    Plot.text([text], { text: (line) => line, frameAnchor: "top-left", dx: -marginLeft + 10, dy });
  const colour = ({ verdict }: Row) => COLOURS[verdict];
  return svg(
    {
      width: WIDTH,
      height: heightOf(rows),
      marginLeft,
      marginRight: 30,
      marginTop: TOP,
      marginBottom: BOTTOM,
      style: { background: "white", color: "black", fontSize: "11px" },
      x: {
        type: unit === "ms" ? "log" : "linear",
        domain,
        label: `${AXES[unit]} (left: B is better)`,
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: unit === "ms" ? ratioTicks(domain) : 7,
        tickFormat: (value: number) => String(Number(value.toPrecision(6))),
      },
      y: {
        type: "point",
        domain: rows.map(({ name }) => name),
        label: null,
        tickSize: 0,
        padding: 0.5,
      },
      marks: [
        heading(`A: ${folders.a}   B: ${folders.b}   ${part}`, -36),
        heading(
          "Bars: 95 % intervals. Red: worse, blue: better, gray: unclear, the bar crosses the line or is missing. " +
            (hasLimit ? `Filled: a regression, beyond ${limit} (dashed).` : "No limit is set."),
          -20,
        ),
        Plot.ruleX([none], { stroke: "black" }),
        Plot.ruleX(hasLimit ? [limit] : [], { stroke: PALETTE.red, strokeDasharray: "3 3" }),
        Plot.ruleY(rows, { // Those without an interval are left out.
          x1: "low",
          x2: "high",
          y: "name",
          stroke: colour,
          strokeWidth: 1.5,
        }),
        Plot.dot(rows, {
          x: "change",
          y: "name",
          stroke: colour,
          fill: (row: Row) => row.verdict === "regression" ? COLOURS.regression : "white",
          r: 3.5,
        }),
      ],
    },
    `${rows.length} changes of ${AXES[unit]}, with 95 % intervals and a line at no change, ${none}`,
  );
}

function heightOf(rows: readonly Row[]): number {
  return TOP + ROW * rows.length + BOTTOM;
}

/** A domain with room at both ends. */
function padded(values: readonly number[], unit: Unit): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (unit === "ms") {
    const room = Math.max(1.02, (high / low) ** 0.03);
    return [low / room, high * room];
  }
  const room = 0.03 * (high - low) || 0.01;
  return [low - room, high + room];
}

/** Ticks of a logarithmic axis: round numbers, few enough to be told apart. */
function ratioTicks([low, high]: readonly [number, number]): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((step) => high - low <= 9 * step);
  const candidates = step
    ? Array.from({ length: Math.floor(high / step) }, (_, i) => (i + 1) * step)
    : [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) =>
      [1, 2, 5].map((digit) => digit * 10 ** power)
    );
  return candidates.filter((tick) => tick >= low && tick <= high);
}
