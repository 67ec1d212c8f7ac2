import { machineOf } from "../environment.ts";
import { quantile } from "../metrics.ts";
import type { TimingRun } from "../plan.ts";
import type { Record, Timing } from "../record.ts";
import { withoutSurpassed } from "./models.ts";

/** One operation as it was timed. */
export interface Timed {
  readonly record: Record;
  readonly run: TimingRun;
  readonly timing: Timing;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
}

/** What tells records of the same apart, but for the processor: profile, backend and, of what was timed, threads. */
export function timedWith({ run, environment }: Record): string {
  const { backend, threads } = machineOf(environment);
  return `${run.profile}, ${backend}${run.kind === "timing" ? `, ${threads}` : ""}`;
}

/** Of what size the flows were that were timed, with what, on what and when: for a note. */
export function timedOn(records: readonly Record[]): string {
  const timed = records.filter(({ timings }) => timings.length > 0);
  const groups = Map.groupBy(timed, (record) => {
    const { layers, hidden } = record.run.flow;
    const size = layers === undefined ? "" : `${layers} layers of ${[hidden].flat().join(" x ")}`;
    return [size, timedWith(record), record.environment.cpu].filter((text) => text !== "").join(
      ", ",
    );
  });
  const texts = [...groups].map(([setting, group]) => {
    const days = new Set(group.map(({ startedAt }) => startedAt.slice(0, 10)));
    return `${setting}, ${[...days].sort().join(", ")}`;
  });
  return texts.length === 0 ? "" : `Timed: ${texts.join("; ")}.`;
}

/** All that was timed. */
export function timedOf(records: readonly Record[]): Timed[] {
  return records.flatMap((record) => {
    const { run } = record;
    if (run.kind !== "timing") return [];
    return record.timings.map((timing) => {
      const sorted = timing.samplesMs.toSorted((a, b) => a - b);
      const [p10Ms, medianMs, p90Ms] = [0.1, 0.5, 0.9].map((q) => quantile(sorted, q));
      return { record, run, timing, medianMs: medianMs!, p10Ms: p10Ms!, p90Ms: p90Ms! };
    });
  });
}

/**
 * What was timed in the most dimensions, in the largest batch for which all ways of inverting were; of several
 * profiles or machines of the one with most of it, and of no profile that paper took the place of.
 */
export function hardest(records: readonly Record[]): Timed[] {
  const timed = timedOf(withoutSurpassed(records));
  const dim = Math.max(...timed.map(({ run }) => run.dim));
  const ofDim = timed.filter(({ run }) => run.dim === dim);
  const compared = ofDim.filter(({ timing }) => timing.method === "sequential");
  const batch = Math.max(
    ...(compared.length > 0 ? compared : ofDim).map(({ timing }) => timing.batch),
  );
  const found = ofDim.filter(({ timing }) => timing.batch === batch);
  const setting = ({ record: { run, environment } }: Timed) =>
    JSON.stringify([run.profile, machineOf(environment)]);
  const groups = [...Map.groupBy(found, setting).values()];
  return groups.reduce((most, group) => group.length > most.length ? group : most, []);
}
