import * as Plot from "npm:@observablehq/plot@0.6.17";
import { parseHTML } from "npm:linkedom@0.18.15";
import type { Record } from "./record.ts";
import { scalings } from "./scaling.ts";

/** The figures of some records, as SVG by file name. */
export function buildFigures(records: readonly Record[]): { [file: string]: string } {
  const points = tradeoffPoints(records);
  return points.length > 0 ? { "figures/tradeoff.svg": tradeoff(points) } : {};
}

/** A median time of MAF: its density, or its samples by one way of inverting. */
interface Point {
  readonly what: string;
  readonly batch: string;
  readonly dim: number;
  readonly ms: number;
}

const DENSITY = "density, one pass";

function tradeoffPoints(records: readonly Record[]): Point[] {
  return scalings(records).flatMap(({ record, timing: { op, method, batch }, dims, ms }) =>
    record.run.family === "maf" && op !== "train_step" && dims.length > 2
      ? dims.map((dim, i) => ({
        what: op === "density" ? DENSITY : `sample, ${method}`,
        batch: `batch ${batch}`,
        dim,
        ms: ms[i]!,
      }))
      : []
  );
}

/** Colours that colour-blind readers tell apart (Okabe and Ito 2008). */
export const PALETTE = {
  blue: "#0072b2",
  orange: "#e69f00",
  pink: "#cc79a7",
  red: "#d55e00",
  green: "#009e73",
  gray: "#767676",
} as const;

const COLOURS = new Map<string, string>([
  ["sample, sequential", PALETTE.red],
  ["sample, jacobi", PALETTE.pink],
  ["sample, incremental", PALETTE.blue],
  [DENSITY, PALETTE.gray],
]);

const POWERS_OF_TEN = [0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000];

/** Time over D, both logarithmic, a panel for each batch size. */
function tradeoff(points: readonly Point[]): string {
  const batches = [...new Set(points.map(({ batch }) => batch))];
  const largest = Math.max(...points.map(({ dim }) => dim));
  const at = { fx: "batch", x: "dim", y: "ms" };
  const densities = points.filter(({ what }) => what === DENSITY);
  const samples = points.filter(({ what }) => what !== DENSITY);
  /** Names at the last points of the last panel; the two lowest end close to each other. */
  const names = (points: readonly Point[], dy: number): Plot.Text =>
    Plot.text(points.filter(({ dim, batch }) => dim === largest && batch === batches.at(-1)), {
      ...at,
      text: "what",
      fill: "what",
      textAnchor: "start",
      dx: 8,
      dy,
    });
  return svg(
    {
      width: 960,
      height: 420,
      marginLeft: 60,
      marginRight: 150,
      marginTop: 40,
      marginBottom: 45,
      style: { background: "white", color: "black", fontSize: "13px" },
      x: {
        type: "log",
        label: "coordinates D",
        ticks: [...new Set(points.map(({ dim }) => dim))],
        tickFormat: String,
      },
      y: {
        type: "log",
        label: "median time, ms",
        grid: true,
        ticks: POWERS_OF_TEN,
        tickFormat: String,
      },
      fx: { label: null, domain: batches },
      color: { domain: [...COLOURS.keys()], range: [...COLOURS.values()] },
      marks: [
        Plot.line(densities, { ...at, stroke: "what", strokeWidth: 2, strokeDasharray: "4 3" }),
        Plot.line(samples, { ...at, stroke: "what", strokeWidth: 2 }),
        Plot.dot(points, { ...at, fill: "what", r: 3.5 }),
        names(densities, 8),
        names(samples, -2),
      ],
    },
    "Time of a masked autoregressive flow over its number of coordinates: densities take one pass, " +
      "samples are drawn sequentially, by Jacobi iteration and incrementally.",
  );
}

/** A plot as SVG. */
export function svg(options: Plot.PlotOptions, description: string): string {
  const page = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
    readonly document: NonNullable<Plot.PlotOptions["document"]>;
  };
  const element = Plot.plot({ ...options, document: page.document });
  element.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", description);
  return element.outerHTML + "\n";
}

/** Drawings in one, at their places. */
export function arrange(
  drawings: readonly { readonly svg: string; readonly x: number; readonly y: number }[],
  { width, height }: { readonly width: number; readonly height: number },
  description: string,
): string {
  const placed = drawings.map(({ svg, x, y }) => svg.replace("<svg ", `<svg x="${x}" y="${y}" `));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img" ` +
    `aria-label="${description}">` +
    `<rect width="100%" height="100%" fill="white"/>${placed.join("")}</svg>\n`;
}
