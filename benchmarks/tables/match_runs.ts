import type { Run } from "../plan.ts";
import type { Record } from "../record.ts";

/** The records of an output folder that differ in the seed only. */
export interface Slot {
  /** The first of its runs. */
  readonly run: Run;
  readonly backend: string;
  /** Of what was timed; else null. */
  readonly threads: number | null;
  readonly records: readonly Record[];
}

/** What two output folders have in common, and what not. */
export interface Matches {
  readonly pairs: readonly { readonly a: Slot; readonly b: Slot }[];
  readonly onlyA: readonly Slot[];
  readonly onlyB: readonly Slot[];
}

/** What else two slots must agree in, the strictest first: a looser one is for what is left over. */
const AGREEMENTS: readonly ((slot: Slot) => readonly string[])[] = [
  ({ run, backend, threads }) => [run.profile, backend, String(threads)],
  ({ run, backend }) => [run.profile, backend],
  ({ run }) => [run.profile],
  ({ backend }) => [backend],
  () => [],
];

/**
 * Matches the runs of two output folders by suite, data set, family and variant, and by profile,
 * backend and, of what was timed, threads as far as both folders have the same ones. Options of the flow and budgets may differ.
 */
export function matchRuns(a: readonly Record[], b: readonly Record[]): Matches {
  const pairs: { a: Slot; b: Slot }[] = [];
  let [leftA, leftB] = [slots(a), slots(b)];
  for (const agreement of AGREEMENTS) {
    const key = (slot: Slot) => JSON.stringify([...subjectOf(slot.run), ...agreement(slot)]);
    const [inA, inB] = [Map.groupBy(leftA, key), Map.groupBy(leftB, key)];
    for (const [subject, ofA] of inA) {
      for (const a of ofA) for (const b of inB.get(subject) ?? []) pairs.push({ a, b });
    }
    leftA = leftA.filter((slot) => !inB.has(key(slot)));
    leftB = leftB.filter((slot) => !inA.has(key(slot)));
  }
  return { pairs, onlyA: leftA, onlyB: leftB };
}

function slots(records: readonly Record[]): Slot[] {
  const groups = Map.groupBy(records, slotKey);
  return [...groups.values()].map((group) => ({
    run: group[0]!.run,
    backend: group[0]!.environment.backend,
    threads: isTimed(group[0]!.run) ? group[0]!.environment.threads : null,
    records: group,
  }));
}

/** What records have in common that differ in their seed only, as text. */
export function slotKey({ run, environment: { backend, threads } }: Record): string {
  return JSON.stringify([...subjectOf(run), run.profile, backend, isTimed(run) ? threads : null]);
}

function isTimed({ kind }: Run): boolean {
  return kind === "timing";
}

/** What is run, on what, whatever the profile. */
export function subjectOf({ kind, suite, dataset, family, variant }: Run): string[] {
  return [kind, suite, dataset, family, variant];
}
