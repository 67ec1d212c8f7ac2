import { readBounded } from "../engine/read_bounded.ts";
import { sha256 } from "../engine/sha256.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { filesIn, ifThere } from "./_if_there.ts";
import { VARIANTS } from "./plan.ts";
import type { Record } from "./record.ts";
import { findProblem, rerunCommand } from "./record_schema.ts";
import { canonical } from "./canonical.ts";

/** Where the record of a run lies. */
export function recordPath(out: string, id: string): string {
  return `${out}/runs/${id}.json`;
}

/** Writes a record with its checksum, whole or not at all. */
export async function writeRecord(out: string, record: Record): Promise<void> {
  const { sha256: _, ...content } = JSON.parse(checkedJson(record));
  const sealed = { ...content, sha256: await sha256(canonical(content)) };
  await writeAtomically(recordPath(out, record.runId), JSON.stringify(sealed, null, 2) + "\n");
}

/**
 * Reads the record of a run.
 *
 * @returns Null where there is none.
 * @throws {SyntaxError} If the file is not a record of a known version, or was altered.
 */
export async function readRecord(out: string, id: string): Promise<Record | null> {
  const path = recordPath(out, id);
  const bytes = await ifThere(readBounded(path, MAX_BYTES));
  return bytes && await parseRecord(new TextDecoder().decode(bytes), out, id);
}

/** No record comes near. */
const MAX_BYTES = 2 ** 27;

/**
 * Reads the text of a record.
 *
 * @param out The output folder that it lies in.
 * @param id The run that it must be of.
 * @throws {SyntaxError} As {@link readRecord}.
 */
export async function parseRecord(text: string, out: string, id: string): Promise<Record> {
  const path = recordPath(out, id);
  let record: Partial<Record> | null;
  try {
    record = JSON.parse(text);
  } catch {
    return refuse(path, "it is not JSON");
  }
  if (typeof record !== "object" || record === null) return refuse(path, "it is no JSON object");
  const { sha256: sum, ...content } = record;
  const fail = (why: string): never => {
    // A variant that there was is planned no more.
    const isPlanned = VARIANTS.some((variant) => variant === content.run?.variant);
    return refuse(path, why, isPlanned ? rerunCommand(content, out) : "");
  };
  if (content.schema !== 1 && content.schema !== 2) {
    fail(`its schema must be 1 or 2: current value is ${JSON.stringify(content.schema)}`);
  }
  if (content.runId !== id) fail(`it must be of run ${id}: it says ${content.runId}`);
  const problem = findProblem(content);
  if (problem !== "") fail(`it is incomplete or malformed (${problem})`);
  if (content.schema === 2 && sum !== await sha256(canonical(content))) {
    fail("it was altered: its checksum differs");
  }
  return record as Record;
}

function refuse(path: string, why: string, command = ""): never {
  const remedy = `remove it ${
    command === "" ? "to run it again" : `or make it again with ${command}`
  }`;
  throw new SyntaxError(`Cannot read record ${path} as ${why}: ${remedy}`);
}

/** All records of an output folder, by id. */
export async function readRecords(out: string): Promise<Record[]> {
  const ids = await listRecords(out);
  const records = await Promise.all(ids.map((id) => readRecord(out, id)));
  return records.filter((record) => record !== null);
}

/** The ids of all files that should be records, sorted. */
export async function listRecords(out: string): Promise<string[]> {
  const files = await filesIn(`${out}/runs`);
  const records = files.filter((name) => name.endsWith(".json"));
  return records.map((name) => name.slice(0, -".json".length)).sort();
}

/**
 * What a record holds as JSON, which would write NaN as null: a number that is not finite is a failure with a name.
 *
 * @throws {RangeError} If there is one.
 */
export function checkedJson(content: object): string {
  return JSON.stringify(content, (key, value) => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new RangeError(
        `Cannot write record as ${key} must be finite: current value is ${value}`,
      );
    }
    return value;
  });
}
