/**
 * Whether memory stays flat over hours of training in one process: `deno task soak`.
 *
 * @module
 */
import { Command } from "npm:@commander-js/extra-typings@15.1.0";
import { initEngine } from "../engine/init_engine.ts";
import * as tf from "../engine/tf.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { engineOptions, seconds } from "./commands/_arguments.ts";
import { EXIT, exitStatusOf } from "./commands/exit.ts";
import { type Column, toCsv } from "./tables/csv.ts";
import { executeRun } from "./execute_run.ts";
import { planRuns } from "./suites.ts";

/** Memory after some rounds of training. */
export interface SoakSample {
  readonly seconds: number;
  /** Rounds so far; each trains and scores every family once. */
  readonly rounds: number;
  /** Physical memory of the process, MiB. */
  readonly rssMib: number;
  /** What of it the garbage collector has not cleared of JavaScript's objects, MiB. */
  readonly heapMib: number;
  /** Tensors of TensorFlow.js, and their bytes: nothing is alive between rounds. */
  readonly tensors: number;
  readonly tensorBytes: number;
}

const COLUMNS: readonly Column<SoakSample>[] = [
  { name: "seconds", value: ({ seconds }) => Number(seconds.toFixed(1)) },
  { name: "rounds", value: ({ rounds }) => rounds },
  { name: "rss_mib", value: ({ rssMib }) => Number(rssMib.toFixed(1)) },
  { name: "heap_mib", value: ({ heapMib }) => Number(heapMib.toFixed(1)) },
  { name: "tensors", value: ({ tensors }) => tensors },
  { name: "tensor_bytes", value: ({ tensorBytes }) => tensorBytes },
];

/**
 * Trains the smoke profile's flows on a toy and on an energy, over and over.
 *
 * @param budgetSeconds Rounds begin until it is over.
 * @param onSample Told after each round.
 */
export async function soak(
  budgetSeconds: number,
  onSample: (sample: SoakSample) => Promise<void> | void,
): Promise<void> {
  const runs = planRuns({
    profile: "smoke",
    suites: ["toy", "energy"],
    datasets: ["moons", "u2"],
  });
  const startMs = performance.now();
  const elapsed = (): number => (performance.now() - startMs) / 1000;
  for (let rounds = 1; elapsed() < budgetSeconds; rounds++) {
    for (const [i, run] of runs.entries()) {
      await executeRun({ ...run, seed: rounds * runs.length + i }, {
        runId: "soak",
        checkpoint: null,
      });
    }
    const { numTensors, numBytes } = tf.memory();
    const { rss, heapUsed } = Deno.memoryUsage();
    await onSample({
      seconds: elapsed(),
      rounds,
      rssMib: rss / 2 ** 20,
      heapMib: heapUsed / 2 ** 20,
      tensors: numTensors,
      tensorBytes: numBytes,
    });
  }
}

async function main(): Promise<number> {
  const { minutes, backend, out } = new Command("soak")
    .option("--minutes <n>", "how long", "120")
    .option("--backend <name>", "as of bench", "wasm")
    .option("--out <file>", "CSV with the curve", "results/latest/soak.csv")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(["deno", "soak", ...Deno.args]).opts();
  await initEngine(engineOptions({ backend }));
  const samples: SoakSample[] = [];
  await soak(60 * seconds("--minutes", minutes), async (sample) => {
    samples.push(sample);
    await writeAtomically(out, toCsv(samples, COLUMNS));
  });
  const { rssMib, tensors } = samples.at(-1)!;
  console.log(`${samples.length} rounds, ${Math.round(rssMib)} MiB, ${tensors} tensors: ${out}`);
  return EXIT.ok;
}

if (import.meta.main) Deno.exit(await main().catch((error) => exitStatusOf(error, console.error)));
