import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { type BaseName, BASES } from "./base.ts";
import { type Bijector, checkBatch, latentShapeOf } from "./bijector.ts";
import type { FlowConfig } from "./family.ts";

/**
 * A density: a bijector from data to latent and a base density of the latent.
 *
 *     log p(x) = log p_Z(z) + logDet      with { z, logDet } = bijector.forward(x)
 *
 * Owns its bijector: `using flow = createFlow(…)` frees all of it.
 */
export class Flow implements Disposable {
  readonly base: BaseName;
  readonly bijector: Bijector;
  /** The fully resolved config: what a saved file and a result carry. */
  readonly config: FlowConfig;

  constructor(base: BaseName, bijector: Bijector, config: FlowConfig) {
    this.base = base;
    this.bijector = bijector;
    this.config = config;
  }

  /** Shape of one event, without the batch. */
  get eventShape(): readonly number[] {
    return this.bijector.eventShape;
  }

  /** Number of coordinates of one event. */
  get dim(): number {
    return this.eventShape.reduce((product, size) => product * size, 1);
  }

  /** All variables, in the order in which they are saved. */
  get variables(): readonly tf.Variable[] {
    return this.bijector.variables;
  }

  /** Number of trained parameters. */
  get params(): number {
    return this.variables.reduce((sum, v) => sum + (v.trainable ? v.size : 0), 0);
  }

  /**
   * The log-density of each example.
   *
   * @param x Shape [batch, ...eventShape].
   * @returns Shape [batch], nats.
   * @throws {TypeError} If the shape is another.
   */
  logProb(x: tf.Tensor): tf.Tensor1D {
    checkBatch("Flow.logProb", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { z, logDet } = this.bijector.forward(x);
      return tf.add(BASES[this.base].logProb(z), logDet);
    });
  }

  /**
   * Draws from the flow.
   *
   * @param count Number of examples, an integer >= 1.
   * @param rng Source of the latent draws.
   * @param options `temperature` scales the latent draws; 1, the default, samples the density.
   * @returns Shape [count, ...eventShape].
   * @throws {RangeError} If the count is not an integer >= 1.
   */
  sample(count: number, rng: Rng, options: { temperature?: number } = {}): tf.Tensor {
    return tf.tidy(() => this.bijector.inverse(this.latents(count, rng, options)).x);
  }

  /**
   * Draws from the flow, with the log-density of each draw: one pass, where `logProb` of a sample
   * would come back from it. Gradients go through both.
   *
   *     log p(x) = log p_Z(z) - logDet      with { x, logDet } = bijector.inverse(z)
   *
   * @param count Number of examples, an integer >= 1.
   * @param rng Source of the latent draws: those of `sample`.
   * @returns x [count, ...eventShape] and logProb [count], nats.
   * @throws {RangeError} If the count is not an integer >= 1.
   */
  sampleWithLogProb(count: number, rng: Rng): { x: tf.Tensor; logProb: tf.Tensor1D } {
    return tf.tidy(() => {
      const z = this.latents(count, rng);
      const { x, logDet } = this.bijector.inverse(z);
      return { x, logProb: tf.sub(BASES[this.base].logProb(z), logDet) };
    });
  }

  /**
   * Draws from the base density.
   *
   * @param count Number of examples, an integer >= 1.
   * @param rng Source of the draws.
   * @param options `temperature` scales them; default: 1.
   * @returns z of the shape that `bijector.inverse` takes, [count, ...].
   * @throws {RangeError} If the count is not an integer >= 1.
   */
  latents(count: number, rng: Rng, options: { temperature?: number } = {}): tf.Tensor {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(
        `Cannot sample from Flow as count must be an integer >= 1: current value is ${count}`,
      );
    }
    const { temperature = 1 } = options;
    const draws = BASES[this.base].draw(count * this.dim, rng);
    if (temperature !== 1) { for (let i = 0; i < draws.length; i++) draws[i]! *= temperature; }
    return tf.tensor(draws, [count, ...latentShapeOf(this.bijector)]);
  }

  /**
   * Sets what is initialised from data (actnorm). Call it once, with the first batch.
   *
   * @param x Shape [batch, ...eventShape].
   */
  initialize(x: tf.Tensor): void {
    checkBatch("Flow.initialize", x, this.eventShape, "x");
    this.bijector.initialize?.(x, "data");
  }

  [Symbol.dispose](): void {
    this.bijector[Symbol.dispose]();
  }
}
