import * as tf from "../../engine/tf.ts";
import type { Flow } from "../../flows/flow.ts";
import { breathe } from "./_breathe.ts";
import { trainStep } from "./_train_step.ts";
import { Training } from "./_training.ts";
import type { Checkpoint, Draws, Look, TrainState } from "./checkpoint.ts";
import { DivergenceError } from "./divergence_error.ts";
import { learningRateAt, type TrainConfig } from "./train_config.ts";

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
    // A look at the validation set lets the event loop run, too.
    if (await breathe() || signal?.aborted) {
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
