import type * as tf from "../engine/tf.ts";

/**
 * An invertible map with a tractable Jacobian determinant.
 *
 * `forward` takes data to latent, `inverse` latent to data, in every family of this suite.
 * A `logDet` has shape [batch], is in nats, and belongs to the method that returned it:
 *
 *     forward(x) = { z = f(x),      logDet = log |det df/dx| }
 *     inverse(z) = { x = f^-1(z),   logDet = log |det df^-1/dz| }
 *     log p(x) = log p_Z(z) + logDet      with { z, logDet } = forward(x)
 *
 * The density may be conditional on a class: `context` is then a one-hot row for each example, float32
 * [batch, classes]. What was made with `classes` reads it, wrappers pass it on, the others ignore it.
 *
 * Tensors: a bijector borrows its arguments, gives away its results, and owns what it constructed
 * until `[Symbol.dispose]()`.
 */
export interface Bijector extends Disposable {
  /** Shape of one event of data: a batch has shape [batch, ...eventShape]. */
  readonly eventShape: readonly number[];
  /** Shape of one event of the latent, of as many numbers; absent: that of the data. */
  readonly latentShape?: readonly number[];
  /**
   * All that a saved flow must hold, in a fixed order. What is learned has `trainable` set; what is
   * drawn once and kept, like a permutation, has not.
   */
  readonly variables: readonly tf.Variable[];
  /** Data to latent. */
  forward(x: tf.Tensor, context?: tf.Tensor): Forward;
  /** Latent to data. */
  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse;
  /**
   * Sets the parameters that are initialised from data, so that this batch leaves the bijector on the other
   * side as it should: by actnorm with mean 0 and variance 1, by others as their classes say.
   *
   * @param batch Of the side named, shape [batch, ...eventShape] or [batch, ...latentShape].
   * @param side "data": the batch is what `forward` takes; "latent": what `inverse` takes.
   */
  initialize?(batch: tf.Tensor, side: "data" | "latent", context?: tf.Tensor): void;
}

/** What {@link Bijector.forward} returns: z [batch, ...latentShape] and logDet [batch], nats. */
export interface Forward {
  readonly z: tf.Tensor;
  readonly logDet: tf.Tensor1D;
}

/** What {@link Bijector.inverse} returns: x [batch, ...eventShape] and logDet [batch], nats. */
export interface Inverse {
  readonly x: tf.Tensor;
  readonly logDet: tf.Tensor1D;
}

/** Shape of one event of a bijector's latent. */
export function latentShapeOf(bijector: Bijector): readonly number[] {
  return bijector.latentShape ?? bijector.eventShape;
}

/**
 * The check of what every flow and bijector is given.
 *
 * @param action What was asked for, as the message names it: `maf.forward`.
 * @param tensor The argument.
 * @param eventShape The shape of one event.
 * @param symbol The argument's name in the message.
 * @returns The batch size.
 * @throws {TypeError} If the shape is not [batch, ...eventShape] with batch >= 1, or the type not float32, whose
 *   bits the kernels take everything for.
 */
export function checkBatch(
  action: string,
  tensor: tf.Tensor,
  eventShape: readonly number[],
  symbol: "x" | "z",
): number {
  const [batch, ...event] = tensor.shape;
  if (
    batch === undefined || batch < 1 || event.length !== eventShape.length ||
    event.some((size, i) => size !== eventShape[i])
  ) {
    throw new TypeError(
      `Cannot evaluate ${action} as ${symbol} must have shape [batch, ${
        eventShape.join(", ")
      }] with batch >= 1: current shape is [${tensor.shape.join(", ")}]`,
    );
  }
  if (tensor.dtype !== "float32") {
    throw new TypeError(
      `Cannot evaluate ${action} as ${symbol} must be float32: current type is ${tensor.dtype}, ` +
        `take tf.cast(${symbol}, "float32")`,
    );
  }
  return batch;
}

/**
 * The check of every context.
 *
 * @param action What was asked for, as the message names it: `Flow.logProb`.
 * @param context The argument.
 * @param classes How many there are.
 * @param batch Number of examples.
 * @throws {TypeError} If it is not there, or not float32 of shape [batch, classes].
 */
export function checkContext(
  action: string,
  context: tf.Tensor | undefined,
  classes: number,
  batch: number,
): asserts context is tf.Tensor2D {
  if (String(context?.shape) === `${batch},${classes}` && context!.dtype === "float32") return;
  throw new TypeError(
    `Cannot evaluate ${action} as context must be the one-hot classes of the examples, float32 of ` +
      `shape [${batch}, ${classes}]: current one is ${
        context ? `${context.dtype} of shape [${context.shape.join(", ")}]` : "absent"
      }`,
  );
}
