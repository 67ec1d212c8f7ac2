import { chart, legend, Plot, styleOf, variantStyle } from "./chart.ts";
import { GAP_TICKS, inRows, LEAST_GAP } from "./_panels.ts";
import { spaced } from "../tables/format.ts";
import { comparedToys, gap, isBaseline, settingOf } from "../tables/models.ts";
import type { Record } from "../record.ts";

/** How far each family is from the entropy, a panel for each data set. */
export function drawGaps(records: readonly Record[]): string | null {
  const models = comparedToys(records)
    .filter((model) => !isBaseline(model) && gap(model) !== null);
  const setting = settingOf(models.flatMap(({ records }) => records));
  const points = models.map((model) => {
    const { colour, symbol } = styleOf(model.run.family);
    const { mean, low, high, over } = gap(model)!;
    const name = model.name + setting(model.records[0]!);
    const title = `${name} on ${spaced(model.run.dataset)}: ${mean.toFixed(4)} nats ` +
      `(${low.toFixed(4)} to ${high.toFixed(4)} over ${over})`;
    return {
      dataset: spaced(model.run.dataset),
      model: name,
      gap: Math.max(mean, LEAST_GAP),
      low: Math.max(low, LEAST_GAP),
      high: Math.max(high, LEAST_GAP),
      colour,
      fill: variantStyle(model.run.variant, colour).fill,
      symbol,
      title,
    };
  });
  if (points.length === 0) return null;
  return chart({
    ...inRows(points),
    x: {
      type: "log",
      label: "KL(data || flow), nats",
      grid: true,
      tickFormat: String,
      ticks: [...GAP_TICKS, 10],
    },
    marks: [
      ...legend(points, { fy: () => points[0]!.dataset }),
      Plot.ruleY(points, {
        fy: "dataset",
        y: "model",
        x1: "low",
        x2: "high",
        stroke: "colour",
        strokeWidth: 2,
      }),
      Plot.dot(points, {
        fy: "dataset",
        y: "model",
        x: "gap",
        fill: "fill",
        stroke: "colour",
        symbol: "symbol",
        r: 3.5,
        title: "title",
      }),
    ],
  }, "Gap to the entropy of each family on each toy density, with 95 % intervals");
}
