/**
 * Times the engine: steps of training, densities and samples of a few models on TensorFlow.js's own
 * wasm kernels, on this suite's, and with a BLAS library, in turns.
 *
 *     deno task bench:engine [--out FILE.csv] [--peer PYTHON]
 *
 * With --peer the same models run in PyTorch in the same turns, by a Python that has it: with one thread, with
 * all of the machine in BLAS alone, and with all in both; the fastest counts.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { Command } from "npm:@commander-js/extra-typings@15.1.0";
import { initEngine } from "../../engine/init_engine.ts";
import { restoreMatMul } from "../../engine/matmul.ts";
import { writeAtomically } from "../../engine/write_atomically.ts";
import { toCsv } from "../tables/csv.ts";
import { describeEnvironment, type Environment } from "../environment.ts";
import { median, quantile } from "../metrics.ts";
import type { TimeConfig } from "../time_flow.ts";
import { ENGINE_MODELS, type EngineOp } from "./models.ts";

/** Rounds of all engines: what slows the machine for a while slows each of them. */
const ROUNDS = 3;

/** What is run. */
type Engine = "stock" | "wasm" | "wasm+blas" | "torch";

/** The times of one operation of one model on one engine, over all rounds. */
interface Row {
  readonly model: string;
  readonly engine: Engine;
  readonly gemm: string;
  readonly threads: number;
  readonly version: string;
  readonly op: EngineOp;
  readonly batch: number;
  readonly flops: number;
  readonly samplesMs: number[];
}

const OURS: TimeConfig = {
  warmup: 2,
  minRepeats: 5,
  maxRepeats: 200,
  minSeconds: 0.7,
  maxSeconds: 2,
};

/** It takes seconds a step: once is enough to see it. */
const ONCE: TimeConfig = { warmup: 0, minRepeats: 1, maxRepeats: 1, minSeconds: 0, maxSeconds: 0 };

async function benchmarkEngine(peer: string | undefined): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const add = (row: Row): void => {
    const key = [row.model, row.engine, row.gemm, row.threads, row.op].join();
    const known = rows.get(key);
    if (known) known.samplesMs.push(...row.samplesMs);
    else rows.set(key, row);
  };
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`round ${round + 1} of ${ROUNDS}`);
    const engines: Exclude<Engine, "torch">[] = round === 0
      ? ["stock", "wasm", "wasm+blas"]
      : ["wasm", "wasm+blas"];
    for (const engine of engines) await timeOurs(engine, add);
    if (peer === undefined) continue;
    const all = navigator.hardwareConcurrency;
    for (const [threads, blasThreads] of all === 1 ? [[1, 1]] : [[1, 1], [1, all], [all, all]]) {
      await timePeer(peer, threads!, blasThreads!, round === 0, add);
    }
  }
  return [...rows.values()];
}

async function timeOurs(engine: Exclude<Engine, "torch">, add: (row: Row) => void): Promise<void> {
  let info;
  try {
    info = await initEngine({ backend: engine === "stock" ? "wasm" : engine });
  } catch (error) {
    console.error(`${engine} is left out: ${(error as Error).message}`);
    return;
  }
  if (engine === "stock") restoreMatMul();
  const { gemm, threads, tfjs } = info;
  for (const model of ENGINE_MODELS) {
    for (const op of model.ops) {
      // Without our kernels a MAF is sampled coordinate by coordinate, which takes minutes.
      if (engine === "stock" && op === "sample" && model.name.startsWith("maf")) continue;
      add({
        model: model.name,
        engine,
        gemm: engine === "stock" ? "tfjs-wasm" : gemm,
        threads,
        version: `tfjs ${tfjs}`,
        op,
        batch: model.batch,
        flops: model.flops(op),
        samplesMs: [...await model.time(op, engine === "stock" ? ONCE : OURS)],
      });
    }
  }
}

/** @param isFirst Also samples, which takes a minute. */
async function timePeer(
  python: string,
  threads: number,
  blasThreads: number,
  isFirst: boolean,
  add: (row: Row) => void,
): Promise<void> {
  const script = fileURLToPath(new URL("../peers/torch_flows.py", import.meta.url));
  const models = ENGINE_MODELS.filter(({ ops }) => !ops.includes("product"));
  const args = [
    script,
    `--threads=${threads}`,
    `--blas-threads=${blasThreads}`,
    `--models=${models.map(({ name }) => name).join(",")}`,
    ...(isFirst ? ["--sample"] : []),
  ];
  // OpenBLAS does not hear of torch.set_num_threads.
  const env = {
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(blasThreads),
    MKL_NUM_THREADS: String(blasThreads),
  };
  const { success, stdout, stderr } = await new Deno.Command(python, { args, env }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();
  if (!success) {
    throw new Error(
      `Cannot time PyTorch as ${python} must be able to import torch: ${
        decode(stderr).split("\n").at(-1)
      }`,
    );
  }
  for (const line of decode(stdout).split("\n")) {
    const { model: name, torch, blas_threads, ...times } = JSON.parse(line);
    const model = models.find((model) => model.name === name)!;
    for (const op of model.ops) {
      if (times[op] === undefined) continue;
      add({
        model: name,
        engine: "torch",
        gemm: `blas of ${blas_threads}`,
        threads,
        version: `torch ${torch}`,
        op,
        batch: model.batch,
        flops: model.flops(op),
        samplesMs: times[op],
      });
    }
  }
}

const medianOf = ({ samplesMs }: Row): number => median(samplesMs);

/** The fastest of PyTorch for the same; null without it. */
function peerMs(row: Row, rows: readonly Row[]): number | null {
  const same = rows.filter(({ engine, model, op }) =>
    engine === "torch" && model === row.model && op === row.op
  );
  return same.length > 0 ? Math.min(...same.map(medianOf)) : null;
}

function asCsv(rows: readonly Row[], environment: Environment): string {
  const round = (value: number): number => Number(value.toPrecision(4));
  const at = ({ samplesMs }: Row, q: number): number =>
    round(quantile(samplesMs.toSorted((a, b) => a - b), q));
  return toCsv(rows, [
    { name: "model", value: ({ model }) => model },
    { name: "engine", value: ({ engine }) => engine },
    { name: "gemm", value: ({ gemm }) => gemm },
    { name: "threads", value: ({ threads }) => threads },
    { name: "op", value: ({ op }) => op },
    { name: "batch", value: ({ batch }) => batch },
    { name: "repeats", value: ({ samplesMs }) => samplesMs.length },
    { name: "p10_ms", value: (row) => at(row, 0.1) },
    { name: "median_ms", value: (row) => at(row, 0.5) },
    { name: "p90_ms", value: (row) => at(row, 0.9) },
    // Of sampling coordinate by coordinate the count would say nothing.
    {
      name: "gflops",
      value: (row) => row.op === "sample" ? null : round(row.flops / medianOf(row) / 1e6),
    },
    {
      name: "ratio_to_torch",
      value: (row) => {
        const peer = peerMs(row, rows);
        return peer === null ? null : round(medianOf(row) / peer);
      },
    },
    { name: "version", value: ({ version }) => version },
    { name: "deno", value: () => environment.deno },
    { name: "cpu", value: () => environment.cpu },
    { name: "cores", value: () => environment.cores },
    { name: "os", value: () => environment.os },
    { name: "commit", value: () => environment.commit },
  ]);
}

if (import.meta.main) {
  const { out, peer } = new Command("bench:engine")
    .option("--out <file>", "where the CSV goes", "results/latest/engine.csv")
    .option("--peer <python>", "a Python with PyTorch, which is timed too")
    .parse(["deno", "engine", ...Deno.args]).opts();
  const rows = await benchmarkEngine(peer);
  const environment = await describeEnvironment();
  await writeAtomically(out, asCsv(rows, environment));
  for (const row of rows.toSorted((a, b) => `${a.model} ${a.op}` < `${b.model} ${b.op}` ? -1 : 1)) {
    const peer = peerMs(row, rows);
    const gflops = row.op === "sample" ? "" : (row.flops / medianOf(row) / 1e6).toFixed(0);
    console.log(
      `${row.model.padEnd(22)} ${row.op.padEnd(10)} ${row.engine.padEnd(9)} ${row.threads} ${
        row.engine === "torch" ? `(${row.gemm}) ` : ""
      }` +
        `${medianOf(row).toPrecision(4).padStart(9)} ms ${gflops.padStart(4)} GFLOP/s` +
        (peer === null ? "" : `   ${(medianOf(row) / peer).toPrecision(3).padStart(6)} of torch`),
    );
  }
  console.error(`The table is in ${out}`);
}
