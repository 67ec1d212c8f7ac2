import * as tf from "../../engine/tf.ts";
import type { Flow } from "../../flows/flow.ts";
import { breathe } from "./_breathe.ts";
import { trainStep } from "./_train_step.ts";
import { Training } from "./_training.ts";
import type { Checkpoint, Draws, Look, TrainState } from "./checkpoint.ts";
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
  /** "cosine" falls from learningRate to 1 % of it over maxSteps, or until it starts again. */
  readonly schedule: "constant" | "cosine";
  /**
   * Steps after which a cosine starts again (Loshchilov and Hutter 2017), ascending. A validation loss rises
   * when it does: patience must last until it has fallen again.
   */
  readonly restarts?: readonly number[];
  /** Gradients whose common norm is larger are scaled down to it, by Muon those of matrices apart; null: never. */
  readonly clipNorm: number | null;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /**
   * "muon": Muon steps the kernels of networks that have no masks, and Adam all else (`engine/muon.ts`). Default
   * "adam": Adam steps all.
   */
  readonly optimizer?: "adam" | "muon";
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
  /**
   * Wall clock of the steps that led to the result, validation included; of a training that was
   * interrupted and continued, over all of its parts.
   */
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
  readonly curve: TrainState["curve"];
  /** What `onLook` noted, if it was given. */
  readonly looks: readonly Look[];
}

/** Where training stands. */
export interface TrainProgress {
  readonly step: number;
  /** The step that training was continued from, else 0. */
  readonly firstStep: number;
  readonly maxSteps: number;
  readonly validationNats: number | null;
}

/** What training tells while it works, and what stops it. */
export interface TrainHooks {
  /** Aborts between steps, after a checkpoint was written. */
  readonly signal?: AbortSignal;
  /** Called several times a second at most. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called before the first step and after each look, outside of the time that is measured. */
  readonly onLook?: (step: number) => readonly number[];
  /** Where training is continued from, and kept from time to time. */
  readonly checkpoint?: Checkpoint;
}

/** What is minimised. */
export interface Objective {
  /** Sets what a flow initialises from a batch. */
  initialize(): void;
  /** The mean loss of a fresh batch, nats; gradients go through it. */
  loss(): tf.Scalar;
  /** The loss that selects the weights, nats: of the same examples at every look. */
  validate(): Promise<number>;
  /** Where it stands in its draws; set to continue from there. */
  draws: Draws;
}

/**
 * The loop of all training: steps on the losses of fresh batches, and the weights of the best
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
  const { checkpoint, signal } = hooks;
  using training = new Training(flow, config);
  const { at, trained, optimizer } = training;

  const stopwatch = new Stopwatch();
  const look = (): void => {
    if (!hooks.onLook) return;
    using _ = stopwatch.pause();
    at.looks = [...at.looks, { step: at.step, values: hooks.onLook(at.step) }];
  };

  const resumed = checkpoint ? await training.resume(checkpoint) : null;
  if (resumed) {
    objective.draws = resumed.draws;
    stopwatch.seconds = resumed.trainSeconds;
  } else {
    stopwatch.seconds = 0;
    objective.initialize();
    look();
  }

  const { step: firstStep } = at;
  let tensorsAfterStep: number | null = null;
  while (at.step < maxSteps && at.looksWithoutGain < config.patience) {
    const { loss, gradientNorm } = await trainStep(objective.loss, trained, optimizer, {
      learningRate: learningRateAt(config, at.step),
      ...(clipNorm !== null && { clipNorm }),
    });
    const step = ++at.step;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new DivergenceError({ step, loss, seed });
    }
    at.lossSum += loss;
    at.lossCount++;
    const { numTensors } = tf.memory();
    tensorsAfterStep ??= numTensors;
    if (numTensors !== tensorsAfterStep) {
      throw new Error(
        `Cannot continue training as a step must leave no tensor behind: step ${step} left ` +
          `${numTensors - tensorsAfterStep}`,
      );
    }

    if (step % config.validateEvery === 0 || step === maxSteps) {
      const validationNats = await objective.validate();
      if (!Number.isFinite(validationNats)) {
        throw new DivergenceError({ step, loss: validationNats, seed });
      }
      at.curve = [...at.curve, { step, trainNats: at.lossSum / at.lossCount, validationNats }];
      at.lossSum = at.lossCount = 0;
      if (at.best === null || validationNats < at.best.validationNats) {
        await training.keepBest(validationNats);
        at.looksWithoutGain = 0;
      } else at.looksWithoutGain++;
      look();
    }
    if (await breathe()) {
      at.peakRss = Math.max(at.peakRss, residentMemory());
      const validationNats = at.curve.at(-1)?.validationNats ?? null;
      hooks.onProgress?.({ step, firstStep, maxSteps, validationNats });
      if (checkpoint && (checkpoint.isDue || signal?.aborted)) {
        const { seconds: trainSeconds } = stopwatch;
        using _ = stopwatch.pause();
        await training.save(checkpoint, { draws: objective.draws, trainSeconds });
      }
      signal?.throwIfAborted();
    }
  }
  training.restoreBest();
  const best = at.best!; // The last step is looked at.
  return {
    steps: at.step,
    trainSeconds: stopwatch.seconds,
    bestStep: best.step,
    bestValidationNats: best.validationNats,
    stopped: at.step < maxSteps ? "patience" : "budget",
    peakRssMib: Math.round(Math.max(at.peakRss, residentMemory()) / 2 ** 20),
    curve: at.curve,
    looks: at.looks,
  };
}

/** Measures the time in which it is not paused, by a clock that never jumps. */
class Stopwatch {
  #startMs = performance.now();

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  set seconds(value: number) {
    this.#startMs = performance.now() - 1000 * value;
  }

  /** Stands still until the result is disposed of. */
  pause(): Disposable {
    const { seconds } = this;
    return { [Symbol.dispose]: () => void (this.seconds = seconds) };
  }
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
  const { learningRate, clipNorm, schedule, restarts = [], weightDecay, optimizer = "adam" } =
    config;
  if (!["constant", "cosine"].includes(schedule)) fail("schedule", "constant or cosine");
  if (!Array.isArray(restarts) || !ascend([0, ...restarts, config.maxSteps])) {
    fail("restarts", `ascending integers > 0 and < maxSteps, ${config.maxSteps}`);
  }
  if (schedule !== "cosine" && restarts.length > 0) fail("schedule", "cosine where it restarts");
  if (!["adam", "muon"].includes(optimizer)) fail("optimizer", "adam or muon");
  if (!(weightDecay >= 0 && weightDecay < Infinity)) fail("weightDecay", "finite and >= 0");
  if (!(learningRate > 0 && learningRate < Infinity)) fail("learningRate", "finite and > 0");
  if (clipNorm !== null && !(clipNorm > 0)) fail("clipNorm", "> 0 or null");
  return config;
}

function ascend(steps: readonly number[]): boolean {
  return steps.every((step, i) => Number.isSafeInteger(step) && (i === 0 || step > steps[i - 1]!));
}

/** The learning rate of the step after `step` steps. */
export function learningRateAt(
  { learningRate, schedule, restarts = [], maxSteps }: Pick<
    TrainConfig,
    "learningRate" | "schedule" | "restarts" | "maxSteps"
  >,
  step: number,
): number {
  if (schedule === "constant") return learningRate;
  const start = restarts.findLast((restart) => restart <= step) ?? 0;
  const end = restarts.find((restart) => restart > step) ?? maxSteps;
  const cosine = (1 + Math.cos(Math.PI * (step - start) / (end - start))) / 2;
  return learningRate * (0.01 + 0.99 * cosine);
}
