import { filePath } from "../../datasets/file_name.ts";
import { DATASETS, ENERGIES, loadDataset } from "../../datasets/mod.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { FAMILIES } from "../../flows/families.ts";
import {
  type EngineArguments,
  engineOptions,
  existingFolder,
  integer,
  namesOf,
  oneOf,
  outFolder,
  seconds,
  split,
  type Terminal,
  UsageError,
  writableFolder,
} from "./_arguments.ts";
import { BASELINES } from "../baselines.ts";
import { EXIT } from "./exit.ts";
import { listRuns } from "./list_runs.ts";
import { type Profile, type QualityRun, type Run, VARIANTS } from "../plan.ts";
import { PROFILES } from "../profiles/profiles.ts";
import { Progress } from "./progress.ts";
import type { Record } from "../record.ts";
import { runBenchmark } from "../run_benchmark.ts";
import { shard } from "./shard.ts";
import { planRuns, SUITES } from "../suites.ts";
import { summarise } from "../tables/summary.ts";
import { HAS_WORKERS } from "../workers.ts";

/** The options of `bench`, as typed. */
export interface BenchArguments extends EngineArguments {
  readonly profile: string;
  readonly suite?: string | undefined;
  readonly family?: string | undefined;
  readonly dataset?: string | undefined;
  readonly variant?: string | undefined;
  readonly seed?: string | undefined;
  readonly out: string;
  readonly shard?: string | undefined;
  readonly jobs?: string | undefined;
  readonly resume: boolean;
  readonly checkpointSeconds: string;
  readonly force?: true | undefined;
  readonly list?: true | undefined;
  readonly mnistDir?: string | undefined;
}

/** Makes the runs that were asked for, and tells of them. */
export async function bench(options: BenchArguments, terminal: Terminal): Promise<number> {
  const plan = planOf(options, terminal.warn);
  const wanted = engineOptions(options);
  const jobs = options.jobs === undefined ? defaultJobs() : integer("--jobs", options.jobs);
  if (jobs > 1 && !mayStartWorkers()) {
    throw new UsageError(
      `--jobs must be 1 without permission to start deno: current value is ${jobs}, run with ` +
        "--allow-run=deno",
    );
  }
  outFolder(options.out);
  if (options.mnistDir !== undefined) await existingFolder("--mnist-dir", options.mnistDir);
  const checkpointSeconds = seconds("--checkpoint-seconds", options.checkpointSeconds);
  await checkFiles(plan, options.mnistDir, terminal.signal);
  const engine = await initEngine(wanted);
  if (options.list) {
    terminal.print((await listRuns(plan, options.out, options.mnistDir)).trimEnd());
    return EXIT.ok;
  }
  await writableFolder(options.out);
  terminal.warn(
    `${plan.length} ${
      plan.length === 1 ? "run" : "runs"
    }, backend ${engine.backend} (${engine.gemm})${engine.note && `. ${engine.note}`}`,
  );
  let records: Record[];
  {
    using progress = new Progress(plan, terminal.isTerminal, terminal.warn);
    records = await runBenchmark(plan, {
      out: options.out,
      force: options.force ?? false,
      jobs,
      // Two threads hardly train faster than one, whose bits depend on nothing else.
      ...(wanted.threads === undefined && { trainThreads: 1 }),
      resume: options.resume,
      checkpointSeconds,
      signal: terminal.signal,
      ...(options.mnistDir !== undefined && { mnistDir: options.mnistDir }),
      onSkip: (run) => progress.skip(run),
      onStart: (run) => progress.update(run, 0),
      onProgress: (run, { step, firstStep, maxSteps }) =>
        progress.update(run, step / maxSteps, firstStep / maxSteps),
      onEnd: (run, record) => progress.end(run, record),
      onRefuse: (_, reason) => terminal.warn(reason),
    });
  }
  terminal.print(summarise(records));
  const bad = records.filter(({ status }) => status !== "ok");
  for (const { runId, status, reason } of bad) terminal.warn(`${runId}: ${status}: ${reason}`);
  terminal.warn(`The tables are in ${options.out}`);
  return bad.length > 0 ? EXIT.someFailed : EXIT.ok;
}

/**
 * Two processes of one thread train twice as fast as one of two threads, nearly. Each takes up to 1 GiB,
 * so on large machines more than a few are for the user to ask for.
 */
function defaultJobs(): number {
  return HAS_WORKERS && mayStartWorkers() ? Math.min(navigator.hardwareConcurrency, 4) : 1;
}

/** Reads every file of the plan as each seed splits it, so that one that cannot be used is known before any work. */
async function checkFiles(
  plan: readonly Run[],
  mnistDir: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const files = plan.filter((run): run is QualityRun => {
    const images = DATASETS[run.dataset];
    return run.kind === "quality" && (filePath(run.dataset) !== null ||
      mnistDir !== undefined && images?.kind === "images" && images.folderOption === "mnistDir");
  });
  const isSplitBySeed = ({ dataset }: Run) => filePath(dataset) !== null;
  const key = (run: Run) => JSON.stringify([run.dataset, isSplitBySeed(run) && run.seed]);
  for (const [first] of Map.groupBy(files, key).values()) {
    const { dataset, seed, counts } = first!;
    const options = { seed, signal, ...(counts && { counts }), ...(mnistDir && { mnistDir }) };
    await loadDataset(dataset, options).catch((error) => {
      signal.throwIfAborted();
      throw new UsageError(error.message, { cause: error });
    });
  }
}

function mayStartWorkers(): boolean {
  return Deno.permissions.querySync({ name: "run", command: "deno" }).state === "granted";
}

/** The runs asked for; every name checked before any work starts, and told of where it selects nothing. */
function planOf(options: BenchArguments, warn: (text: string) => void): Run[] {
  const profile = oneOf("--profile", options.profile, Object.keys(PROFILES) as Profile[]);
  const suites = namesOf("--suite", options.suite, [...SUITES]);
  const families = namesOf("--family", options.family, [
    ...Object.keys(FAMILIES),
    ...Object.keys(BASELINES),
  ]);
  const registered = [...Object.keys(DATASETS), ...Object.keys(ENERGIES)];
  const datasets = split(options.dataset).map((name) =>
    name.startsWith("file:")
      ? fileName(name)
      : oneOf("--dataset", name, [...registered, "file:PATH"])
  );
  const variants = namesOf("--variant", options.variant, VARIANTS);
  const seeds = split(options.seed).map((text) => {
    const seed = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) {
      throw new UsageError(`--seed must be integers >= 0, like 0,1,2: current value is "${text}"`);
    }
    return seed;
  });
  const plan = planRuns({ profile, suites, families, datasets, variants, seeds });
  if (plan.length === 0) {
    throw new UsageError("No run is left of the profile: --list without other options shows all");
  }
  const idle = new Set([
    ...suites.filter((name) => plan.every(({ suite }) => suite !== name)),
    ...families.filter((name) => plan.every(({ family }) => family !== name)),
    ...datasets.filter((name) => plan.every(({ dataset }) => dataset !== name)),
    ...variants.filter((name) => plan.every(({ variant }) => variant !== name)),
  ]);
  if (idle.size > 0) warn(`No run is planned of ${[...idle].join(", ")} with the other options`);
  return options.shard === undefined ? plan : shard(plan, ...shardNumbers(options.shard));
}

function fileName(name: string): string {
  try {
    filePath(name);
    return name;
  } catch (error) {
    throw new UsageError((error as RangeError).message, { cause: error });
  }
}

function shardNumbers(text: string): [index: number, of: number] {
  const [, i, n] = /^(\d{1,9})\/(\d{1,9})$/.exec(text)?.map(Number) ?? [];
  if (i === undefined || n === undefined || i < 1 || i > n) {
    throw new UsageError(`--shard must be i/n with 1 <= i <= n: current value is "${text}"`);
  }
  return [i, n];
}
