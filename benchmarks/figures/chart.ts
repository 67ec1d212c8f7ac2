import * as Plot from "npm:@observablehq/plot@0.6.17";
import { parseHTML } from "npm:linkedom@0.18.15";
import type { Variant } from "../plan.ts";

export { Plot };

/** Colours that colour-blind readers tell apart (Okabe and Ito 2008). */
export const PALETTE = {
  blue: "#0072b2",
  orange: "#e69f00",
  pink: "#cc79a7",
  red: "#d55e00",
  green: "#009e73",
  gray: "#767676",
} as const;

/** The colour of each family, and another for each symbol: told apart in gray, too. */
const FAMILY_STYLE: {
  readonly [family: string]: { readonly colour: string; readonly symbol: string };
} = {
  nice: { colour: PALETTE.pink, symbol: "triangle" },
  realnvp: { colour: PALETTE.orange, symbol: "square" },
  glow: { colour: PALETTE.green, symbol: "diamond" },
  maf: { colour: PALETTE.blue, symbol: "circle" },
  iaf: { colour: PALETTE.red, symbol: "star" },
};

const OTHER = { colour: PALETTE.gray, symbol: "cross" } as const;

/** The style of a family, or that of all others. */
export function styleOf(family: string): { readonly colour: string; readonly symbol: string } {
  return FAMILY_STYLE[family] ?? OTHER;
}

/** Dashes of lines. */
export const DASHES = {
  solid: "none",
  dashed: "5 3",
  dotted: "1.5 2",
  "dash-dot": "5 2 1.5 2",
} as const;

/**
 * Full symbols and solid lines for flat flows, empty and dashed for deep ones, with a dark middle and dashes and dots
 * for those of mixtures, pale and dotted for others.
 */
export function variantStyle(
  variant: Variant,
  colour: string,
): { readonly fill: string; readonly line: keyof typeof DASHES } {
  if (variant === "flat") return { fill: colour, line: "solid" };
  if (variant === "deep") return { fill: "none", line: "dashed" };
  if (variant === "mixture") return { fill: "currentColor", line: "dash-dot" };
  return { fill: `${colour}66`, line: "dotted" };
}

/** Where each of some names begins, px, if they stand in a line with some space behind each. */
export function inLine(names: readonly string[], space: number): number[] {
  const widths = names.map((name) => 7.5 * name.length + space);
  return names.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
}

/** How a model is drawn. */
export interface Legend {
  readonly model: string;
  readonly colour: string;
  readonly fill: string;
  readonly symbol: string;
}

/** A line of symbols with the names of the models, above the panel that `place` says. */
export function legend(points: readonly Legend[], place: Plot.TextOptions): Plot.Markish[] {
  const models = [...new Map(points.map((point) => [point.model, point])).values()];
  const dx = inLine(models.map(({ model }) => model), 40);
  return models.flatMap(({ model, colour, fill, symbol }, i) => {
    const above = { ...place, frameAnchor: "top-left", dy: -26 } as const;
    const style = { fill, stroke: colour, symbol: () => symbol, r: 4 };
    return [
      Plot.dot([model], { ...above, dx: dx[i]! + 8, ...style }),
      Plot.text([model], { ...above, dx: dx[i]! + 18, dy: -31, text: () => model }),
    ];
  });
}

/** Ticks of a logarithmic axis over some times, ms. */
export function powersOfTen(times: readonly number[]): number[] {
  const known = times.filter(Number.isFinite);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return [0.001, 0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000].filter((tick) =>
    tick >= least / 1.6 && tick <= most * 1.6
  );
}

/** Attributes with positions, which need no more than hundredths of a pixel. */
const GEOMETRY = / (?:d|[xyr]|[xy][12]|c[xy]|transform)="[^"]*"/g;

/** A plot as SVG whose ink is that of the page around it. */
export function chart(options: Plot.PlotOptions, description: string): string {
  const style = { background: "transparent", color: "currentColor", fontSize: "13px" };
  return svg({ ...options, style }, description).replace(
    GEOMETRY,
    (attribute) =>
      attribute.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

/** The same to stand alone, as light or dark as the reader's screen. */
export function standalone(svg: string): string {
  const style = "<style>svg{background:#fff;color:#1b1f24}" +
    "@media (prefers-color-scheme:dark){svg{background:#12161c;color:#e6edf3}}</style>";
  return svg.replace(/ style="[^"]*"/, ' style="font-size:13px"').replace(/>/, `>${style}`);
}

/** A plot as SVG. */
export function svg(options: Plot.PlotOptions, description: string): string {
  const page = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
    readonly document: NonNullable<Plot.PlotOptions["document"]>;
  };
  const element = Plot.plot({ ...options, document: page.document });
  // Groups have no role, so they may have no label; the description is that of the whole.
  for (const part of element.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
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
