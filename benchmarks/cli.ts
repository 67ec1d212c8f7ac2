import { Command, CommanderError } from "npm:@commander-js/extra-typings@15.1.0";
import { closest } from "npm:fastest-levenshtein@1.0.16";
import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { BACKENDS, type EngineOptions, initEngine } from "../engine/init_engine.ts";
import { FAMILIES } from "../flows/families.ts";
import { BASELINES } from "./baselines.ts";
import { toCsv } from "./csv.ts";
import type { Profile, Run } from "./plan.ts";
import { Progress } from "./progress.ts";
import { readRecord, type Record } from "./record.ts";
import { identify, runBenchmark } from "./run_benchmark.ts";
import { PROFILES } from "./profiles.ts";
import { planRuns, SUITES, VARIANTS } from "./suites.ts";
import { summarise } from "./summary.ts";
import { currentRecords, writeTables } from "./tables.ts";

/** Exit statuses of the command line. */
export const EXIT = { ok: 0, someFailed: 1, usage: 2, interrupted: 130 } as const;

/** What the command line needs of the world. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Results. */
  readonly print: (text: string) => void;
  /** Everything else. */
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A mistake of the caller, told in one line. */
class UsageError extends Error {}

/**
 * The command line: `bench [options]`, `tables DIR` and `figures DIR`.
 *
 * @param args Without the program's name.
 * @returns The exit status.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = EXIT.ok;
  const program = new Command("flowbench")
    .description("A reproducible benchmark of flow-based generative models")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .allowExcessArguments(false);
  program.command("bench")
    .description("Train and score flows, time them, and write the tables")
    .option("--profile <name>", `one of ${Object.keys(PROFILES).join(", ")}`, "quick")
    .option("--suite <names>", `of ${SUITES.join(", ")}; comma-separated (default: all)`)
    .option("--family <names>", "families and baselines, comma-separated (default: all)")
    .option("--dataset <names>", "data sets and energies, comma-separated (default: all)")
    .option("--variant <names>", `of ${VARIANTS.join(", ")}; comma-separated (default: all)`)
    .option("--seed <numbers>", "seeds, comma-separated (default: those of the profile)")
    .option("--backend <name>", `one of ${BACKENDS.join(", ")}`, "auto")
    .option("--threads <n>", "threads of a BLAS library (default: all processors)")
    .option("--out <dir>", "output folder", "results/latest")
    .option("--shard <i/n>", "only every n-th run, starting at the i-th")
    .option("--jobs <n>", "runs side by side; 1 in this version", "1")
    .option("--force", "make runs again that have a record")
    .option("--list", "print the planned runs as CSV and run nothing")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async (options) => {
      status = await bench(options, terminal);
    });
  program.command("tables")
    .description("Rebuild the tables of an output folder from its records")
    .argument("<dir>", "output folder of a bench")
    .action(async (dir) => {
      const records = await writeTables(await existingFolder("The output folder", dir));
      terminal.print(summarise(records));
      terminal.warn(`Tables of ${records.length} runs are in ${dir}`);
    });
  program.command("figures")
    .description("Draw what the image flows of an output folder make, from its checkpoints")
    .argument("<dir>", "output folder of a bench")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async (dir, { mnistDir }) => {
      const records = await currentRecords(await existingFolder("The output folder", dir));
      await initEngine();
      const { writeFlowFigures } = await import("./flow_figures.ts"); // A renderer: not for others.
      const files = await writeFlowFigures(
        records,
        dir,
        mnistDir === undefined ? {} : { mnistDir },
      );
      for (const file of files) terminal.print(`${dir}/${file}`);
    });
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (terminal.signal.aborted) return EXIT.interrupted;
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    if (error instanceof CommanderError || error instanceof UsageError) {
      terminal.warn(error.message.replace(/^error: /, "").replaceAll("\n", " "));
      return EXIT.usage;
    }
    if (isExpected(error)) {
      terminal.warn(error.message);
      return EXIT.someFailed;
    }
    throw error;
  }
}

/** What files and permissions can do to a run of this program: told in a line, without a stack. */
function isExpected(error: unknown): error is Error {
  return error instanceof SyntaxError || error instanceof RangeError ||
    Object.values(Deno.errors).some((kind) => error instanceof kind);
}

interface BenchArguments {
  readonly profile: string;
  readonly suite?: string | undefined;
  readonly family?: string | undefined;
  readonly dataset?: string | undefined;
  readonly variant?: string | undefined;
  readonly seed?: string | undefined;
  readonly backend: string;
  readonly threads?: string | undefined;
  readonly out: string;
  readonly shard?: string | undefined;
  readonly jobs: string;
  readonly force?: true | undefined;
  readonly list?: true | undefined;
  readonly mnistDir?: string | undefined;
}

async function bench(options: BenchArguments, terminal: Terminal): Promise<number> {
  const plan = planOf(options);
  const backend = oneOf("--backend", options.backend, BACKENDS) as
    & EngineOptions["backend"]
    & string;
  if (options.jobs !== "1") {
    throw new UsageError(`--jobs must be 1 in this version: current value is "${options.jobs}"`);
  }
  if (options.out === "") throw new UsageError(`--out must name a folder: current value is ""`);
  if (options.mnistDir !== undefined) await existingFolder("--mnist-dir", options.mnistDir);
  const threads = options.threads === undefined ? undefined : Number(options.threads);
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new UsageError(
      `--threads must be an integer >= 1: current value is "${options.threads}"`,
    );
  }
  const engine = await initEngine({ backend, ...(threads !== undefined && { threads }) });
  if (options.list) {
    terminal.print((await listing(plan, options.out)).trimEnd());
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
      signal: terminal.signal,
      ...(options.mnistDir !== undefined && { mnistDir: options.mnistDir }),
      onSkip: (run) => progress.skip(run),
      onStart: (run) => progress.update(run, 0),
      onProgress: (run, { step, maxSteps }) => progress.update(run, step / maxSteps),
      onEnd: (run, record) => progress.end(run, record),
    });
  }
  terminal.print(summarise(records));
  const bad = records.filter(({ status }) => status !== "ok");
  for (const { runId, status, reason } of bad) terminal.warn(`${runId}: ${status}: ${reason}`);
  terminal.warn(`Tables of ${records.length} runs are in ${options.out}`);
  return bad.length > 0 ? EXIT.someFailed : EXIT.ok;
}

/** The runs asked for; every name checked before any work starts. */
function planOf(options: BenchArguments): Run[] {
  const profile = oneOf("--profile", options.profile, Object.keys(PROFILES)) as Profile;
  const suites = namesOf("--suite", options.suite, [...SUITES]);
  const families = namesOf("--family", options.family, [
    ...Object.keys(FAMILIES),
    ...Object.keys(BASELINES),
  ]);
  const datasets = namesOf("--dataset", options.dataset, [
    ...Object.keys(DATASETS),
    ...Object.keys(ENERGIES),
  ]);
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
  return shardOf(plan, options.shard);
}

function shardOf(plan: Run[], shard: string | undefined): Run[] {
  if (shard === undefined) return plan;
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(shard)?.map(Number) ?? [];
  if (i === undefined || n === undefined || i < 1 || i > n) {
    throw new UsageError(`--shard must be i/n with 1 <= i <= n: current value is "${shard}"`);
  }
  return plan.filter((_, index) => index % n === i - 1);
}

/** The planned runs as CSV. */
async function listing(plan: readonly Run[], out: string): Promise<string> {
  const rows = await Promise.all(plan.map(async (run) => {
    const id = await identify(run);
    return { run, id, record: await readRecord(out, id) };
  }));
  return toCsv(rows, [
    { name: "run_id", value: ({ id }) => id },
    { name: "suite", value: ({ run }) => run.suite },
    { name: "profile", value: ({ run }) => run.profile },
    { name: "kind", value: ({ run }) => run.kind },
    { name: "dataset", value: ({ run }) => run.dataset },
    { name: "family", value: ({ run }) => run.family },
    { name: "variant", value: ({ run }) => run.variant },
    { name: "seed", value: ({ run }) => run.seed },
    { name: "expected_seconds", value: ({ run }) => run.expectedSeconds },
    { name: "status", value: ({ record }) => record?.status ?? "planned" },
  ]);
}

function split(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(",").map((item) => item.trim());
}

function namesOf(option: string, list: string | undefined, valid: readonly string[]): string[] {
  return split(list).map((name) => oneOf(option, name, valid));
}

function oneOf(option: string, name: string, valid: readonly string[]): string {
  if (valid.includes(name)) return name;
  throw new UsageError(
    `${option} must be of ${valid.join(", ")}: current value is "${name}", did you mean "${
      closest(name, valid)
    }"?`,
  );
}

async function existingFolder(what: string, dir: string): Promise<string> {
  const found = await Deno.stat(dir).catch(() => null);
  if (found?.isDirectory) return dir;
  throw new UsageError(`${what} must be a folder that exists: current value is "${dir}"`);
}

/** Finds out before the work whether its results can be written. */
async function writableFolder(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir }));
  } catch (error) {
    throw new UsageError(
      `--out must be a folder that can be written: current value is "${dir}" (${
        error instanceof Error ? error.message : error
      })`,
    );
  }
}
