import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { engineInfo } from "../engine/init_engine.ts";
import { FAMILIES } from "../flows/families.ts";
import { BASELINES } from "./baselines.ts";
import { executeRun } from "./execute_run.ts";
import { lockFolder } from "./lock_folder.ts";
import type { Run } from "./plan.ts";
import { readRecord, type Record, runId, writeRecord } from "./record.ts";
import { writeTables } from "./tables.ts";
import type { TrainProgress } from "./optimize.ts";

/** What {@link runBenchmark} tells while it works. */
export interface BenchmarkEvents {
  onSkip?(run: Run, record: Record): void;
  onStart?(run: Run): void;
  onProgress?(run: Run, progress: TrainProgress): void;
  onEnd?(run: Run, record: Record): void;
  /** Why the checkpoint of a run was not continued from. */
  onRefuse?(run: Run, reason: string): void;
}

/** Options of {@link runBenchmark}. */
export interface BenchmarkOptions extends BenchmarkEvents {
  /** Output folder: records, checkpoints and tables. */
  readonly out: string;
  /** Makes runs again that have a record. */
  readonly force?: boolean;
  /** Folder with MNIST's files, if not those of the package. */
  readonly mnistDir?: string;
  /** Whether a run that was interrupted continues from its checkpoint; default: true. */
  readonly resume?: boolean;
  /** Seconds between two checkpoints, > 0; default: 60. */
  readonly checkpointSeconds?: number;
  /**
   * Stops between steps; the run under way leaves a checkpoint and no record, finished ones are kept.
   */
  readonly signal?: AbortSignal;
}

/**
 * Makes the runs of a plan one after the other, writes a record for each at once, and the tables
 * at the end, also when it is aborted. Runs that have a record are skipped.
 *
 * @param plan For example from `planRuns`.
 * @returns The records of the plan's runs, as far as they were made.
 * @throws {Deno.errors.Busy} If another process writes to the folder.
 */
export async function runBenchmark(
  plan: readonly Run[],
  options: BenchmarkOptions,
): Promise<Record[]> {
  const { out, force = false, resume, checkpointSeconds: everySeconds, signal } = options;
  using _ = await lockFolder(out);
  const records: Record[] = [];
  try {
    for (const run of plan) {
      const id = await identify(run);
      const trainingPath = `${out}/checkpoints/${id}.training.safetensors`;
      const finished = force ? null : await readRecord(out, id);
      if (finished) {
        records.push(finished);
        await removeIfThere(trainingPath);
        options.onSkip?.(run, finished);
        continue;
      }
      signal?.throwIfAborted();
      options.onStart?.(run);
      const record = await executeRun(run, {
        runId: id,
        checkpoint: `${out}/checkpoints/${id}.safetensors`,
        training: {
          path: trainingPath,
          onRefuse: (reason) => options.onRefuse?.(run, reason),
          ...(resume !== undefined && { resume }),
          ...(everySeconds !== undefined && { everySeconds }),
        },
        onProgress: (progress) => options.onProgress?.(run, progress),
        ...(options.mnistDir !== undefined && { mnistDir: options.mnistDir }),
        ...(signal && { signal }),
      });
      await writeRecord(out, record);
      await removeIfThere(trainingPath);
      records.push(record);
      options.onEnd?.(run, record);
    }
  } finally {
    await writeTables(out);
  }
  return records;
}

/** The id of a run under the versions of this code and on the engine that was started. */
export async function identify(run: Run): Promise<string> {
  const family = FAMILIES[run.family] ?? BASELINES[run.family];
  const dataset = run.kind === "timing"
    ? undefined
    : DATASETS[run.dataset] ?? ENERGIES[run.dataset];
  return await runId(run, {
    family: family?.version ?? 0,
    dataset: dataset?.version ?? 0,
    backend: engineInfo().backend,
  });
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
