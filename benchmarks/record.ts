import { writeAtomically } from "../engine/write_atomically.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import type { Environment } from "./environment.ts";
import type { ReverseKl } from "./evaluate_reverse_kl.ts";
import type { Run } from "./plan.ts";
import type { TimedOp } from "./time_flow.ts";
import type { TrainResult } from "./optimize.ts";

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

/** One run and all that is known of it: the unit that tables are made from. Never edited. */
export interface Record {
  readonly schema: 1;
  readonly runId: string;
  readonly run: Run;
  /** The flow's config with every default, or null where none was made. */
  readonly config: { readonly [option: string]: unknown } | null;
  readonly status: Status;
  /** Why it is not "ok"; else "". */
  readonly reason: string;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly training: TrainResult | null;
  readonly scores: Scores | null;
  /** Absent but in runs on an energy. */
  readonly energy?: EnergyScores;
  readonly timings: readonly Timing[];
  /** How many passes Jacobi iteration took while the flow was trained; empty where none were counted. */
  readonly jacobi?: readonly JacobiPasses[];
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
 * @param code What of the code decides: the versions of family and data set, and the backend.
 */
export async function runId(
  run: Run,
  code: { readonly family: number; readonly dataset: number; readonly backend: string },
): Promise<string> {
  const { expectedSeconds: _, ...decisive } = run;
  const bytes = new TextEncoder().encode(canonical({ ...decisive, code }));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hash = Array.from(digest.subarray(0, 5), (byte) => byte.toString(16).padStart(2, "0"));
  return `${run.profile}-${run.dataset}-${run.family}-${run.variant}-s${run.seed}-${hash.join("")}`;
}

/** JSON with sorted keys: equal data, equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

/** Where the record of a run lies. */
export function recordPath(out: string, id: string): string {
  return `${out}/runs/${id}.json`;
}

/** Writes a record, whole or not at all. */
export async function writeRecord(out: string, record: Record): Promise<void> {
  const text = JSON.stringify(record, refuseNonFinite, 2);
  await writeAtomically(recordPath(out, record.runId), text + "\n");
}

/**
 * Reads the record of a run.
 *
 * @returns Null where there is none.
 * @throws {SyntaxError} If the file is not a record of this version.
 */
export async function readRecord(out: string, id: string): Promise<Record | null> {
  const path = recordPath(out, id);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const fail = (why: string): never => {
    throw new SyntaxError(`Cannot read record ${path} as ${why}: remove it to run it again`);
  };
  let record: Partial<Record>;
  try {
    record = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  if (record.schema !== 1) fail(`its schema must be 1: current value is ${record.schema}`);
  if (record.runId !== id) fail(`it must be of run ${id}: it says ${record.runId}`);
  return record as Record;
}

/** All records of an output folder, by id. */
export async function readRecords(out: string): Promise<Record[]> {
  const ids: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(`${out}/runs`)) {
      if (isFile && name.endsWith(".json")) ids.push(name.slice(0, -".json".length));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const records = await Promise.all(ids.sort().map((id) => readRecord(out, id)));
  return records.filter((record) => record !== null);
}

/** JSON would write NaN as null: a number that is not finite is a failure with a name. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`Cannot write record as ${key} must be finite: current value is ${value}`);
  }
  return value;
}
