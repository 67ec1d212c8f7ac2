import { chart, legend, Plot, styleOf } from "./chart.ts";
import { inRows } from "./_panels.ts";
import { decisiveOf, type QualityRun } from "../plan.ts";
import type { Record } from "../record.ts";
import { canonical } from "../canonical.ts";
import { settingOf } from "../tables/models.ts";
import { grouped, spaced } from "../tables/format.ts";

/** A KL below, nats, counts as this: by test points it is known to some thousandths, and its ratios are noise. */
export const LEAST_COMPARED = 5e-3;

/**
 * What more steps gain: the KL of each flow of variant `long` over that of the flat flow of its seed, and in small
 * dots over those of the flat flows of other seeds; a panel for each data set.
 *
 * @param records The current ones: of one budget a seed.
 */
export function drawBudgets(records: readonly Record[]): string | null {
  const scored = records.filter(({ run, status, scores }) =>
    run.kind === "quality" && run.train !== null && status === "ok" && scores?.klNats != null
  );
  const [flat, long] = ["flat", "long"].map((variant) =>
    scored.filter(({ run }) => run.variant === variant)
  ) as [Record[], Record[]];
  const flatOf = Map.groupBy(flat, subject);
  const pairs = long.flatMap((after) => {
    const all = flatOf.get(subject(after)) ?? [];
    return all.some((before) => isOfOneSeed({ before, after }))
      ? all.map((before) => ({ before, after }))
      : [];
  });
  if (pairs.length === 0) return null;
  const setting = settingOf(pairs.map(({ after }) => after));
  const points = pairs.map((pair) => {
    const { before, after } = pair;
    const { dataset, family } = after.run;
    const { colour, symbol } = styleOf(family);
    const model = family + setting(after);
    return {
      dataset: spaced(dataset),
      model,
      isOfOneSeed: isOfOneSeed(pair),
      ratio: compared(after) / compared(before),
      colour,
      fill: colour,
      symbol,
      title: `${model} on ${spaced(dataset)}: ${told(after)}; ${told(before)}`,
    };
  });
  const at = { fy: "dataset", y: "model", x: "ratio", fill: "colour", title: "title" };
  const ratios = points.map(({ ratio }) => ratio);
  const domain = [Math.min(0.2, ...ratios), Math.max(2, ...ratios)] as const;
  const [before, after] = (["before", "after"] as const).map((which) =>
    [...new Set(pairs.map((pair) => grouped(stepsOf(pair[which].run))))].join(" or ")
  );
  return chart(
    {
      ...inRows(points),
      x: {
        type: "log",
        label: `KL(data || flow) after ${after} steps / KL after ${before} steps`,
        grid: true,
        domain,
        tickFormat: String,
        ticks: [0.1, 0.2, 0.5, 1, 2, 5].filter((tick) => domain[0] <= tick && tick <= domain[1]),
      },
      marks: [
        ...legend(points, { fy: () => points[0]!.dataset }),
        Plot.ruleX([1], { stroke: "currentColor" }),
        Plot.dot(points.filter(({ isOfOneSeed }) => !isOfOneSeed), { ...at, r: 1.5 }),
        Plot.dot(points.filter(({ isOfOneSeed }) => isOfOneSeed), {
          ...at,
          symbol: "symbol",
          r: 4,
        }),
      ],
    },
    `KL to the true density after ${after} steps over that after ${before}, for each family on each toy density`,
  );
}

function isOfOneSeed({ before, after }: { readonly [which in "before" | "after"]: Record }) {
  return before.run.seed === after.run.seed;
}

/** The KL as far as ratios take it, nats. */
function compared({ scores }: Record): number {
  return Math.max(scores!.klNats!, LEAST_COMPARED);
}

/** Steps and KL in words. */
function told({ run, scores, training }: Record): string {
  return `best of ${grouped(stepsOf(run))} steps at ${
    grouped(training!.bestStep)
  }, seed ${run.seed}: ` +
    `${scores!.klNats!.toFixed(4)} nats`;
}

function stepsOf(run: Record["run"]): number {
  return (run as QualityRun).train!.maxSteps;
}

/** What is trained, on what and with which code, whatever the steps, their looks and the seed, as text. */
function subject({ run, environment: { backend }, config, code }: Record): string {
  const { train, variant: _, ...rest } = decisiveOf(run) as QualityRun;
  return canonical({
    ...rest,
    seed: null,
    train: { ...train, maxSteps: null, validateEvery: null, patience: null },
    backend,
    version: config?.familyVersion ?? null,
    code: code?.dataset ?? 1,
    file: code?.file ?? null,
  });
}
