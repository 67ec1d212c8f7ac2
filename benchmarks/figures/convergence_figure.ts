import { chart, DASHES, inLine, Plot, styleOf, variantStyle } from "./chart.ts";
import { spaced } from "../tables/format.ts";
import { median } from "../metrics.ts";
import { type Model, modelsOf, settingOf, toyModels, withoutSurpassed } from "../tables/models.ts";
import type { Record } from "../record.ts";

/** Panels of a line. */
const COLUMNS = 3;

/** How the gap to the entropy falls in training, a panel for each data set whose entropy is known. */
export function drawConvergence(records: readonly Record[]): string | null {
  const models = toyModels(modelsOf(withoutSurpassed(records)));
  const setting = settingOf(models.flatMap(({ records }) => records));
  const points = models.flatMap((model) => {
    const { colour } = styleOf(model.run.family);
    const { line } = variantStyle(model.run.variant, colour);
    return gapCurve(model).map(({ step, gap }) => ({
      dataset: spaced(model.run.dataset),
      model: model.name + setting(model.records[0]!),
      step,
      gap: Math.max(gap, 1e-3), // A logarithmic axis has no zero.
      colour,
      line,
    }));
  });
  if (points.length === 0) return null;
  const datasets = [...new Set(points.map(({ dataset }) => dataset))];
  const place = {
    fx: (dataset: string) => datasets.indexOf(dataset) % COLUMNS,
    fy: (dataset: string) => Math.floor(datasets.indexOf(dataset) / COLUMNS),
  };
  const steps = points.map(({ step }) => step);
  const ticks = [100, 300, 1_000, 3_000, 10_000, 30_000]
    .filter((tick) => tick >= Math.min(...steps) && tick <= Math.max(...steps));
  const at = {
    fx: ({ dataset }: { dataset: string }) => place.fx(dataset),
    fy: ({ dataset }: { dataset: string }) => place.fy(dataset),
    x: "step",
    y: "gap",
    z: "model",
    stroke: "colour",
    strokeWidth: 2,
    title: "model",
  };
  return chart({
    width: 900,
    height: 110 + 170 * Math.ceil(datasets.length / COLUMNS),
    marginLeft: 50,
    marginRight: 15,
    marginTop: 55,
    marginBottom: 40,
    x: { type: "log", label: "steps", grid: true, ticks },
    y: { type: "log", label: "gap, nats", grid: true, ticks: [0.001, 0.01, 0.1, 1] },
    fx: { axis: null },
    fy: { axis: null },
    marks: [
      Plot.axisX({ ticks, tickFormat: "d" }),
      Plot.axisY({ ticks: [0.001, 0.01, 0.1, 1], tickFormat: String }),
      ...Object.entries(DASHES).map(([name, strokeDasharray]) =>
        Plot.line(points.filter(({ line }) => line === name), { ...at, strokeDasharray })
      ),
      Plot.text(datasets, {
        ...place,
        text: (dataset: string) => dataset,
        frameAnchor: "bottom-left",
        dy: -6,
        dx: 6,
        fontWeight: "bold",
      }),
      ...legend(points),
    ],
  }, "Validation loss minus entropy over steps of training, the median over seeds");
}

/**
 * The median over seeds of the validation loss at each look, minus the entropy, as long as all seeds were
 * trained.
 */
function gapCurve({ records, scores }: Model): { step: number; gap: number }[] {
  const floor = scores[0]?.floorNats;
  if (typeof floor !== "number") return [];
  const looks = records.flatMap(({ training }) => training?.curve ?? []);
  return [...Map.groupBy(looks, ({ step }) => step)]
    .filter(([, looks]) => looks.length === records.length)
    .map(([step, looks]) => {
      const losses = looks.map(({ validationNats }) => validationNats);
      return { step, gap: median(losses) - floor };
    });
}

/** The names of the models in their colours, above the first panel. */
function legend(
  points: readonly {
    readonly model: string;
    readonly colour: string;
    readonly line: keyof typeof DASHES;
  }[],
) {
  const models = [...new Map(points.map((point) => [point.model, point])).values()];
  const names = models.map(({ model, line }) => line === "solid" ? model : `${model} (${line})`);
  const dx = inLine(names, 30);
  return models.map(({ colour }, i) =>
    Plot.text([names[i]!], {
      fx: () => 0,
      fy: () => 0,
      text: () => names[i]!,
      fill: colour,
      fontWeight: "bold",
      frameAnchor: "top-left",
      textAnchor: "start",
      dx: dx[i]!,
      dy: -36,
    })
  );
}
