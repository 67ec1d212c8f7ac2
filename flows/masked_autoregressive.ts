import { Mask } from "../engine/mask.ts";
import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { type Affine, affine, type AffineDirection } from "./affine.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { type Activation, Mlp } from "./mlp.ts";
import type { ScaleMap } from "./scale_map.ts";

/** What {@link MaskedAutoregressive} is made of. */
export interface MaskedAutoregressiveOptions {
  readonly dim: number;
  /** Whether a coordinate depends on those before it or on those after it. */
  readonly order: "ascending" | "descending";
  /** Widths of the network's hidden layers; empty for a linear conditioner. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly scaleMap: ScaleMap;
}

/**
 * The masked autoregressive layer: every coordinate is standardised by what the ones before it say.
 *
 *     (mu, a) = MADE(x),  mu_i and a_i depend on x_1 … x_{i-1},  log s = scaleMap(a)
 *     forward(x):  z_i = (x_i - mu_i) / s_i,   logDet = -sum log s
 *     inverse(z):  x_i = z_i s_i + mu_i,       logDet = sum log s
 *
 * In descending order the same holds for x_D … x_1.
 *
 * Cost: forward one network pass; inverse D passes, one per coordinate, as in the papers.
 *
 * Source: Papamakarios et al. 2017 (MAF), eq. 3 and 4; the masks are those of Germain et al. 2015
 * (MADE), with degrees assigned in sorted order and spread evenly instead of drawn at random.
 */
export class MaskedAutoregressive implements Bijector {
  readonly eventShape: readonly number[];
  readonly #columns: readonly number[];
  readonly #network: Mlp;
  readonly #scaleMap: ScaleMap;

  /**
   * @param name Path of its variables: those of the network, `name/kernel0`, … The output layer
   *   has 2 dim columns, first mu and then a.
   * @param rng Source of the network's initial kernels.
   */
  constructor(name: string, options: MaskedAutoregressiveOptions, rng: Rng) {
    const { dim, order, hidden, activation, scaleMap } = options;
    const columns = Array.from({ length: dim }, (_, i) => i);
    this.#columns = order === "ascending" ? columns : columns.reverse();
    this.eventShape = [dim];
    this.#scaleMap = scaleMap;
    this.#network = new Mlp(name, {
      inputs: dim,
      hidden,
      outputs: 2 * dim,
      activation,
      zeroOutput: true,
      masks: madeMasks(dim, hidden, order),
    }, rng);
  }

  get variables(): readonly tf.Variable[] {
    return this.#network.variables;
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("MaskedAutoregressive.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { y: z, logDet } = this.#affine(x, this.#network.apply(x), "standardise");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("MaskedAutoregressive.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const column = tf.range(0, this.#columns.length, 1, "int32");
      let x = tf.zerosLike(z);
      let logDet: tf.Tensor1D | undefined;
      for (const i of this.#columns) {
        // Coordinates not yet solved are 0 in x: whatever the network says of them is not used.
        [x, logDet] = tf.tidy(() => {
          const { y, logDet } = this.#affine(z, this.#network.apply(x), "scale");
          return [tf.where(tf.equal(column, i), y, x), logDet];
        });
      }
      return { x, logDet: logDet! };
    });
  }

  #affine(x: tf.Tensor, params: tf.Tensor, direction: AffineDirection): Affine {
    const all = { start: 0, count: this.#columns.length };
    return affine(x, params, all, this.#scaleMap, direction);
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }
}

/**
 * The masks of MADE. Input i has degree i + 1, or D - i in descending order, hidden unit k of H the
 * degree 1 + floor(k (D - 1) / H); a connection is kept where the degree does not fall, and in the
 * output layer where it rises, so that output i sees the inputs before i and no others.
 *
 * @returns One for each layer; the last has 2 dim columns.
 */
export function madeMasks(
  dim: number,
  hidden: readonly number[],
  order: "ascending" | "descending" = "ascending",
): Mask[] {
  const inputs = Array.from({ length: dim }, (_, i) => order === "ascending" ? i + 1 : dim - i);
  const degrees = [
    inputs,
    ...hidden.map((width) =>
      Array.from({ length: width }, (_, k) => 1 + Math.floor(k * (dim - 1) / width))
    ),
  ];
  return degrees.map((from, layer) => {
    const isOutput = layer === hidden.length;
    const to = isOutput ? [...inputs, ...inputs] : degrees[layer + 1]!;
    const ones = from.flatMap((a) => to.map((b) => Number(isOutput ? b > a : b >= a)));
    return new Mask(Uint8Array.from(ones), from.length, to.length);
  });
}
