import { mean, median } from "../metrics.ts";
import { machineOf } from "../environment.ts";
import type { Record, Timing } from "../record.ts";

/** How the time of one operation grows with the number of coordinates D. */
export interface Scaling {
  readonly record: Record;
  readonly timing: Timing;
  /** The dims that were timed, ascending. */
  readonly dims: readonly number[];
  /** Median time at each of them, ms. */
  readonly ms: readonly number[];
  /** b of the least-squares fit log(ms) = a + b log(D) over the dims from 8 on; null for fewer than 3. */
  readonly exponent: number | null;
  /**
   * The least dim from which on this way is faster than D sequential passes, of the dims in which both
   * were timed; null where there is none.
   */
  readonly fasterFromDim: number | null;
}

/** Fits start here: below, a call costs what it costs whatever D is. */
const FIRST_DIM = 8;

/** One row for each suite, profile, family, operation, method, batch and machine of the timing records. */
export function scalings(records: readonly Record[]): Scaling[] {
  const rows = records.flatMap((record) => record.timings.map((timing) => ({ record, timing })));
  const key = (
    { record: { run, environment }, timing: { op, batch, method } }: typeof rows[number],
    as: string = method,
  ) => {
    return JSON.stringify([
      ...[run.suite, run.profile, run.family, op, batch, as],
      machineOf(environment),
    ]);
  };
  const groups = Map.groupBy(rows, (row) => key(row));
  return [...groups.values()].map((group) => {
    const times = timesByDim(group);
    const sequential = timesByDim(groups.get(key(group[0]!, "sequential")) ?? []);
    const dims = [...times.keys()].sort((a, b) => a - b);
    const fitted = dims.filter((dim) => dim >= FIRST_DIM);
    const compared = dims.filter((dim) => sequential.has(dim));
    const isFaster = (dim: number) => times.get(dim)! < sequential.get(dim)!;
    const from = compared.findIndex((_, i) => compared.slice(i).every(isFaster));
    return {
      ...group[0]!,
      dims,
      ms: dims.map((dim) => times.get(dim)!),
      exponent: fitted.length < 3
        ? null
        : slope(fitted.map(Math.log), fitted.map((dim) => Math.log(times.get(dim)!))),
      fasterFromDim: compared[from] ?? null,
    };
  });
}

function timesByDim(
  rows: readonly { readonly record: Record; readonly timing: Timing }[],
): Map<number, number> {
  return new Map(rows.map(({ record: { run }, timing }) => [
    run.kind === "timing" ? run.dim : 0,
    median(timing.samplesMs),
  ]));
}

/** The slope of the least-squares line through points. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i]! - my), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}
