import type { QualityRun, TimingRun } from "../plan.ts";
import { chart, PALETTE, Plot, powersOfTen, styleOf } from "./chart.ts";
import { duration } from "../tables/format.ts";
import { bits, modelsOf } from "../tables/models.ts";
import type { Record } from "../record.ts";
import { hardest } from "../tables/timings.ts";

/**
 * Sampling against density time of each family and method, with the bits/dim on MNIST of the flow of as many
 * layers and the same widths, if there is one.
 */
export function drawDirections(records: readonly Record[]): string | null {
  const hard = hardest(records);
  const [first] = hard;
  if (!first) return null;
  const mnist = modelsOf(records).filter(({ run, records: [own] }) =>
    run.variant === "flat" && run.suite === "mnist" && run.dataset === "mnist" &&
    own!.environment.backend === first.record.environment.backend
  );
  const groups = Map.groupBy(hard, ({ run }) => run.family);
  const points = [...groups].flatMap(([family, group]) => {
    const find = (op: string, method: string) =>
      group.find(({ timing }) => timing.op === op && timing.method === method) ??
        group.find(({ timing }) => timing.op === op && timing.method === "direct");
    const methods = [...new Set(group.map(({ timing }) => timing.method))].filter((method) =>
      method !== "direct"
    );
    const size = sizeOf(group[0]!.run);
    const model = mnist.find(({ run }) => run.family === family && sizeOf(run) === size);
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
  if (points.length === 0) return null;
  const all = points.flatMap(({ sample, density }) => [sample, density]);
  // Room for labels on the left of the fastest.
  const [low, high] = [Math.min(...all) / 5, Math.max(...all) * 1.6];
  const ticks = powersOfTen(all);
  const side = 680;
  const pixel = (ms: number) => side * Math.log(ms / low) / Math.log(high / low);
  const texts = points.map(({ name, score }) =>
    score === null ? name : `${name}: ${score.toFixed(2)}`
  );
  const places = placeLabels(points.map(({ density, sample }, i) => ({
    x: pixel(density),
    y: side - pixel(sample),
    width: 6.8 * texts[i]!.length,
  })));
  return chart({
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
}

function sizeOf({ flow: { layers, hidden } }: QualityRun | TimingRun): string {
  return JSON.stringify([layers, hidden]);
}

/** Where each label stands beside its point, so that none covers another one or a point: the shortest first. */
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
  const taken: Box[] = points.map(({ x, y }) => boxOf(x - 9, y, 18, 9));
  const places = new Map<
    typeof points[number],
    { textAnchor: "start" | "end"; dx: number; dy: number }
  >();
  for (const point of points.toSorted((a, b) => a.width - b.width)) {
    const { x, y, width } = point;
    const choices = [0, 14, -14, 28, -28].flatMap((dy) => [
      { textAnchor: "start" as const, dx: 12, dy, box: boxOf(x + 12, y + dy, width, 7) },
      { textAnchor: "end" as const, dx: -12, dy, box: boxOf(x - 12 - width, y + dy, width, 7) },
    ]);
    const isFree = ([left, right, top, bottom]: Box) =>
      left > 0 && !taken.some((b) => left < b[1] && b[0] < right && top < b[3] && b[2] < bottom);
    const { box, ...place } = choices.find(({ box }) => isFree(box)) ?? choices[0]!;
    taken.push(box);
    places.set(point, place);
  }
  return points.map((point) => places.get(point)!);
}
