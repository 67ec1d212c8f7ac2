import { writeAtomically } from "../../engine/write_atomically.ts";
import {
  atLeast,
  existingFolder,
  type Terminal,
  UsageError,
  writableFolder,
} from "./_arguments.ts";
import { compareRecords, type Limits } from "../tables/compare.ts";
import { COMPARISON, nameOf, toTerminal } from "../tables/compare_report.ts";
import { toCsv } from "../tables/csv.ts";
import { EXIT } from "./exit.ts";
import type { Slot } from "../tables/match_runs.ts";
import type { Record } from "../record.ts";
import { currentRecords } from "../tables.ts";

/** The options of `bench compare`, as typed. */
export interface CompareArguments {
  readonly maxNats: string;
  readonly maxBits: string;
  readonly maxTimeRatio?: string | undefined;
  readonly out?: string | undefined;
}

/** Tells how output folder B differs from A. */
export async function compare(
  dirA: string,
  dirB: string,
  options: CompareArguments,
  terminal: Terminal,
): Promise<number> {
  const limits: Limits = {
    nats: atLeast(0, "--max-nats", options.maxNats),
    "bits/dim": atLeast(0, "--max-bits", options.maxBits),
    ms: options.maxTimeRatio === undefined
      ? Infinity
      : atLeast(1, "--max-time-ratio", options.maxTimeRatio),
  };
  const [a, b] = [await recordsOf(dirA), await recordsOf(dirB)];
  const { comparisons, onlyA, onlyB } = compareRecords(a, b, limits);
  if (comparisons.length === 0) {
    throw new UsageError(
      `The output folders must have runs in common: current values are "${dirA}" with ` +
        `${a.length} runs and "${dirB}" with ${b.length}`,
    );
  }
  const files = options.out === undefined ? null : await filesOf(options.out);
  terminal.print(toTerminal(comparisons));
  for (const [folder, only] of [["A", onlyA], ["B", onlyB]] as const) {
    if (only.length > 0) terminal.warn(`Only in ${folder}: ${only.map(nameInFull).join(", ")}`);
  }
  for (const what of ["profile", "backend"] as const) {
    const of = (slot: Slot) => what === "profile" ? slot.run.profile : slot.backend;
    const count = comparisons.filter(({ a, b }) => of(a) !== of(b)).length;
    if (count > 0) terminal.warn(`${count} compared although their ${what} differs`);
  }
  const regressions = comparisons.filter(({ verdict }) => verdict === "regression").length;
  terminal.warn(
    `${comparisons.length} compared, A: ${dirA}, B: ${dirB}: ` +
      `${regressions} ${regressions === 1 ? "regression" : "regressions"}`,
  );
  if (files) {
    const { drawComparison } = await import("../figures/compare_figure.ts"); // A plotting library.
    await writeAtomically(files.csv, toCsv(comparisons, COMPARISON));
    await writeAtomically(files.svg, drawComparison(comparisons, limits, { a: dirA, b: dirB }));
    terminal.warn(`Written: ${files.csv}, ${files.svg}`);
  }
  return regressions > 0 ? EXIT.someFailed : EXIT.ok;
}

/** A record that cannot be read is no regression. */
async function recordsOf(dir: string): Promise<Record[]> {
  try {
    return await currentRecords(await existingFolder("An output folder", dir));
  } catch (error) {
    throw error instanceof SyntaxError ? new UsageError(error.message) : error;
  }
}

/** A file `.svg` gets its CSV beside it; a folder gets both. */
async function filesOf(out: string): Promise<{ svg: string; csv: string }> {
  if (out === "") {
    throw new UsageError(`--out must name a folder or a file .svg: current value is ""`);
  }
  const stem = out.endsWith(".svg") ? out.slice(0, -".svg".length) : `${out}/compare`;
  await writableFolder(stem.includes("/") ? stem.slice(0, stem.lastIndexOf("/")) || "/" : ".");
  return { svg: `${stem}.svg`, csv: `${stem}.csv` };
}

function nameInFull(slot: Slot): string {
  return `${nameOf(slot)} (${slot.run.profile}, ${slot.backend})`;
}
