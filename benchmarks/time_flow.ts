import { Adam } from "../engine/adam.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";
import { oneHot } from "../flows/one_hot.ts";
import { breathe } from "./training/_breathe.ts";
import { nll, trainStep } from "./training/_train_step.ts";

/**
 * What is timed: log-densities of a batch, a batch of samples with its latent draws, or a step of
 * training on a batch, optimizer included.
 */
export type TimedOp = "density" | "sample" | "train_step";

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
  using work = new Work(flow, op, batch, rng);
  for (let i = 0; i < config.warmup; i++) {
    await work.repeat();
    await breathe(signal);
  }
  const samplesMs: number[] = [];
  let seconds = 0;
  do {
    const start = performance.now();
    await work.repeat();
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

/** One operation on normal data of the flow's shape, of its classes in turn, as often as wanted. */
class Work implements Disposable {
  readonly #batch: number;
  readonly #context: tf.Tensor | undefined;
  readonly #flow: Flow;
  readonly #latent: Rng;
  readonly #op: TimedOp;
  readonly #optimizer: Adam | null;
  readonly #trained: readonly tf.Variable[];
  readonly #x: tf.Tensor;

  constructor(flow: Flow, op: TimedOp, batch: number, rng: Rng) {
    const { classes } = flow;
    this.#batch = batch;
    this.#context = classes === null
      ? undefined
      : oneHot(Array.from({ length: batch }, (_, i) => i % classes), classes);
    this.#flow = flow;
    this.#latent = rng.split("latent");
    this.#op = op;
    this.#trained = flow.variables.filter(({ trainable }) => trainable);
    this.#optimizer = op === "train_step" ? new Adam(this.#trained) : null;
    this.#x = tf.tensor(rng.split("inputs").normal(batch * flow.dim), [batch, ...flow.eventShape]);
  }

  /** Ends when the result has been read back. */
  async repeat(): Promise<void> {
    if (this.#optimizer) {
      // So small that the weights hardly change, however often it is repeated.
      const loss = () => nll(this.#flow, this.#x, this.#context);
      await trainStep(loss, this.#trained, this.#optimizer, { learningRate: 1e-6 });
      return;
    }
    const result = this.#op === "density"
      ? this.#flow.logProb(this.#x, this.#context)
      : this.#flow.sample(this.#batch, this.#latent, { context: this.#context });
    await result.data();
    result.dispose();
  }

  [Symbol.dispose](): void {
    tf.dispose([this.#x, this.#context]);
    this.#optimizer?.[Symbol.dispose]();
  }
}
