import { drawBudgets } from "./budgets_figure.ts";
import { standalone } from "./chart.ts";
import { drawConvergence } from "./convergence_figure.ts";
import { drawDirections } from "./directions_figure.ts";
import { drawGaps } from "./gaps_figure.ts";
import type { Record } from "../record.ts";
import { drawScaling } from "./scaling_figure.ts";

/** The figures of some records, as SVG by file name; null where there is nothing to draw. */
export function buildFigures(records: readonly Record[]): { [file: string]: string | null } {
  const drawn = {
    "figures/tradeoff.svg": drawScaling(records),
    "figures/directions.svg": drawDirections(records),
    "figures/gaps.svg": drawGaps(records),
    "figures/convergence.svg": drawConvergence(records),
    "figures/budgets.svg": drawBudgets(records),
  };
  return Object.fromEntries(
    Object.entries(drawn).map(([file, svg]) => [file, svg && standalone(svg)]),
  );
}
