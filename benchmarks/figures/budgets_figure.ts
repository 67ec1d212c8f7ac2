import { chart, legend, Plot, styleOf } from "./chart.ts";
import { GAP_TICKS, inPanels, LEAST_GAP } from "./_panels.ts";
import { decisiveOf, type QualityRun } from "../plan.ts";
import type { Record } from "../record.ts";
import { settingOf } from "../tables/models.ts";
import { spaced } from "../tables/format.ts";

/**
 * The gap of each flat flow after its steps, and a line to that of variant `long` where there is one of the same
 * seed; a panel for each data set.
 */
export function drawBudgets(records: readonly Record[]): string | null {
  const scored = records.filter(({ run, status, scores }) =>
    run.kind === "quality" && run.train !== null && ["flat", "long"].includes(run.variant) &&
    status === "ok" && scores?.klNats != null
  );
  const [flat, long] = ["flat", "long"].map((variant) =>
    scored.filter(({ run }) => run.variant === variant)
  ) as [Record[], Record[]];
  const flatBySeed = new Map(flat.map((record) => [ofSeed(record), record]));
  const longModels = new Set(long.map(ofModel));
  const paired = long.filter((record) => flatBySeed.has(ofSeed(record)));
  if (paired.length === 0) return null;
  const setting = settingOf(paired);
  const pairs = paired.flatMap((record) => [flatBySeed.get(ofSeed(record))!, record].map(pointOf));
  const others = flat.filter((record) => longModels.has(ofModel(record))).map(pointOf);

  function pointOf(record: Record) {
    const { dataset, family, seed, train } = record.run as QualityRun;
    const { colour, symbol } = styleOf(family);
    const model = family + setting(record);
    const kl = record.scores!.klNats!;
    return {
      dataset: spaced(dataset),
      model,
      seeds: ofSeed(record),
      steps: train!.maxSteps,
      gap: Math.max(kl, LEAST_GAP),
      colour,
      fill: colour,
      symbol,
      title: `${model} on ${spaced(dataset)}, ${train!.maxSteps} steps, seed ${seed}: ` +
        `${kl.toFixed(4)} nats`,
    };
  }

  const steps = [...new Set(pairs.map(({ steps }) => steps))];
  const panels = inPanels([...new Set(pairs.map(({ dataset }) => dataset))]);
  const models = [...new Set(pairs.map(({ model }) => model))];
  const marksOf = (model: string, i: number) => {
    const of = (points: typeof pairs) => points.filter((point) => point.model === model);
    // Models stand beside each other.
    const at = { ...panels.at, x: "steps", y: "gap", dx: 5 * (i - (models.length - 1) / 2) };
    return [
      Plot.dot(of(others), { ...at, fill: "colour", r: 1.5, title: "title" }),
      Plot.line(of(pairs), { ...at, z: "seeds", stroke: "colour", strokeWidth: 2 }),
      Plot.dot(of(pairs), { ...at, fill: "colour", symbol: "symbol", r: 3.5, title: "title" }),
    ];
  };
  return chart(
    {
      ...panels.options,
      x: {
        type: "log",
        label: "steps",
        domain: [Math.min(...steps) / 1.4, Math.max(...steps) * 1.4],
      },
      y: {
        type: "log",
        label: "KL(data || flow), nats",
        grid: true,
        ticks: GAP_TICKS,
        // Below the least gap stands the name of the panel.
        domain: [LEAST_GAP / 3, Math.max(1, ...[...pairs, ...others].map(({ gap }) => gap))],
      },
      symbol: { type: "identity" },
      marks: [
        Plot.axisX(steps, { text: String }),
        ...panels.marks,
        ...models.flatMap(marksOf),
        ...legend(pairs, { fx: () => 0, fy: () => 0 }),
      ],
    },
    "Gap to the entropy of each family after the steps of flat flows and after four times as many",
  );
}

/** What is trained, on what and with which code, whatever the steps. */
function subject({ run, environment: { backend }, config, code }: Record): object {
  const { train, variant: _, ...rest } = decisiveOf(run) as QualityRun;
  const same = { ...train, maxSteps: null, validateEvery: null };
  return {
    ...rest,
    train: same,
    backend,
    version: config?.familyVersion,
    code: code?.dataset ?? 1,
  };
}

function ofSeed(record: Record): string {
  return JSON.stringify(subject(record));
}

function ofModel(record: Record): string {
  return JSON.stringify({ ...subject(record), seed: null });
}
