import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { FILE_VERSION, hashOfFile } from "../datasets/file_dataset.ts";
import { filePath } from "../datasets/file_name.ts";
import { engineInfo } from "../engine/init_engine.ts";
import { FAMILIES } from "../flows/families.ts";
import { ifThere } from "./_if_there.ts";
import { BASELINES } from "./baselines.ts";
import { executeRun } from "./execute_run.ts";
import type { TrainProgress } from "./training/optimize.ts";
import type { Run } from "./plan.ts";
import type { Record, RunCode } from "./record.ts";
import { runId } from "./run_id.ts";
import { writeRecord } from "./record_file.ts";

/** What is told while runs are made. */
export interface RunEvents {
  onStart?(run: Run): void;
  onProgress?(run: Run, progress: TrainProgress): void;
  onEnd?(run: Run, record: Record): void;
  /** Why the checkpoint of a run was not continued from. */
  onRefuse?(run: Run, reason: string): void;
}

/** How runs are made. */
export interface MakeOptions extends RunEvents {
  /** Output folder: records, checkpoints and tables. */
  readonly out: string;
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

/** Makes a run in this process, or what is left of it to do, and writes its record. */
export async function makeRun(run: Run, options: MakeOptions): Promise<Record> {
  const { out, mnistDir, resume, checkpointSeconds: everySeconds, signal } = options;
  const code = await codeOf(run, mnistDir);
  const id = await runId(run, code);
  signal?.throwIfAborted();
  options.onStart?.(run);
  const made = await executeRun(run, {
    runId: id,
    checkpoint: `${out}/checkpoints/${id}.safetensors`,
    training: {
      path: trainingPath(out, id),
      onRefuse: (reason) => options.onRefuse?.(run, reason),
      ...(resume !== undefined && { resume }),
      ...(everySeconds !== undefined && { everySeconds }),
    },
    onProgress: (progress) => options.onProgress?.(run, progress),
    ...(mnistDir !== undefined && { mnistDir }),
    ...(signal && { signal }),
  });
  const record = { ...made, code };
  await writeRecord(out, record);
  if (!wasStopped(record)) await forgetTraining(out, id);
  options.onEnd?.(run, record);
  return record;
}

/**
 * Whether an error stopped a run, maybe of a disk or a network, so that it is tried again from where training is.
 * Where a score was impossible there is the flow's config.
 */
export function wasStopped({ status, config }: Record): boolean {
  return status === "failed" && config === null;
}

/** Removes what a run was to continue from. */
export async function forgetTraining(out: string, id: string): Promise<void> {
  await ifThere(Deno.remove(trainingPath(out, id)));
}

function trainingPath(out: string, id: string): string {
  return `${out}/checkpoints/${id}.training.safetensors`;
}

/**
 * The id of a run under the versions of this code and on the engine that was started; it reads the bytes of files
 * that the run takes its data from.
 */
export async function identify(run: Run, mnistDir?: string): Promise<string> {
  return await runId(run, await codeOf(run, mnistDir));
}

async function codeOf(run: Run, mnistDir: string | undefined): Promise<RunCode> {
  const { backend, threads } = engineInfo();
  const isOfOtherThreads = backend === "wasm+blas" && threads !== navigator.hardwareConcurrency;
  const family = FAMILIES[run.family] ?? BASELINES[run.family];
  const dataset = run.kind === "timing"
    ? undefined
    : DATASETS[run.dataset] ?? ENERGIES[run.dataset];
  const path = filePath(run.dataset);
  const isFolder = dataset?.kind === "images" && dataset.folderOption === "mnistDir";
  const file = path !== null
    ? await hashOfFile(path)
    : isFolder && mnistDir !== undefined
    ? await dataset.foreignHash(mnistDir)
    : null;
  return {
    family: family?.version ?? 0,
    dataset: path === null ? dataset?.version ?? 0 : FILE_VERSION,
    backend,
    ...(file !== null && { file }),
    ...(run.kind === "timing" && isOfOtherThreads && { threads }),
  };
}
