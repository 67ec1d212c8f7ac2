import type { Standardization } from "../datasets/mod.ts";
import { slugOf } from "../datasets/file_name.ts";
import { readBounded } from "../engine/read_bounded.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import { filesIn, ifThere } from "./_if_there.ts";
import type { Environment } from "./environment.ts";
import type { ReverseKl } from "./evaluate_reverse_kl.ts";
import { decisiveOf, type Run, VARIANTS } from "./plan.ts";
import { findProblem, rerunCommand } from "./record_schema.ts";
import type { TimedOp } from "./time_flow.ts";
import type { TrainResult } from "./training/optimize.ts";

/** How a run ended. */
export type Status =
  /** Trained, scored, and above the floor. */
  | "ok"
  /** Loss or gradient stopped being finite. */
  | "diverged"
  /** It threw, or claims a likelihood or a KL that no density can have. */
  | "failed";

/** Scores on the test set. */
export interface Scores {
  readonly dim: number;
  readonly params: number;
  /** "data" for toys; "pixel" for images: densities of pixel values in [0, 1). */
  readonly space: "data" | "pixel";
  /** Of a flow with classes that of x given its label. */
  readonly nllNats: number;
  readonly nllSe: number;
  /** Of a flow with classes, else absent: -log 1/K sum_y p(x | y). */
  readonly nllNatsMarginal?: number;
  /** The same density per logit-transformed pixel, as the MAF paper reports it; else null. */
  readonly nllNatsLogit: number | null;
  readonly bitsPerDim: number;
  /** Entropy of the data, the lowest possible expected NLL; null where unknown. */
  readonly floorNats: number | null;
  readonly floorError: number | null;
  readonly gapNats: number | null;
  /** Mean over test examples of log p_true - log p: the gap with less noise; null where unknown. */
  readonly klNats: number | null;
  readonly klSe: number | null;
  /** Log-density of the worst, the median and the best test example, nats. */
  readonly logProbRange: readonly [worst: number, median: number, best: number];
  /** Null for baselines. */
  readonly roundTripMaxError: number | null;
  readonly testCount: number;
  readonly dataHash: string;
  /** Of a file, else absent: what its columns were shifted and divided by. */
  readonly standardization?: Standardization;
}

/** Scores of a flow that was fitted to an energy. */
export interface EnergyScores extends ReverseKl {
  readonly dim: number;
  readonly params: number;
}

/** Times of one operation. */
export interface Timing {
  readonly op: TimedOp;
  /** "direct": a network pass a layer; else how autoregressive layers were inverted. */
  readonly method: "direct" | Inversion;
  readonly batch: number;
  readonly warmup: number;
  /** Network passes a layer, the mean over layers. */
  readonly passes: number;
  readonly samplesMs: readonly number[];
}

/** What beside a run decides its result; with it, hashed into its id. */
export interface RunCode {
  /** Versions of the family, or of the baseline, and of the data set. */
  readonly family: number;
  readonly dataset: number;
  readonly backend: string;
  /** SHA-256 of a file of data, or of files that take MNIST's place; absent where the name says what it is. */
  readonly file?: string;
  /** Of a BLAS library, where something was timed with others than all processors. */
  readonly threads?: number;
}

/** One run and all that is known of it: the unit that tables are made from. Never edited. */
export interface Record {
  /** 2 has a checksum; 1, which had none, is read too. */
  readonly schema: 1 | 2;
  readonly runId: string;
  readonly run: Run;
  /** Absent in records that were made before it was written down. */
  readonly code?: RunCode;
  /** The flow's config with every default, or null where none was made. */
  readonly config: { readonly [option: string]: unknown } | null;
  readonly status: Status;
  /** Why it is not "ok"; else "". */
  readonly reason: string;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly training: Omit<TrainResult, "looks"> | null;
  readonly scores: Scores | null;
  /** Absent but in runs on an energy. */
  readonly energy?: EnergyScores;
  readonly timings: readonly Timing[];
  /** How many passes Jacobi iteration took while the flow was trained; empty where none were counted. */
  readonly jacobi?: readonly JacobiPasses[];
  /** SHA-256 of all the rest, as JSON with sorted keys; it comes with writing. */
  readonly sha256?: string;
}

/** Passes of Jacobi iteration over a batch of 100, for each autoregressive layer. */
export interface JacobiPasses {
  /** Steps of training before. */
  readonly step: number;
  /** In the order in which the layers are inverted. */
  readonly passes: readonly number[];
}

/**
 * The id of a run: readable, and unique by a hash of all that decides its result.
 *
 * @param run Plain data.
 */
export async function runId(run: Run, code: RunCode): Promise<string> {
  const hash = (await sha256(canonical({ ...decisiveOf(run), code }))).slice(0, 10);
  return `${run.profile}-${slugOf(run.dataset)}-${run.family}-${run.variant}-s${run.seed}-${hash}`;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** JSON with sorted keys: equal data, equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

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
