import { drawPoints } from "../../datasets/load_dataset.ts";
import { DATASETS } from "../../datasets/mod.ts";
import { chart, DASHES, inLine, Plot, styleOf, variantStyle } from "./chart.ts";
import { GAP_TICKS, LEAST_GAP } from "./_panels.ts";
import { spaced } from "../tables/format.ts";
import { mean, median } from "../metrics.ts";
import { comparedToys, type Model, settingOf } from "../tables/models.ts";
import type { QualityRun } from "../plan.ts";
import type { Record } from "../record.ts";

/** Panels of a line. */
const COLUMNS = 3;

/** How the gap to the true density falls in training, a panel for each data set whose entropy is known. */
export function drawConvergence(records: readonly Record[]): string | null {
  const models = comparedToys(records);
  const setting = settingOf(models.flatMap(({ records }) => records));
  const floors = new Map<string, number>();
  const floorOf = (run: QualityRun): number => {
    const key = `${run.dataset} ${run.counts?.validation} ${run.seed}`;
    if (!floors.has(key)) floors.set(key, validationFloor(run));
    return floors.get(key)!;
  };
  const points = models.flatMap((model) => {
    const { colour } = styleOf(model.run.family);
    const { line } = variantStyle(model.run.variant, colour);
    return gapCurve(model, floorOf).map(({ step, gap }) => ({
      dataset: spaced(model.run.dataset),
      model: model.name + setting(model.records[0]!),
      step,
      gap: Math.max(gap, LEAST_GAP),
      colour,
      line,
    }));
  });
  if (points.length === 0) return null;
  const datasets = [...new Set(points.map(({ dataset }) => dataset))];
  const panels = inPanels(datasets);
  const steps = points.map(({ step }) => step);
  const ticks = [100, 300, 1_000, 3_000, 10_000, 30_000]
    .filter((tick) => tick >= Math.min(...steps) && tick <= Math.max(...steps));
  const at = {
    ...panels.at,
    x: "step",
    y: "gap",
    z: "model",
    stroke: "colour",
    strokeWidth: 2,
    title: "model",
  };
  return chart({
    ...panels.options,
    x: { type: "log", label: "steps", grid: true, ticks },
    y: { type: "log", label: "gap, nats", grid: true, ticks: GAP_TICKS },
    marks: [
      Plot.axisX({ ticks, tickFormat: "d" }),
      ...panels.marks,
      ...Object.entries(DASHES).map(([name, strokeDasharray]) =>
        Plot.line(points.filter(({ line }) => line === name), { ...at, strokeDasharray })
      ),
      ...names(points),
    ],
  }, "Validation loss minus the true density's over steps, the median over seeds");
}

/**
 * The loss of the true density over the validation points of a run on a toy, nats: the entropy, but for the noise
 * that these points, which are the seed's own, have in all losses.
 */
export function validationFloor({ dataset, counts, seed }: QualityRun): number {
  const toy = DATASETS[dataset];
  if (toy?.kind !== "toy") throw new RangeError(`Cannot tell the density of ${dataset}`);
  const points = drawPoints(toy, "validation", counts?.validation, seed);
  const logDensities = Array.from(
    { length: points.length / 2 },
    (_, i) => toy.logDensity(points[2 * i]!, points[2 * i + 1]!),
  );
  return -mean(logDensities);
}

/**
 * The median over seeds of validation loss minus that of the true density, at each look, as long as all seeds
 * were trained.
 */
function gapCurve(
  { records, scores }: Model,
  floorOf: (run: QualityRun) => number,
): { step: number; gap: number }[] {
  if (typeof scores[0]?.floorNats !== "number") return [];
  const looks = records.flatMap(({ run, training }) => {
    const floor = floorOf(run as QualityRun);
    return (training?.curve ?? []).map(({ step, validationNats }) => ({
      step,
      gap: validationNats - floor,
    }));
  });
  return [...Map.groupBy(looks, ({ step }) => step)]
    .filter(([, looks]) => looks.length === records.length)
    .map(([step, looks]) => ({ step, gap: median(looks.map(({ gap }) => gap)) }));
}

/** The names of the models in their colours, above the first panel. */
function names(
  points: readonly {
    readonly model: string;
    readonly colour: string;
    readonly line: keyof typeof DASHES;
  }[],
) {
  const models = [...new Map(points.map((point) => [point.model, point])).values()];
  const texts = models.map(({ model, line }) => line === "solid" ? model : `${model} (${line})`);
  const dx = inLine(texts, 30);
  return models.map(({ colour }, i) =>
    Plot.text([texts[i]!], {
      fx: () => 0,
      fy: () => 0,
      text: () => texts[i]!,
      fill: colour,
      fontWeight: "bold",
      frameAnchor: "top-left",
      textAnchor: "start",
      dx: dx[i]!,
      dy: -36,
    })
  );
}

/** A panel for each data set: where each stands, the options of the whole, and the marks of names and of the axis of gaps. */
function inPanels(datasets: readonly string[]) {
  const place = {
    fx: (dataset: string): number => datasets.indexOf(dataset) % COLUMNS,
    fy: (dataset: string): number => Math.floor(datasets.indexOf(dataset) / COLUMNS),
  };
  return {
    at: {
      fx: ({ dataset }: { dataset: string }) => place.fx(dataset),
      fy: ({ dataset }: { dataset: string }) => place.fy(dataset),
    },
    options: {
      width: 900,
      height: 110 + 170 * Math.ceil(datasets.length / COLUMNS),
      marginLeft: 50,
      marginRight: 15,
      marginTop: 55,
      marginBottom: 40,
      fx: { axis: null },
      fy: { axis: null },
    },
    marks: [
      Plot.axisY({ ticks: GAP_TICKS, tickFormat: String }),
      Plot.text(datasets, {
        ...place,
        text: (dataset: string) => dataset,
        frameAnchor: "bottom",
        dy: -6,
        fontWeight: "bold",
      }),
    ],
  } as const;
}
