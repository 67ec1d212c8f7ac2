import { chart, legend, Plot, styleOf } from "./chart.ts";
import { inRows, LEAST_GAP } from "./_panels.ts";
import { decisiveOf, type QualityRun } from "../plan.ts";
import type { Record } from "../record.ts";
import { settingOf } from "../tables/models.ts";
import { grouped, spaced } from "../tables/format.ts";

/**
 * What more steps gain: the KL of each flow of variant `long` over that of the flat flow of its seed, and in small
 * dots over those of the flat flows of other seeds; a panel for each data set.
 */
export function drawBudgets(records: readonly Record[]): string | null {
  const scored = records.filter(({ run, status, scores }) =>
    run.kind === "quality" && run.train !== null && status === "ok" && scores?.klNats != null
  );
  const [flat, long] = ["flat", "long"].map((variant) =>
    scored.filter(({ run }) => run.variant === variant)
  ) as [Record[], Record[]];
  const flatOf = Map.groupBy(flat, subject);
  const pairs = long.flatMap((after) =>
    (flatOf.get(subject(after)) ?? []).map((before) => ({ before, after }))
  );
  const setting = settingOf(pairs.map(({ after }) => after));
  const points = pairs.map(({ before, after }) => {
    const { dataset, family } = after.run;
    const { colour, symbol } = styleOf(family);
    const model = family + setting(after);
    return {
      dataset: spaced(dataset),
      model,
      isOfOneSeed: before.run.seed === after.run.seed,
      ratio: drawn(after) / drawn(before),
      colour,
      fill: colour,
      symbol,
      title: `${model} on ${spaced(dataset)}: ${told(after)}; ${told(before)}`,
    };
  });
  const [ofOneSeed, ofOthers] = [true, false].map((is) =>
    points.filter(({ isOfOneSeed }) => isOfOneSeed === is)
  ) as [typeof points, typeof points];
  if (ofOneSeed.length === 0) return null;
  const at = { fy: "dataset", y: "model", x: "ratio", fill: "colour", title: "title" };
  const [before, after] = (["before", "after"] as const).map((which) =>
    [...new Set(pairs.map((pair) => grouped(stepsOf(pair[which].run))))].join(" or ")
  );
  return chart(
    {
      ...inRows(ofOneSeed),
      x: {
        type: "log",
        label: `KL(data || flow) after ${after} steps / KL after ${before} steps`,
        grid: true,
        tickFormat: String,
        ticks: [0.1, 0.2, 0.5, 1, 2, 5],
      },
      marks: [
        ...legend(ofOneSeed, { fy: () => ofOneSeed[0]!.dataset }),
        Plot.ruleX([1], { stroke: "currentColor" }),
        Plot.dot(ofOthers, { ...at, r: 1.5 }),
        Plot.dot(ofOneSeed, { ...at, symbol: "symbol", r: 4 }),
      ],
    },
    `KL to the true density after ${after} steps over that after ${before}, for each family on each toy density`,
  );
}

/** The KL as far as it is drawn, nats. */
function drawn({ scores }: Record): number {
  return Math.max(scores!.klNats!, LEAST_GAP);
}

/** Steps and KL in words. */
function told({ run, scores }: Record): string {
  return `${grouped(stepsOf(run))} steps, seed ${run.seed}: ${scores!.klNats!.toFixed(4)} nats`;
}

function stepsOf(run: Record["run"]): number {
  return (run as QualityRun).train!.maxSteps;
}

/** What is trained, on what and with which code, whatever the steps and the seed, as text. */
function subject({ run, environment: { backend }, config, code }: Record): string {
  const { train, variant: _, ...rest } = decisiveOf(run) as QualityRun;
  return JSON.stringify({
    ...rest,
    seed: null,
    train: { ...train, maxSteps: null, validateEvery: null },
    backend,
    version: config?.familyVersion,
    code: code?.dataset ?? 1,
  });
}
