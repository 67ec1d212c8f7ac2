import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { countParams } from "./_variable.ts";
import { type BaseName, BASES } from "./base.ts";
import { type Bijector, checkBatch, checkContext, latentShapeOf } from "./bijector.ts";
import type { FlowConfig } from "./family.ts";

/**
 * A density: a bijector from data to latent and a base density of the latent.
 *
 *     log p(x) = log p_Z(z) + logDet      with { z, logDet } = bijector.forward(x)
 *
 * A flow with classes is a density for each of them, log p(x | class): what it is asked for then takes a
 * context, the one-hot classes of the examples, float32 [batch, classes].
 *
 * Owns its bijector: `using flow = createFlow(…)` frees all of it. Once freed it throws an Error when it is
 * asked for anything.
 */
export class Flow implements Disposable {
  readonly base: BaseName;
  readonly bijector: Bijector;
  /** The fully resolved config: what a saved file and a result carry. */
  readonly config: FlowConfig;
  #isDisposed = false;

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

  /** How many classes the density is conditional on; null: it is not. */
  get classes(): number | null {
    return this.config.classes as number | undefined ?? null;
  }

  /** All variables, in the order in which they are saved. */
  get variables(): readonly tf.Variable[] {
    return this.bijector.variables;
  }

  /** Number of trained parameters: masked weights and the empty halves of triangles are none. */
  get params(): number {
    return this.variables.reduce((sum, variable) => sum + countParams(variable), 0);
  }

  /**
   * The log-density of each example.
   *
   * @param x Shape [batch, ...eventShape].
   * @param context Of a flow with classes.
   * @returns Shape [batch], nats.
   * @throws {TypeError} If a shape is another.
   */
  logProb(x: tf.Tensor, context?: tf.Tensor): tf.Tensor1D {
    this.#check("Flow.logProb", context, checkBatch("Flow.logProb", x, this.eventShape, "x"));
    return tf.tidy(() => {
      const { z, logDet } = this.bijector.forward(x, context);
      return tf.add(BASES[this.base].logProb(z), logDet);
    });
  }

  /**
   * Draws from the flow.
   *
   * @param count Number of examples, an integer >= 1.
   * @param rng Source of the latent draws.
   * @param options `temperature` scales the latent draws; 1, the default, samples the density.
   *   `context`: of a flow with classes.
   * @returns Shape [count, ...eventShape].
   * @throws {RangeError} If the count is not an integer >= 1.
   * @throws {TypeError} If the shape of the context is another.
   */
  sample(
    count: number,
    rng: Rng,
    options: { temperature?: number; context?: tf.Tensor | undefined } = {},
  ): tf.Tensor {
    const { context, ...rest } = options;
    return tf.tidy(() => {
      const z = this.latents(count, rng, rest);
      this.#check("Flow.sample", context, count);
      return this.bijector.inverse(z, context).x;
    });
  }

  /**
   * Draws from the flow, with the log-density of each draw: one pass, where `logProb` of a sample
   * would come back from it. Gradients go through both.
   *
   *     log p(x) = log p_Z(z) - logDet      with { x, logDet } = bijector.inverse(z)
   *
   * @param count Number of examples, an integer >= 1.
   * @param rng Source of the latent draws: those of `sample`.
   * @param context Of a flow with classes.
   * @returns x [count, ...eventShape] and logProb [count], nats.
   * @throws {RangeError} If the count is not an integer >= 1.
   * @throws {TypeError} If the shape of the context is another.
   */
  sampleWithLogProb(
    count: number,
    rng: Rng,
    context?: tf.Tensor,
  ): { x: tf.Tensor; logProb: tf.Tensor1D } {
    return tf.tidy(() => {
      const z = this.latents(count, rng);
      this.#check("Flow.sampleWithLogProb", context, count);
      const { x, logDet } = this.bijector.inverse(z, context);
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
   * Sets what is initialised from data, actnorms first of all. Call it once, with the first batch: of a few examples
   * deviations are no estimate, and of a single vector they are 0.
   *
   * @param x Shape [batch, ...eventShape].
   * @param context Of a flow with classes.
   * @throws {TypeError} If a shape is another.
   */
  initialize(x: tf.Tensor, context?: tf.Tensor): void {
    this.#check("Flow.initialize", context, checkBatch("Flow.initialize", x, this.eventShape, "x"));
    this.bijector.initialize?.(x, "data", context);
  }

  #check(action: string, context: tf.Tensor | undefined, batch: number): void {
    if (this.#isDisposed) throw new Error(`Cannot evaluate ${action} as the flow was disposed`);
    if (this.classes !== null) return checkContext(action, context, this.classes, batch);
    if (context === undefined) return;
    throw new TypeError(
      `Cannot evaluate ${action} with a context as the flow is not conditional: create it with option ` +
        `classes`,
    );
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.bijector[Symbol.dispose]();
  }
}
