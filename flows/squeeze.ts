import * as tf from "../engine/tf.ts";
import { noLogDet } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { invertOrder, permuteColumns } from "./permutation.ts";

/** [height, width, channels] of an image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * In which order the four pixels of a 2 x 2 square become channels, by [line, column].
 *
 *     rows:          [0, 0], [0, 1], [1, 0], [1, 1]    the first half of the channels is the upper row
 *     checkerboard:  [0, 0], [1, 1], [0, 1], [1, 0]    the first half is the black fields of a board
 */
export type SqueezeOrder = "rows" | "checkerboard";

const SQUARES = {
  rows: [[0, 0], [0, 1], [1, 0], [1, 1]],
  checkerboard: [[0, 0], [1, 1], [0, 1], [1, 0]],
} as const;

/**
 * Trades resolution for channels: each 2 x 2 square of pixels becomes one pixel. logDet = 0.
 *
 *     [height, width, channels] -> [height / 2, width / 2, 4 channels]     channel = place * channels + c
 *
 * In checkerboard order the halves of the channels are the two masks of a checkerboard, so that a
 * coupling between halves is a coupling with a checkerboard mask, at half the resolution.
 *
 * Source: Dinh et al. 2017 (RealNVP), section 3.6.
 */
export class Squeeze implements Bijector {
  readonly eventShape: ImageShape;
  readonly latentShape: ImageShape;
  readonly variables: readonly tf.Variable[] = [];
  readonly #inverseOrder: tf.Tensor1D;
  readonly #order: tf.Tensor1D;

  /** @throws {RangeError} If height or width is odd. */
  constructor([height, width, channels]: ImageShape, order: SqueezeOrder) {
    if (height % 2 !== 0 || width % 2 !== 0) {
      throw new RangeError(
        `Cannot create Squeeze as height and width must be even: current shape is [${height}, ` +
          `${width}, ${channels}]`,
      );
    }
    this.eventShape = [height, width, channels];
    this.latentShape = [height / 2, width / 2, 4 * channels];
    const from = new Int32Array(height * width * channels);
    let to = 0;
    for (let i = 0; i < height; i += 2) {
      for (let j = 0; j < width; j += 2) {
        for (const [di, dj] of SQUARES[order]) {
          for (let c = 0; c < channels; c++) {
            from[to++] = ((i + di) * width + j + dj) * channels + c;
          }
        }
      }
    }
    this.#order = tf.keep(tf.tensor1d(from, "int32"));
    this.#inverseOrder = tf.keep(tf.tensor1d(invertOrder(from), "int32"));
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Squeeze.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const moved = permuteColumns(tf.reshape(x, [batch, -1]), this.#order, this.#inverseOrder);
      return { z: tf.reshape(moved, [batch, ...this.latentShape]), logDet: noLogDet(batch) };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Squeeze.inverse", z, this.latentShape, "z");
    return tf.tidy(() => {
      const moved = permuteColumns(tf.reshape(z, [batch, -1]), this.#inverseOrder, this.#order);
      return { x: tf.reshape(moved, [batch, ...this.eventShape]), logDet: noLogDet(batch) };
    });
  }

  [Symbol.dispose](): void {
    tf.dispose([this.#order, this.#inverseOrder]);
  }
}
