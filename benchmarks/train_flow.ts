import { Adam } from "../engine/adam.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { exampleBatch, type Rows } from "../datasets/mod.ts";
import type { Flow } from "../flows/flow.ts";
import { DivergenceError } from "./divergence_error.ts";
import { evaluateFlow } from "./evaluate_flow.ts";
import { breathe } from "./_breathe.ts";
import { trainStep } from "./_train_step.ts";

/** How {@link trainFlow} trains; written whole into every record. */
export interface TrainConfig {
  /** Examples of one step. */
  readonly batch: number;
  /** Steps at most. */
  readonly maxSteps: number;
  /** Steps between two looks at the validation set. */
  readonly validateEvery: number;
  /** Looks without a better validation loss before training stops. */
  readonly patience: number;
  readonly learningRate: number;
  /** "cosine" falls from learningRate to 1 % of it over maxSteps. */
  readonly schedule: "constant" | "cosine";
  /** Gradients whose common norm is larger are scaled down to it; null: never. */
  readonly clipNorm: number | null;
  /** Decoupled weight decay of Adam. */
  readonly weightDecay: number;
}

/** The defaults of {@link trainFlow}. */
const DEFAULTS: TrainConfig = {
  batch: 256,
  maxSteps: 1_000,
  validateEvery: 100,
  patience: 10,
  learningRate: 1e-3,
  schedule: "cosine",
  clipNorm: 5,
  weightDecay: 0,
};

/** What {@link trainFlow} did. */
export interface TrainResult {
  readonly steps: number;
  /** Passes over the training set, with the fraction of the last one. */
  readonly epochs: number;
  /** Wall clock, validation included. */
  readonly trainSeconds: number;
  /** The step whose weights were kept. */
  readonly bestStep: number;
  readonly bestValidationNats: number;
  readonly stopped: "budget" | "patience";
  /**
   * The largest resident memory of the process that was seen during training, in MiB: weights, data,
   * and what earlier runs of the same process left reserved. 0 where the runtime cannot say.
   */
  readonly peakRssMib: number;
  /** One point per look at the validation set. Training loss: mean since the last look. */
  readonly curve: readonly {
    readonly step: number;
    readonly trainNats: number;
    readonly validationNats: number;
  }[];
}

/** Where training stands. */
export interface TrainProgress {
  readonly step: number;
  readonly maxSteps: number;
  readonly validationNats: number | null;
}

/**
 * Trains a flow by maximum likelihood: Adam on minibatches, and the weights of the best validation
 * loss kept. The first batch initialises what is initialised from data. 8-bit data are dequantised
 * with fresh noise at every step, and with the same noise at every look at the validation set.
 *
 * @param flow Trained in place.
 * @param data `train` is learned from, `validation` selects; neither is the test set.
 * @param options What differs from 1,000 steps of 256 examples at a learning rate of 1e-3.
 * @param rng Source of batches and noise.
 * @param hooks `signal` aborts; `onProgress` is called several times a second at most; `onLook` before
 *   the first step and after each look at the validation set, outside of the time that is measured.
 * @throws {DivergenceError} If a loss or a gradient is not finite.
 */
export async function trainFlow(
  flow: Flow,
  data: { readonly train: Rows; readonly validation: Rows },
  options: Partial<TrainConfig>,
  rng: Rng,
  hooks: {
    signal?: AbortSignal;
    onProgress?: (progress: TrainProgress) => void;
    onLook?: (step: number) => void;
  } = {},
): Promise<TrainResult> {
  const config = { ...DEFAULTS, ...options };
  checkConfig(config);
  const { train, validation } = data;
  const { maxSteps, clipNorm } = config;
  const batch = Math.min(config.batch, train.count);
  const trained = flow.variables.filter((variable) => variable.trainable);
  const batches = new Batches(train, flow.eventShape, batch, rng);
  using optimizer = new Adam(trained, { weightDecay: config.weightDecay });

  const start = performance.now();
  const curve: TrainResult["curve"][number][] = [];
  let best = { step: 0, validationNats: Infinity, weights: await snapshot(trained) };
  let lossSum = 0, lossCount = 0, step = 0, looksWithoutGain = 0;
  let tensorsAfterStep = 0;
  let peakRss = residentMemory();

  let lookSeconds = 0;
  const look = (step: number): void => {
    const before = performance.now();
    hooks.onLook?.(step);
    lookSeconds += (performance.now() - before) / 1000;
  };

  const first = batches.next();
  flow.initialize(first);
  first.dispose();
  look(0);

  while (step < maxSteps && looksWithoutGain < config.patience) {
    const x = batches.next();
    const { loss, gradientNorm } = await trainStep(flow, trained, optimizer, x, {
      learningRate: learningRateAt(config, step),
      ...(clipNorm !== null && { clipNorm }),
    });
    x.dispose();
    step++;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new DivergenceError({ step, loss, seed: rng.path });
    }
    lossSum += loss;
    lossCount++;
    if (step === 1) tensorsAfterStep = tf.memory().numTensors;
    if (tf.memory().numTensors !== tensorsAfterStep) {
      throw new Error(
        `Cannot continue training as a step must leave no tensor behind: step ${step} left ` +
          `${tf.memory().numTensors - tensorsAfterStep}`,
      );
    }

    if (step % config.validateEvery === 0 || step === maxSteps) {
      const { nllNats } = await evaluateFlow(flow, validation, rng.split("validation noise"));
      if (!Number.isFinite(nllNats)) {
        throw new DivergenceError({ step, loss: nllNats, seed: rng.path });
      }
      curve.push({ step, trainNats: lossSum / lossCount, validationNats: nllNats });
      lossSum = lossCount = 0;
      if (nllNats < best.validationNats) {
        best = { step, validationNats: nllNats, weights: await snapshot(trained) };
        looksWithoutGain = 0;
      } else looksWithoutGain++;
      look(step);
    }
    if (await breathe(hooks.signal)) {
      peakRss = Math.max(peakRss, residentMemory());
      const validationNats = curve.at(-1)?.validationNats ?? null;
      hooks.onProgress?.({ step, maxSteps, validationNats });
    }
  }
  restore(trained, best.weights);
  return {
    steps: step,
    epochs: step * batch / train.count,
    trainSeconds: (performance.now() - start) / 1000 - lookSeconds,
    bestStep: best.step,
    bestValidationNats: best.validationNats,
    stopped: step < maxSteps ? "patience" : "budget",
    peakRssMib: Math.round(Math.max(peakRss, residentMemory()) / 2 ** 20),
    curve,
  };
}

/** Bytes of physical memory that the process holds. */
function residentMemory(): number {
  return typeof Deno === "undefined" ? 0 : Deno.memoryUsage().rss;
}

/** Minibatches without replacement: each pass over the rows in a new order. */
class Batches {
  readonly #batch: number;
  readonly #eventShape: readonly number[];
  readonly #noise: Rng;
  readonly #orders: Rng;
  readonly #rows: Rows;
  #order: Int32Array;
  #position = 0;

  constructor(rows: Rows, eventShape: readonly number[], batch: number, rng: Rng) {
    this.#rows = rows;
    this.#eventShape = eventShape;
    this.#batch = batch;
    this.#orders = rng.split("batches");
    this.#noise = rng.split("training noise");
    this.#order = this.#orders.permutation(rows.count);
  }

  next(): tf.Tensor {
    if (this.#position + this.#batch > this.#rows.count) {
      this.#order = this.#orders.permutation(this.#rows.count);
      this.#position = 0;
    }
    const indices = this.#order.subarray(this.#position, this.#position + this.#batch);
    this.#position += this.#batch;
    return tf.tensor(exampleBatch(this.#rows, indices, this.#noise), [
      indices.length,
      ...this.#eventShape,
    ]);
  }
}

function checkConfig(config: TrainConfig): void {
  const fail = (option: keyof TrainConfig, range: string): never => {
    throw new RangeError(
      `Cannot train flow as ${option} must be ${range}: current value is ${config[option]}`,
    );
  };
  for (const option of ["batch", "maxSteps", "validateEvery", "patience"] as const) {
    if (!Number.isSafeInteger(config[option]) || config[option] < 1) {
      fail(option, "an integer >= 1");
    }
  }
  const { learningRate, clipNorm } = config;
  if (!(learningRate > 0 && learningRate < Infinity)) fail("learningRate", "finite and > 0");
  if (clipNorm !== null && !(clipNorm > 0)) fail("clipNorm", "> 0 or null");
}

/** The learning rate of the step after `step` steps. */
export function learningRateAt(
  { learningRate, schedule, maxSteps }: Pick<TrainConfig, "learningRate" | "schedule" | "maxSteps">,
  step: number,
): number {
  if (schedule === "constant") return learningRate;
  const cosine = (1 + Math.cos(Math.PI * step / maxSteps)) / 2;
  return learningRate * (0.01 + 0.99 * cosine);
}

/** Copies of the values. */
async function snapshot(variables: readonly tf.Variable[]): Promise<Float32Array[]> {
  const values = await Promise.all(variables.map((variable) => variable.data()));
  return values.map((array) => array.slice() as Float32Array);
}

function restore(variables: readonly tf.Variable[], values: readonly Float32Array[]): void {
  for (const [i, variable] of variables.entries()) {
    tf.tidy(() => variable.assign(tf.tensor(values[i]!, variable.shape)));
  }
}
