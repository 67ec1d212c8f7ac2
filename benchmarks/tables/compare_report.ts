import { type Comparison, NO_CHANGE, type Unit } from "./compare.ts";
import type { Column } from "./csv.ts";
import type { Slot } from "./match_runs.ts";
import { threeDigits } from "./pivot.ts";
import { toText } from "./summary.ts";
import { modelName } from "../plan.ts";

/** So many rows of a unit are shown to people, and all regressions; files for programs have all. */
const SHOWN = 40;

/** Those to show of a unit: regressions first, then by the size of the change; in their order. */
export function shownOf(unit: Unit, comparisons: readonly Comparison[]): Comparison[] {
  const ofUnit = comparisons.filter((comparison) => comparison.unit === unit);
  const size = ({ verdict, change }: Comparison): number =>
    verdict === "regression"
      ? Infinity
      : change === null
      ? 0
      : unit === "ms"
      ? Math.abs(Math.log(change.change))
      : Math.abs(change.change);
  const regressions = ofUnit.filter(({ verdict }) => verdict === "regression").length;
  const largest = new Set(
    ofUnit.toSorted((a, b) => size(a) === size(b) ? 0 : size(b) - size(a))
      .slice(0, Math.max(SHOWN, regressions)),
  );
  return ofUnit.filter((comparison) => largest.has(comparison));
}

/** Names for comparisons; with the profile and the backend where they are not all the same. */
export function namesOf(comparisons: readonly Comparison[]): Map<Comparison, string> {
  const details = [profileOf, backendOf].filter((detail) =>
    new Set(comparisons.flatMap(({ a, b }) => [detail(a), detail(b)])).size > 1
  );
  return new Map(comparisons.map((comparison) => {
    const { a, b, timing } = comparison;
    const differing = details.map((detail) =>
      detail(a) === detail(b) ? detail(a) : `${detail(a)} to ${detail(b)}`
    );
    const what = timing
      ? [
        timing.op.replace("_", " "),
        ...(timing.method === "direct" ? [] : [timing.method]),
        `batch ${timing.batch}`,
      ]
      : [];
    return [comparison, [nameOf(a), ...what, ...differing].join(", ")];
  }));
}

/** What was run, without profile and seeds. */
export function nameOf({ run }: Slot): string {
  return `${run.suite} ${run.dataset} ${modelName(run)}`;
}

const profileOf = ({ run }: Slot): string => run.profile;
const backendOf = ({ backend }: Slot): string => backend;

/** The comparisons for a terminal, a table for each unit. */
export function toTerminal(comparisons: readonly Comparison[]): string {
  const names = namesOf(comparisons);
  const units = (Object.keys(NO_CHANGE) as Unit[]).filter((unit) =>
    comparisons.some((comparison) => comparison.unit === unit)
  );
  return units.map((unit) => {
    const shown = shownOf(unit, comparisons);
    return toText({
      head: [unit, "A", "B", unit === "ms" ? "B / A" : "B - A", "95 % interval", "from", "verdict"],
      rows: shown.map((comparison) => [names.get(comparison)!, ...cells(comparison)]),
      note: [NOTES[unit], ...hintOf(shown), partOf(unit, comparisons)].join(" ").trimEnd(),
    });
  }).join("\n");
}

const NOTES: { readonly [unit in Unit]: string } = {
  nats: "Lower is better. NLL on the test set, of energies the KL.",
  "bits/dim": "Lower is better. NLL on the test set.",
  ms:
    "Lower is better. Median times. Intervals from repetitions know nothing of what else a machine does.",
};

function hintOf(shown: readonly Comparison[]): string[] {
  const isOfPoints = shown.some(({ change }) => change?.interval === "test points");
  return isOfPoints ? ["Intervals from test points know nothing of other seeds."] : [];
}

/** Says what {@link shownOf} leaves out; else "". */
export function partOf(unit: Unit, comparisons: readonly Comparison[]): string {
  const count = comparisons.filter((comparison) => comparison.unit === unit).length;
  const shown = shownOf(unit, comparisons).length;
  return count > shown ? `Shown: the ${shown} largest changes of ${count}.` : "";
}

function cells({ unit, change, verdict, reason }: Comparison): string[] {
  if (change === null) return ["", "", "", "", reason, verdict];
  const digits = (value: number): string => unit === "ms" ? threeDigits(value) : value.toFixed(4);
  const sign = (value: number): string =>
    unit === "ms" ? value.toFixed(3) : `${value > 0 ? "+" : ""}${value.toFixed(4)}`;
  const { a, b, low, high, interval, countA, countB } = change;
  return [
    digits(a),
    digits(b),
    sign(change.change),
    low === null || high === null ? "" : `${sign(low)} to ${sign(high)}`,
    [`${interval} (${countA === countB ? countA : `${countA}, ${countB}`})`, reason]
      .filter((text) => text !== "").join("; "),
    verdict,
  ];
}

/** compare.csv: one row per quantity. */
export const COMPARISON: readonly Column<Comparison>[] = [
  { name: "suite", value: ({ a }) => a.run.suite },
  { name: "dataset", value: ({ a }) => a.run.dataset },
  { name: "family", value: ({ a }) => a.run.family },
  { name: "variant", value: ({ a }) => a.run.variant },
  { name: "op", value: ({ timing }) => timing?.op ?? null },
  { name: "method", value: ({ timing }) => timing?.method ?? null },
  { name: "batch", value: ({ timing }) => timing?.batch ?? null },
  { name: "profile_a", value: ({ a }) => a.run.profile },
  { name: "profile_b", value: ({ b }) => b.run.profile },
  { name: "backend_a", value: ({ a }) => a.backend },
  { name: "backend_b", value: ({ b }) => b.backend },
  { name: "unit", value: ({ unit }) => unit },
  { name: "a", value: ({ change }) => change?.a ?? null },
  { name: "b", value: ({ change }) => change?.b ?? null },
  { name: "change", value: ({ change }) => change?.change ?? null },
  { name: "change_low", value: ({ change }) => change?.low ?? null },
  { name: "change_high", value: ({ change }) => change?.high ?? null },
  { name: "interval", value: ({ change }) => change?.interval ?? null },
  { name: "count_a", value: ({ change }) => change?.countA ?? null },
  { name: "count_b", value: ({ change }) => change?.countB ?? null },
  { name: "verdict", value: ({ verdict }) => verdict },
  { name: "reason", value: ({ reason }) => reason },
];
