import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";
import { breathe } from "./_breathe.ts";

/** What is timed: log-densities of a batch, or a batch of samples with its latent draws. */
export type TimedOp = "density" | "sample";

/** How {@link timeFlow} repeats; written whole into every record. */
export interface TimeConfig {
  /** Repetitions at least, unless maxSeconds pass first. */
  readonly minRepeats: number;
  /** Repetitions at most. */
  readonly maxRepeats: number;
  /** Repetitions go on for so long at least. */
  readonly minSeconds: number;
  /** No repetition starts after so long; one is always made. */
  readonly maxSeconds: number;
  /** Repetitions before the clock starts. */
  readonly warmup: number;
}

/** The raw times. */
export interface TimeResult {
  /** One wall-clock time per repetition, in the order in which they were made. */
  readonly samplesMs: readonly number[];
  readonly warmup: number;
}

/**
 * Times one operation of a flow, until its result has been read back.
 *
 * @param flow Borrowed.
 * @param op What to time.
 * @param batch Examples of one repetition.
 * @param config See {@link TimeConfig}.
 * @param rng Source of inputs and latent draws.
 * @param signal Aborts between repetitions.
 */
export async function timeFlow(
  flow: Flow,
  op: TimedOp,
  batch: number,
  config: TimeConfig,
  rng: Rng,
  signal?: AbortSignal,
): Promise<TimeResult> {
  using inputs = new Inputs(flow, batch, rng.split("inputs"));
  const latent = rng.split("latent");
  const repeat = (): void => {
    tf.tidy(() => {
      const result = op === "density" ? flow.logProb(inputs.x) : flow.sample(batch, latent);
      result.dataSync();
    });
  };
  for (let i = 0; i < config.warmup; i++) {
    repeat();
    await breathe(signal);
  }
  const samplesMs: number[] = [];
  let seconds = 0;
  do {
    const start = performance.now();
    repeat();
    const elapsed = performance.now() - start;
    samplesMs.push(elapsed);
    seconds += elapsed / 1000;
    await breathe(signal);
  } while (
    seconds < config.maxSeconds && samplesMs.length < config.maxRepeats &&
    (samplesMs.length < config.minRepeats || seconds < config.minSeconds)
  );
  return { samplesMs, warmup: config.warmup };
}

/** Normal data of the flow's shape. */
class Inputs implements Disposable {
  readonly x: tf.Tensor;

  constructor(flow: Flow, batch: number, rng: Rng) {
    this.x = tf.tensor(rng.normal(batch * flow.dim), [batch, ...flow.eventShape]);
  }

  [Symbol.dispose](): void {
    this.x.dispose();
  }
}
