import type { Run } from "../plan.ts";

/**
 * One of n parts of a plan: the parts are disjoint, make up the whole, and take about as long as each
 * other. The longest run goes to the part that has least to do, then the next one (Graham 1969); the
 * same plan is always divided in the same way. What is timed counts as one run, as times of two machines
 * do not compare.
 *
 * @param plan Its order is kept.
 * @param index Which part, from 1 to n.
 * @param n Number of parts.
 */
export function shard(plan: readonly Run[], index: number, n: number): Run[] {
  const seconds = new Float64Array(n);
  const partOf = new Map<Run, number>();
  const timed = plan.filter(({ kind }) => kind === "timing");
  const units = [...plan.filter(({ kind }) => kind !== "timing").map((run) => [run]), timed]
    .map((runs) => ({ runs, cost: runs.reduce((sum, run) => sum + run.expectedSeconds, 0) }));
  for (const { runs, cost } of units.sort((a, b) => b.cost - a.cost)) {
    const part = seconds.reduce((least, own, i) => own < seconds[least]! ? i : least, 0);
    seconds[part]! += cost;
    for (const run of runs) partOf.set(run, part);
  }
  return plan.filter((run) => partOf.get(run) === index - 1);
}
