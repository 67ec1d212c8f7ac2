import { DATASETS } from "../../datasets/mod.ts";
import {
  type Bounds,
  normalInterval,
  ratioOfMedians,
  tInterval,
  welchInterval,
} from "./_statistics.ts";
import { type Matches, matchRuns, type Slot } from "./match_runs.ts";
import { bitsOf, labelNats } from "./models.ts";
import { mean, median } from "../metrics.ts";
import type { Record, Timing } from "../record.ts";

/** The unit of a quantity; lower is better in all of them. */
export type Unit = "nats" | "bits/dim" | "ms";

/** Changes above these are regressions, if their intervals say so too; of times it is a ratio. */
export type Limits = { readonly [unit in Unit]: number };

/** The change that is none: of times the change is a ratio. */
export const NO_CHANGE: Limits = { nats: 0, "bits/dim": 0, ms: 1 };

/** How a quantity differs between two output folders. */
export interface Change extends Bounds {
  /** Means over seeds, or median times. */
  readonly a: number;
  readonly b: number;
  /** B - A; of times B / A. */
  readonly change: number;
  /** What the 95 % interval is made of. */
  readonly interval: "paired seeds" | "seeds" | "test points" | "repetitions";
  /** Seeds, or repetitions. */
  readonly countA: number;
  readonly countB: number;
}

/** One quantity in two output folders. */
export interface Comparison {
  readonly a: Slot;
  readonly b: Slot;
  /** Of times: of what. */
  readonly timing: Pick<Timing, "op" | "method" | "batch"> | null;
  readonly unit: Unit;
  /** Null where a folder has no run of it that is ok. */
  readonly change: Change | null;
  /** "worse" and "better": the interval excludes no change; "regression": beyond the limit too, or broken. */
  readonly verdict: "regression" | "worse" | "better" | "unclear";
  /** Whether a run of B is not ok that was in A. */
  readonly isBroken: boolean;
  /** Which runs are not ok, and why; and whether the data differ. */
  readonly reason: string;
}

/** What {@link compareRecords} finds. */
export interface ComparedFolders extends Omit<Matches, "pairs"> {
  /** By unit, the largest regression first. */
  readonly comparisons: readonly Comparison[];
}

/** Compares the records of two output folders: B against A. */
export function compareRecords(
  a: readonly Record[],
  b: readonly Record[],
  limits: Limits,
): ComparedFolders {
  const { pairs, ...rest } = matchRuns(a, b);
  const comparisons = pairs.flatMap(({ a, b }) => {
    const failed = failures(a, b);
    return changesOf(a, b).map((found): Comparison => {
      const verdict = failed.isBroken ? "regression" : verdictOf(found.change, found.unit, limits);
      return { a, b, ...found, verdict, ...failed };
    });
  });
  const size = ({ isBroken, change }: Comparison): number =>
    isBroken ? Infinity : change?.change ?? -Infinity;
  const units = Object.keys(NO_CHANGE);
  comparisons.sort((x, y) =>
    units.indexOf(x.unit) - units.indexOf(y.unit) || (size(x) === size(y) ? 0 : size(y) - size(x))
  );
  return { comparisons, ...rest };
}

function verdictOf(change: Change | null, unit: Unit, limits: Limits): Comparison["verdict"] {
  if (change === null || change.low === null || change.high === null) return "unclear";
  if (change.high < NO_CHANGE[unit]) return "better";
  if (change.low <= NO_CHANGE[unit]) return "unclear";
  return change.change > limits[unit] ? "regression" : "worse";
}

/** A run of B was ok in A if that of the same seed was; where A has not that seed, if any was. */
function failures(a: Slot, b: Slot): Pick<Comparison, "isBroken" | "reason"> {
  const bad = ({ records }: Slot) => records.filter(({ status }) => status !== "ok");
  const wasOk = ({ run }: Record): boolean => {
    const same = a.records.filter(({ run: { seed } }) => seed === run.seed);
    return (same.length > 0 ? same : a.records).some(({ status }) => status === "ok");
  };
  const tell = (folder: string) => ({ run, status, reason }: Record) =>
    `seed ${run.seed} ${status} in ${folder}: ${reason}`;
  return {
    isBroken: bad(b).some(wasOk),
    reason: [...bad(b).map(tell("B")), ...bad(a).map(tell("A")), ...otherData(a, b)].join("; "),
  };
}

/** Says so where one seed was trained and scored on different rows, as of a file that changed. */
function otherData(a: Slot, b: Slot): string[] {
  const isOther = a.records.some(({ run, scores }) =>
    b.records.some((other) =>
      other.run.seed === run.seed && scores && other.scores &&
      other.scores.dataHash !== scores.dataHash
    )
  );
  return isOther ? ["the data are not the same"] : [];
}

type Found = Pick<Comparison, "timing" | "unit" | "change">;

function changesOf(a: Slot, b: Slot): Found[] {
  const [okA, okB] = [a, b].map(({ records }) => records.filter(({ status }) => status === "ok"));
  if (a.run.kind === "timing") {
    const found = timeChanges(okA!, okB!);
    return found.length > 0 ? found : [{ timing: null, unit: "ms", change: null }];
  }
  const unit = DATASETS[a.run.dataset]?.kind === "images" ? "bits/dim" : "nats";
  const [scoresA, scoresB] = [okA!, okB!].map((records) =>
    records.map((record) => scoreOf(record, unit))
  );
  const isEmpty = scoresA!.length === 0 || scoresB!.length === 0;
  return [{ timing: null, unit, change: isEmpty ? null : scoreChange(scoresA!, scoresB!) }];
}

interface Score {
  readonly seed: number;
  readonly value: number;
  /** Standard error over test points. */
  readonly error: number;
  /** The same of a difference to another flow on the same test set. */
  readonly pairedError: number;
  /** What it was scored on. */
  readonly data: string;
}

function scoreOf({ run: { seed }, scores, energy }: Record, unit: Unit): Score {
  if (energy) { // Of one target all draws compare.
    return { seed, value: energy.klNats, error: energy.klSe, pairedError: energy.klSe, data: "" };
  }
  const { nllNats, nllSe, klSe, dim, dataHash } = scores!;
  const error = unit === "nats" ? nllSe : nllSe / (dim * Math.LN2);
  const value = unit === "nats" ? nllNats + labelNats(scores!) : bitsOf(scores!);
  // On one test set NLL and KL differ by the same sum, and the KL has less noise.
  return {
    seed,
    value,
    error,
    pairedError: unit === "nats" ? klSe ?? error : error,
    data: dataHash,
  };
}

/** Seeds that both folders have, on the same data, count before all others. */
function scoreChange(a: readonly Score[], b: readonly Score[]): Change {
  const both = a.flatMap((ofA) => {
    const ofB = b.find(({ seed, data }) => seed === ofA.seed && data === ofA.data);
    return ofB ? [{ ofA, ofB }] : [];
  });
  const paired = means(both.map(({ ofA }) => ofA), both.map(({ ofB }) => ofB));
  if (both.length > 1) {
    const { low, high } = tInterval(both.map(({ ofA, ofB }) => ofB.value - ofA.value));
    return { ...paired, low, high, interval: "paired seeds" };
  }
  const all = means(a, b);
  if (a.length > 1 && b.length > 1) {
    const bounds = welchInterval(a.map(({ value }) => value), b.map(({ value }) => value));
    return { ...all, ...bounds, interval: "seeds" };
  }
  if (both.length === 1) {
    const error = Math.hypot(both[0]!.ofA.pairedError, both[0]!.ofB.pairedError);
    return { ...paired, ...normalInterval(paired.change, error), interval: "test points" };
  }
  // Of several seeds as if of one: they may share their test set.
  const squared = (scores: readonly Score[]) => mean(scores.map(({ error }) => error ** 2));
  const bounds = normalInterval(all.change, Math.sqrt(squared(a) + squared(b)));
  return { ...all, ...bounds, interval: "test points" };
}

function means(a: readonly Score[], b: readonly Score[]) {
  const [meanA, meanB] = [a, b].map((scores) => mean(scores.map(({ value }) => value)));
  return {
    a: meanA!,
    b: meanB!,
    change: meanB! - meanA!,
    countA: a.length,
    countB: b.length,
  };
}

function timeChanges(a: readonly Record[], b: readonly Record[]): Found[] {
  const [inA, inB] = [a, b].map((records) =>
    Map.groupBy(
      records.flatMap(({ timings }) => timings),
      ({ op, method, batch }) => JSON.stringify([op, method, batch]),
    )
  );
  return [...inA!].flatMap(([key, ofA]) => {
    const [msA, msB] = [ofA, inB!.get(key) ?? []].map((timings) =>
      timings.flatMap(({ samplesMs }) => samplesMs)
    );
    if (msB!.length === 0) return [];
    const { ratio, ...bounds } = ratioOfMedians(msA!, msB!);
    return [{
      timing: ofA[0]!,
      unit: "ms" as const,
      change: {
        a: median(msA!),
        b: median(msB!),
        change: ratio,
        ...bounds,
        interval: "repetitions" as const,
        countA: msA!.length,
        countB: msB!.length,
      },
    }];
  });
}
