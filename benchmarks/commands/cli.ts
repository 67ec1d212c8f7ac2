import { Command } from "npm:@commander-js/extra-typings@15.1.0";
import { BACKENDS, initEngine } from "../../engine/init_engine.ts";
import { WriteError } from "../../engine/write_atomically.ts";
import {
  engineOptions,
  existingFolder,
  seconds,
  type Terminal,
  UsageError,
  writableFolder,
} from "./_arguments.ts";
import { bench } from "./bench_command.ts";
import { compare } from "./compare_command.ts";
import { toCsv } from "../tables/csv.ts";
import { EXIT, exitStatusOf } from "./exit.ts";
import { lockFolder } from "../lock_folder.ts";
import { mergeFolders } from "./merge_folders.ts";
import { PROFILES } from "../profiles/profiles.ts";
import { listRecords } from "../record_file.ts";
import { VARIANTS } from "../plan.ts";
import { SUITES } from "../suites.ts";
import { summarise } from "../tables/summary.ts";
import { currentRecords, writeTables } from "../tables.ts";
import { VERIFICATION, verify } from "../verify.ts";
import { work } from "../workers.ts";

export type { Terminal };

/**
 * The command line: `bench [options]`, `bench merge DIRS`, `bench compare A B`, `verify DIR`,
 * `tables DIR` and `figures DIR`.
 *
 * @param args Without the program's name.
 * @returns The exit status.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = EXIT.ok;
  const program = new Command("flowbench")
    .description("A reproducible benchmark of flow-based generative models")
    .enablePositionalOptions() // So that --out after bench merge is that of merge.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .allowExcessArguments(false);
  const benchCommand = program.command("bench")
    .description("Train and score flows, time them, and write the tables")
    .option("--profile <name>", `one of ${Object.keys(PROFILES).join(", ")}`, "quick")
    .option("--suite <names>", `of ${SUITES.join(", ")}; comma-separated (default: all)`)
    .option("--family <names>", "families and baselines, comma-separated (default: all)")
    .option(
      "--dataset <names>",
      "data sets, energies and file:PATH, comma-separated (default: all)",
    )
    .option("--variant <names>", `of ${VARIANTS.join(", ")}; comma-separated (default: all)`)
    .option("--seed <numbers>", "seeds, comma-separated (default: those of the profile)")
    .option("--backend <name>", `one of ${BACKENDS.join(", ")}`, "auto")
    .option(
      "--threads <n>",
      "threads of a BLAS library (default: 1 in training, all processors where times are taken)",
    )
    .option("--out <dir>", "output folder", "results/latest")
    .option(
      "--shard <i/n>",
      "only the i-th of n parts of about the same time; what is timed is in one",
    )
    .option(
      "--jobs <n>",
      "runs trained side by side, each in a process of its own (default: one a processor, at most 4)",
    )
    .option("--resume", "continue interrupted runs from their checkpoints", true)
    .option("--no-resume", "start interrupted runs over")
    .option("--checkpoint-seconds <s>", "seconds between two checkpoints of a run", "60")
    .option("--force", "make runs again that have a record")
    .option("--list", "print the planned runs as CSV and run nothing")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async (options) => {
      status = await bench(options, terminal);
    });
  benchCommand.command("merge")
    .description("Put the records and saved flows of output folders into one, and write its tables")
    .argument("<dirs...>", "output folders, of shards for example")
    .requiredOption("--out <dir>", "output folder; what it has is kept")
    .action(async (dirs, { out }) => {
      for (const dir of dirs) await existingFolder("An output folder", dir);
      await writableFolder(out);
      const { records, notes } = await mergeFolders(dirs, out);
      for (const note of notes) terminal.warn(note);
      terminal.print(summarise(records));
      terminal.warn(`Tables of ${records.length} runs are in ${out}`);
    });
  benchCommand.command("compare")
    .description("Tell how the scores and times of output folder B differ from those of A")
    .argument("<a>", "output folder to compare with")
    .argument("<b>", "output folder; the status is 1 where it is worse")
    .option("--max-nats <x>", "an NLL or KL that is worse by more is a regression", "0.05")
    .option("--max-bits <x>", "the same of bits/dim", "0.02")
    .option("--max-time-ratio <x>", "the same of a median time, B / A (default: none is)")
    .option("--out <path>", "a file .svg, or a folder: for a plot and a CSV")
    .action(async (a, b, options) => {
      status = await compare(a, b, options, terminal);
    });
  program.command("work", { hidden: true })
    .description("Make the runs that standard input names: what bench --jobs starts")
    .requiredOption("--out <dir>", "output folder")
    .requiredOption("--backend <name>", `one of ${BACKENDS.join(", ")}`)
    .option("--threads <n>", "threads of a BLAS library")
    .option("--no-resume", "start interrupted runs over")
    .option("--checkpoint-seconds <s>", "seconds between two checkpoints of a run", "60")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async ({ out, resume, checkpointSeconds, mnistDir, ...engine }) => {
      await initEngine(engineOptions(engine));
      await work(Deno.stdin.readable, terminal.print, {
        out,
        resume,
        checkpointSeconds: seconds("--checkpoint-seconds", checkpointSeconds),
        signal: terminal.signal,
        ...(mnistDir !== undefined && { mnistDir }),
      });
    });
  program.command("verify")
    .description("Rescore the saved flows of an output folder, and compare with the records")
    .argument("<dir>", "output folder of a bench")
    .option("--backend <name>", `one of ${BACKENDS.join(", ")}`, "auto")
    .option("--threads <n>", "threads of a BLAS library (default: those of each run)")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async (dir, { mnistDir, ...engine }) => {
      await existingFolder("The output folder", dir);
      const { backend, gemm } = await initEngine(engineOptions(engine));
      const verifications = await verify(dir, {
        signal: terminal.signal,
        threadsAsRecorded: engine.threads === undefined,
        onEnd: ({ runId, verdict, reason }) =>
          terminal.warn(`${runId}: ${verdict}${reason && `: ${reason}`}`),
        ...(mnistDir !== undefined && { mnistDir }),
      });
      if (verifications.length === 0) throw noRecords(dir);
      terminal.print(toCsv(verifications, VERIFICATION).trimEnd());
      const bad = verifications.filter(({ verdict }) =>
        verdict === "differs" || verdict === "unusable"
      );
      terminal.warn(
        `${verifications.length} records, ${bad.length} not reproduced, backend ${backend} (${gemm})`,
      );
      if (bad.length > 0) status = EXIT.someFailed;
    });
  program.command("tables")
    .description("Rebuild the tables of an output folder from its records")
    .argument("<dir>", "output folder of a bench")
    .action(async (dir) => {
      await existingFolder("The output folder", dir);
      if ((await listRecords(dir)).length === 0) throw noRecords(dir);
      using _ = await lockFolder(dir);
      const records = await writeTables(dir);
      terminal.print(summarise(records));
      terminal.warn(`Tables of ${records.length} runs are in ${dir}`);
    });
  program.command("figures")
    .description("Draw what the image flows of an output folder make, from its checkpoints")
    .argument("<dir>", "output folder of a bench")
    .option("--mnist-dir <dir>", "folder with MNIST's IDX files, plain or .gz")
    .action(async (dir, { mnistDir }) => {
      await existingFolder("The output folder", dir);
      const records = await currentRecords(dir);
      if (records.length === 0) throw noRecords(dir);
      using _ = await lockFolder(dir);
      await initEngine();
      const { writeFlowFigures } = await import("../figures/flow_figures.ts"); // A renderer: not for others.
      const files = await writeFlowFigures(records, dir, {
        signal: terminal.signal,
        onSkip: (runId, reason) => terminal.warn(`${runId} has no figures: ${reason}`),
        ...(mnistDir !== undefined && { mnistDir }),
      });
      for (const file of files) terminal.print(`${dir}/${file}`);
    });
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (terminal.signal.aborted) {
      if (error instanceof WriteError) terminal.warn(error.message);
      return EXIT.interrupted;
    }
    return exitStatusOf(error, terminal.warn);
  }
}

function noRecords(dir: string): UsageError {
  return new UsageError(`The output folder must hold records: there are none in "${dir}/runs"`);
}
