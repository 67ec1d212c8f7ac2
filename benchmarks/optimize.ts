import { Adam } from "../engine/adam.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";
import { breathe } from "./_breathe.ts";
import { trainStep } from "./_train_step.ts";
import { DivergenceError } from "./divergence_error.ts";

/** How a flow is trained, by whatever objective; written whole into every record. */
export interface TrainConfig {
  /** Examples of one step, or latent draws where there are no data. */
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

/** The defaults of {@link TrainConfig}. */
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

/** What training did. */
export interface TrainResult {
  readonly steps: number;
  /** Passes over the training set, with the fraction of the last one; null where there is none. */
  readonly epochs: number | null;
  /** Wall clock, validation included. */
  readonly trainSeconds: number;
  /** The step whose weights were kept. */
  readonly bestStep: number;
  /** Its loss on what validates: the NLL of rows, or the reverse KL of latent draws but for log Z. */
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

/** What training tells while it works, and what stops it. */
export interface TrainHooks {
  /** Aborts between steps. */
  readonly signal?: AbortSignal;
  /** Called several times a second at most. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called before the first step and after each look, outside of the time that is measured. */
  readonly onLook?: (step: number) => void;
}

/** What is minimised. */
export interface Objective {
  /** Sets what a flow initialises from a batch. */
  initialize(): void;
  /** The mean loss of a fresh batch, nats; gradients go through it. */
  loss(): tf.Scalar;
  /** The loss that selects the weights, nats: of the same examples at every look. */
  validate(): Promise<number>;
}

/**
 * The loop of all training: Adam on the losses of fresh batches, and the weights of the best
 * validation loss kept.
 *
 * @param flow Trained in place.
 * @param seed Names the run in a DivergenceError.
 * @throws {DivergenceError} If a loss or a gradient is not finite.
 */
export async function optimize(
  flow: Flow,
  objective: Objective,
  config: TrainConfig,
  seed: string,
  hooks: TrainHooks,
): Promise<Omit<TrainResult, "epochs">> {
  const { maxSteps, clipNorm } = config;
  const trained = flow.variables.filter((variable) => variable.trainable);
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

  objective.initialize();
  look(0);

  while (step < maxSteps && looksWithoutGain < config.patience) {
    const { loss, gradientNorm } = await trainStep(objective.loss, trained, optimizer, {
      learningRate: learningRateAt(config, step),
      ...(clipNorm !== null && { clipNorm }),
    });
    step++;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new DivergenceError({ step, loss, seed });
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
      const validationNats = await objective.validate();
      if (!Number.isFinite(validationNats)) {
        throw new DivergenceError({ step, loss: validationNats, seed });
      }
      curve.push({ step, trainNats: lossSum / lossCount, validationNats });
      lossSum = lossCount = 0;
      if (validationNats < best.validationNats) {
        best = { step, validationNats, weights: await snapshot(trained) };
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

/**
 * The defaults with what differs from them.
 *
 * @throws {RangeError} If an option is out of range.
 */
export function trainConfig(options: Partial<TrainConfig>): TrainConfig {
  const config = { ...DEFAULTS, ...options };
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
  return config;
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
