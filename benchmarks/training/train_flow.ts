import { Rng, type RngState } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { exampleBatch, type Rows } from "../../datasets/mod.ts";
import type { Flow } from "../../flows/flow.ts";
import { contextOf } from "./_context.ts";
import { nll } from "./_train_step.ts";
import type { Draws } from "./checkpoint.ts";
import { evaluateFlow } from "../evaluate_flow.ts";
import { optimize, type TrainHooks, type TrainResult } from "./optimize.ts";
import { type TrainConfig, trainConfig } from "./train_config.ts";

/**
 * Trains a flow by maximum likelihood: Adam, or Muon, on minibatches, and the weights of the best validation
 * loss kept. The first batch, or as many as have 16 examples, initialise what is initialised from
 * data. 8-bit data are dequantised with fresh noise at every step, and with the same noise at every
 * look at the validation set. A flow with classes learns -log p(x | label).
 *
 * @param flow Trained in place.
 * @param data `train` is learned from, `validation` selects; neither is the test set.
 * @param options What differs from 1,000 steps of 256 examples at a learning rate of 1e-3.
 * @param rng Source of batches and noise.
 * @param hooks See {@link TrainHooks}.
 * @throws {RangeError} If an option is out of range, or a label none of the flow's classes.
 * @throws {TypeError} If the flow has classes and the data no labels.
 * @throws {DivergenceError} If a loss or a gradient is not finite.
 */
export async function trainFlow(
  flow: Flow,
  data: { readonly train: Rows; readonly validation: Rows },
  options: Partial<TrainConfig>,
  rng: Rng,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const config = trainConfig(options);
  const { train, validation } = data;
  const batch = Math.min(config.batch, train.count);
  // Data that lack a label are refused now and not when their turn comes.
  for (const rows of [train, validation]) {
    tf.tidy(() => void contextOf(flow, rows, Int32Array.from({ length: rows.count }, (_, i) => i)));
  }
  const batches = new Batches(train, flow, batch, rng);
  const result = await optimize(
    flow,
    {
      initialize: () => tf.tidy(() => flow.initialize(...batches.first(FEWEST))),
      loss: () => nll(flow, ...batches.next()),
      validate: async () =>
        (await evaluateFlow(flow, validation, rng.split("validation noise"))).nllNats,
      get draws() {
        return batches.draws;
      },
      set draws(draws) {
        batches.draws = draws;
      },
    },
    config,
    rng.path,
    hooks,
  );
  return { ...result, epochs: result.steps * batch / train.count };
}

/** Examples that initialise what is initialised from data, at least: one alone has no deviation. */
const FEWEST = 16;

/** Minibatches without replacement: each pass over the rows in a new order. */
class Batches {
  readonly #batch: number;
  readonly #flow: Flow;
  readonly #rows: Rows;
  #noise: Rng;
  #orders: Rng;
  /** Where `#orders` stood before it gave `#order`. */
  #orderState!: RngState;
  #order!: Int32Array;
  #position = 0;

  constructor(rows: Rows, flow: Flow, batch: number, rng: Rng) {
    this.#rows = rows;
    this.#flow = flow;
    this.#batch = batch;
    this.#orders = rng.split("batches");
    this.#noise = rng.split("training noise");
    this.#shuffle();
  }

  /** The order of the rows is drawn again from where its stream stood. */
  get draws(): Draws {
    return { streams: [this.#orderState, this.#noise.state], position: this.#position };
  }

  set draws({ streams: [order, noise], position }: Draws) {
    this.#orders = new Rng(order!);
    this.#noise = new Rng(noise!);
    this.#shuffle();
    this.#position = position;
  }

  /** Examples as the flow sees them, and their classes where it has some. */
  next(): [x: tf.Tensor, context: tf.Tensor | undefined] {
    if (this.#position + this.#batch > this.#rows.count) this.#shuffle();
    const indices = this.#order.subarray(this.#position, this.#position + this.#batch);
    this.#position += this.#batch;
    const values = exampleBatch(this.#rows, indices, this.#noise);
    const x = tf.tensor(values, [indices.length, ...this.#flow.eventShape]);
    return [x, contextOf(this.#flow, this.#rows, indices)];
  }

  /** The next batches, as many as it takes to have so many examples. */
  first(count: number): [x: tf.Tensor, context: tf.Tensor | undefined] {
    const batches = Array.from({ length: Math.ceil(count / this.#batch) }, () => this.next());
    const contexts = batches.flatMap(([, context]) => context ?? []);
    return [
      tf.concat(batches.map(([x]) => x)),
      contexts.length > 0 ? tf.concat(contexts) : undefined,
    ];
  }

  #shuffle(): void {
    this.#orderState = this.#orders.state;
    this.#order = this.#orders.permutation(this.#rows.count);
    this.#position = 0;
  }
}
