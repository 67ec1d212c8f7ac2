import { writeAtomically } from "../engine/write_atomically.ts";
import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { ifThere } from "./_if_there.ts";
import { ENERGY, JACOBI, QUALITY, SCALING, SUMMARY, TIMING } from "./tables/columns.ts";
import { CITATION, toBibtex } from "./tables/citation.ts";
import { toCsv, toObjects } from "./tables/csv.ts";
import { toLatex } from "./tables/latex.ts";
import { slotKey } from "./tables/match_runs.ts";
import { modelsOf } from "./tables/models.ts";
import { PIVOTS, pivots } from "./tables/pivot.ts";
import { placeIn, placeOf } from "./tables/reading_order.ts";
import { SUITES } from "./suites.ts";
import { readRecords } from "./record_file.ts";
import type { Record } from "./record.ts";
import { toResultsJson } from "./tables/results_json.ts";
import { scalings } from "./tables/scaling.ts";
import { toMarkdown } from "./tables/summary.ts";

const MADE = `Made by \`deno task tables\` of flowbench ${CITATION.version}, not typed`;

/** The tables of some records, as texts by file name. */
export function buildTables(records: readonly Record[]): { [file: string]: string } {
  const quality = records.filter(({ run }) => run.kind === "quality");
  const timing = records.filter(({ run }) => run.kind === "timing").flatMap((record) =>
    record.timings.map((timing) => ({
      record,
      timing,
      ms: timing.samplesMs.toSorted((a, b) => a - b),
    }))
  );
  const summary = modelsOf(records).map(({ run, records }) => {
    const scored = records.filter(({ status }) => status === "ok");
    const { backend } = records[0]!.environment;
    return { run, records: scored, failed: records.length - scored.length, backend };
  });
  const energy = records.filter(({ run }) => run.kind === "energy");
  return {
    "quality.csv": toCsv(quality, QUALITY),
    "energy.csv": toCsv(energy, ENERGY),
    "timing.csv": toCsv(timing, TIMING),
    "summary.csv": toCsv(summary, SUMMARY),
    "scaling.csv": toCsv(scalings(records), SCALING),
    "jacobi.csv": toCsv(
      quality.flatMap((record) => (record.jacobi ?? []).map((look) => ({ record, ...look }))),
      JACOBI,
    ),
    "results.json": toResultsJson(records, {
      quality: toObjects(quality, QUALITY),
      energy: toObjects(energy, ENERGY),
      timing: toObjects(timing, TIMING),
      summary: toObjects(summary, SUMMARY),
    }),
    "citation.bib": toBibtex(CITATION),
    ...Object.fromEntries(
      pivots(records).flatMap((pivot) => [
        [`tables/${pivot.name}.md`, toMarkdown(pivot)],
        [`tables/${pivot.name}.tex`, toLatex(pivot, MADE)],
      ]),
    ),
  };
}

/**
 * The records of an output folder that tables show, in their order. Where a run was made more than
 * once with different budgets, options or versions, the latest counts; the others stay in `runs/`.
 */
export async function currentRecords(out: string): Promise<Record[]> {
  const slots = Map.groupBy(
    await readRecords(out),
    (record) => `${slotKey(record)}, seed ${record.run.seed}`,
  );
  const latest = [...slots.values()].map((records) =>
    records.reduce((a, b) => a.startedAt < b.startedAt ? b : a)
  );
  return latest.sort(inReadingOrder);
}

/** Rebuilds the tables and figures of an output folder from its records. */
export async function writeTables(out: string): Promise<Record[]> {
  const records = await currentRecords(out);
  const { buildFigures } = await import("./figures/figures.ts"); // A plotting library: not for --list.
  const none = PIVOTS.flatMap((
    name,
  ) => [[`tables/${name}.md`, null], [`tables/${name}.tex`, null]]);
  const files: { [file: string]: string | null } = {
    ...Object.fromEntries(none),
    ...buildTables(records),
    ...buildFigures(records),
  };
  for (const [file, text] of Object.entries(files)) {
    if (text === null) await ifThere(Deno.remove(`${out}/${file}`)); // Of records that there were.
    else await writeAtomically(`${out}/${file}`, text);
  }
  return records;
}

/** Suites, data sets, variants and families in the order of their registries, baselines before families. */
function inReadingOrder(a: Record, b: Record): number {
  const key = ({ run }: Record): (number | string)[] => [
    placeIn(SUITES, run.suite),
    placeIn([...Object.keys(DATASETS), ...Object.keys(ENERGIES)], run.dataset),
    run.kind === "timing" ? run.dim : 0,
    run.dataset,
    placeOf(run),
    run.family,
    run.seed,
  ];
  const [keyA, keyB] = [key(a), key(b)];
  const first = keyA.findIndex((value, i) => value !== keyB[i]);
  if (first < 0) return a.runId < b.runId ? -1 : 1;
  return keyA[first]! < keyB[first]! ? -1 : 1;
}
