import { slugOf } from "../datasets/file_name.ts";
import { sha256 } from "../engine/sha256.ts";
import { canonical } from "./canonical.ts";
import { decisiveOf, type Run } from "./plan.ts";
import type { RunCode } from "./record.ts";

/**
 * The id of a run: readable, and unique by a hash of all that decides its result.
 *
 * @param run Plain data.
 */
export async function runId(run: Run, code: RunCode): Promise<string> {
  const hash = (await sha256(canonical({ ...decisiveOf(run), code }))).slice(0, 10);
  return `${run.profile}-${slugOf(run.dataset)}-${run.family}-${run.variant}-s${run.seed}-${hash}`;
}
