import { FAMILIES, isBuiltIn } from "../flows/families.ts";
import { engineInfo } from "../engine/init_engine.ts";
import { useThreads } from "./_use_threads.ts";
import { lockFolder } from "./lock_folder.ts";
import {
  forgetTraining,
  identify,
  type MakeOptions,
  makeRun,
  type RunEvents,
  wasStopped,
} from "./make_run.ts";
import type { Run } from "./plan.ts";
import { readRecord, recordPath } from "./record_file.ts";
import type { Record } from "./record.ts";
import { writeTables } from "./tables.ts";
import { HAS_WORKERS, makeInWorkers } from "./workers.ts";

/** What {@link runBenchmark} tells while it works. */
export interface BenchmarkEvents extends RunEvents {
  onSkip?(run: Run, record: Record): void;
}

/** Options of {@link runBenchmark}. */
export interface BenchmarkOptions extends MakeOptions, BenchmarkEvents {
  /** Makes runs again that have a record. */
  readonly force?: boolean;
  /**
   * How many runs are made side by side, each in a process of its own; default: 1, in this one. What is
   * timed is made alone, after the others.
   */
  readonly jobs?: number;
  /**
   * Threads of a BLAS library's products in runs that are not timed; default: those of the engine. They
   * decide the last bits of large products.
   */
  readonly trainThreads?: number;
}

/**
 * Makes the runs of a plan, writes a record for each at once, and the tables at the end, also when it
 * is aborted. Runs that have a record are skipped but for those that an error stopped, and interrupted ones are
 * continued.
 *
 * @param plan For example from `planRuns`.
 * @returns The records of the plan's runs, as far as they were made.
 * @throws {Deno.errors.Busy} If another process writes to the folder.
 * @throws {RangeError} If jobs > 1 and a family was registered by this process: others do not know it.
 * @throws {RangeError} If jobs > 1 and this module was imported over HTTP: others start from its files.
 * @throws {RangeError} If a run is in the plan twice.
 */
export async function runBenchmark(
  plan: readonly Run[],
  options: BenchmarkOptions,
): Promise<Record[]> {
  const { threads } = engineInfo();
  const { out, force = false, jobs = 1, trainThreads = threads } = options;
  const registered = plan.find(({ kind, family }) =>
    kind !== "timing" && Object.hasOwn(FAMILIES, family) && !isBuiltIn(family)
  );
  if (jobs > 1 && registered) {
    throw new RangeError(
      `Cannot make runs of ${registered.family} side by side as other processes do not know a family ` +
        `that was registered: current value of jobs is ${jobs}, take 1`,
    );
  }
  if (jobs > 1 && !HAS_WORKERS) {
    throw new RangeError(
      "Cannot make runs side by side as other processes start from the files of this library, which " +
        `was imported over HTTP: current value of jobs is ${jobs}, take 1`,
    );
  }
  const planned = await runsById(plan, options.mnistDir);
  using _ = await lockFolder(out);
  const records = new Map<Run, Record>();
  try {
    for (const [id, run] of planned) {
      const finished = force ? null : await readRecord(out, id);
      if (force) await forgetStopped(out, id);
      if (finished === null || wasStopped(finished)) continue;
      records.set(run, finished);
      await forgetTraining(out, id);
      options.onSkip?.(run, finished);
    }
    const pending = (run: Run): boolean => !records.has(run);
    const trained = plan.filter((run) => run.kind !== "timing" && pending(run));
    if (jobs > 1 && trained.length > 1) {
      for (const [run, record] of await makeInWorkers(trained, jobs, trainThreads, options)) {
        records.set(run, record);
      }
    }
    for (const run of plan.filter(pending)) {
      await useThreads(run.kind === "timing" ? threads : trainThreads);
      records.set(run, await makeRun(run, options));
    }
  } finally {
    await useThreads(threads);
    await writeTables(out);
  }
  return plan.map((run) => records.get(run)!);
}

/**
 * Where a run that an error stopped is forced, its code may be what was wrong: it does not go on from there. Its
 * record goes too, so that it is forgotten once.
 */
async function forgetStopped(out: string, id: string): Promise<void> {
  const record = await readRecord(out, id).catch(() => null); // A damaged one is made again, too.
  if (!record || !wasStopped(record)) return;
  await forgetTraining(out, id);
  await Deno.remove(recordPath(out, id));
}

/** The runs of a plan by their ids: two of one id would write the same files. */
async function runsById(
  plan: readonly Run[],
  mnistDir: string | undefined,
): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>();
  for (const run of plan) {
    const id = await identify(run, mnistDir);
    if (runs.has(id)) {
      throw new RangeError(
        `Cannot make the runs of a plan as each must be there once: current plan has ${id} twice, ` +
          "leave one out",
      );
    }
    runs.set(id, run);
  }
  return runs;
}
