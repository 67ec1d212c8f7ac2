import { chart, inRowsOf, legend, panelNames, Plot, styleOf } from "./chart.ts";
import { gap, type Model, modelsOf, toyModels } from "../tables/models.ts";
import { spaced } from "../tables/format.ts";
import type { Record } from "../record.ts";

/** Panels of a line. */
const COLUMNS = 3;

/** Nats; a logarithmic axis has no zero. */
const TICKS = [0.001, 0.01, 0.1, 1];

/** The gap of flat flows after their steps and after those of variant `long`, a panel for each data set. */
export function drawBudgets(records: readonly Record[]): string | null {
  const models = toyModels(modelsOf(records));
  const points = models.filter(({ run }) => run.variant === "long").flatMap((long) => {
    const flat = models.find((model) => isSameButForSteps(model, long));
    return [flat, long].flatMap((model) => (model && pointOf(model)) ?? []);
  });
  if (points.length === 0) return null;
  const datasets = [...new Set(points.map(({ dataset }) => dataset))];
  const steps = [...new Set(points.map(({ steps }) => steps))];
  const place = inRowsOf(COLUMNS, datasets);
  const at = {
    fx: ({ dataset }: { dataset: string }) => place.fx(dataset),
    fy: ({ dataset }: { dataset: string }) => place.fy(dataset),
    x: "steps",
    stroke: "colour",
  };
  return chart(
    {
      width: 900,
      height: 110 + 170 * Math.ceil(datasets.length / COLUMNS),
      marginLeft: 50,
      marginRight: 15,
      marginTop: 55,
      marginBottom: 40,
      x: {
        type: "log",
        label: "steps",
        domain: [Math.min(...steps) / 1.4, Math.max(...steps) * 1.4],
      },
      y: {
        type: "log",
        label: "KL(data || flow), nats",
        grid: true,
        ticks: TICKS,
        domain: [TICKS[0], Math.max(1, ...points.map(({ high }) => high))],
      },
      fx: { axis: null },
      fy: { axis: null },
      symbol: { type: "identity" },
      marks: [
        Plot.axisX(steps, { text: String }),
        Plot.axisY({ ticks: TICKS, tickFormat: String }),
        ...[...Map.groupBy(points, ({ model }) => model).values()].flatMap((line, i) => {
          const aside = { ...at, dx: 4 * i - 8 }; // Intervals of several families stand beside each other.
          return [
            Plot.ruleX(line, { ...aside, y1: "low", y2: "high", strokeOpacity: 0.5 }),
            Plot.line(line, { ...aside, y: "gap", z: "dataset", strokeWidth: 2 }),
            Plot.dot(line, {
              ...aside,
              y: "gap",
              fill: "colour",
              symbol: "symbol",
              r: 3.5,
              title: "title",
            }),
          ];
        }),
        panelNames(datasets, place),
        ...legend(points, { fx: () => 0, fy: () => 0 }),
      ],
    },
    "Gap to the entropy of each family after the steps of flat flows and after four times as many",
  );
}

function isSameButForSteps({ run, setting }: Model, long: Model): boolean {
  return run.variant === "flat" && run.family === long.run.family &&
    run.dataset === long.run.dataset && setting === long.setting;
}

function pointOf(model: Model) {
  const interval = gap(model);
  const { dataset, family, train } = model.run;
  if (interval === null || train === null) return null;
  const [mean, low, high] = [interval.mean, interval.low, interval.high]
    .map((value) => Math.max(value, TICKS[0]!));
  const { colour, symbol } = styleOf(family);
  return {
    dataset: spaced(dataset),
    model: family,
    steps: train.maxSteps,
    gap: mean!,
    low: low!,
    high: high!,
    colour,
    fill: colour,
    symbol,
    title: `${model.name} on ${spaced(dataset)}: ${interval.mean.toFixed(4)} nats`,
  };
}
