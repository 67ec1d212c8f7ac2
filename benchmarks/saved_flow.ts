import type { Flow } from "../flows/flow.ts";
import { loadFlow } from "../flows/save_flow.ts";
import type { Record } from "./record.ts";

/** Hears which run has no picture though it left a flow, and why. */
export type OnSkip = (runId: string, reason: string) => void;

/**
 * Loads the flow that a run left in the checkpoints of an output folder.
 *
 * @param onSkip Hears of a flow that is there and cannot be loaded, as it is truncated, of another
 *   version of its family, or of a family that only the program knows that made it.
 * @returns Null where there is none that can be loaded.
 */
export async function loadSavedFlow(
  { runId }: Record,
  out: string,
  onSkip?: OnSkip,
): Promise<Flow | null> {
  try {
    return await loadFlow(`${out}/checkpoints/${runId}.safetensors`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      onSkip?.(runId, error instanceof Error ? error.message : String(error));
    }
    return null;
  }
}
