import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { sumPerExample } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { type Activation, Mlp } from "./mlp.ts";
import { SCALE_MAPS, type ScaleMap } from "./scale_map.ts";

/** What {@link Coupling} is made of. */
export interface CouplingOptions {
  readonly dim: number;
  /** What the network sees and leaves as it is; of an odd dim the first half is the larger. */
  readonly keep: "first half" | "second half";
  /** Widths of the network's hidden layers. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** Null for an additive coupling: a shift and no scale. */
  readonly scaleMap: ScaleMap | null;
  /** Whether it starts as the identity (Kingma and Dhariwal 2018, section 3.3). */
  readonly zeroOutput: boolean;
}

/**
 * The coupling layer: one part of x stays and says how the other part is shifted and scaled.
 *
 *     (t, a) = network(x_kept),   log s = scaleMap(a)   (additive: log s = 0)
 *     forward(x):  z_kept = x_kept,  z_moved = x_moved * s + t,    logDet = sum log s
 *     inverse(z):  x_kept = z_kept,  x_moved = (z_moved - t) / s,  logDet = -sum log s
 *
 * Cost: one network pass in either direction.
 *
 * Source: additive, Dinh et al. 2015 (NICE), section 3.2; affine, Dinh et al. 2017 (RealNVP),
 * eq. 4 and 5.
 */
export class Coupling implements Bijector {
  readonly eventShape: readonly number[];
  readonly #keptFirst: boolean;
  readonly #network: Mlp;
  readonly #scaleMap: ScaleMap | null;
  readonly #sizes: number[];

  /**
   * @param name Path of its variables: those of the network, `name/kernel0`, …
   * @param rng Source of the network's initial kernels.
   * @throws {RangeError} If dim is 1.
   */
  constructor(name: string, options: CouplingOptions, rng: Rng) {
    const { dim, keep, hidden, activation, scaleMap, zeroOutput } = options;
    if (dim < 2) {
      throw new RangeError(
        `Cannot create Coupling as it keeps one part and transforms the other, which takes dim ` +
          `>= 2: current value is ${dim}`,
      );
    }
    const half = Math.ceil(dim / 2);
    this.eventShape = [dim];
    this.#keptFirst = keep === "first half";
    this.#sizes = [half, dim - half];
    this.#scaleMap = scaleMap;
    const kept = this.#keptFirst ? half : dim - half;
    const moved = dim - kept;
    this.#network = new Mlp(name, {
      inputs: kept,
      hidden,
      outputs: moved * (scaleMap ? 2 : 1),
      activation,
      zeroOutput,
    }, rng);
  }

  get variables(): readonly tf.Variable[] {
    return this.#network.variables;
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("Coupling.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const [kept, moved] = this.#split(x);
      const { shift, logScale } = this.#conditions(kept);
      if (logScale === null) {
        return {
          z: this.#join(kept, tf.add(moved, shift)),
          logDet: tf.zeros([batch]) as tf.Tensor1D,
        };
      }
      return {
        z: this.#join(kept, tf.add(tf.mul(moved, tf.exp(logScale)), shift)),
        logDet: sumPerExample(logScale),
      };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("Coupling.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const [kept, moved] = this.#split(z);
      const { shift, logScale } = this.#conditions(kept);
      if (logScale === null) {
        return {
          x: this.#join(kept, tf.sub(moved, shift)),
          logDet: tf.zeros([batch]) as tf.Tensor1D,
        };
      }
      return {
        x: this.#join(kept, tf.mul(tf.sub(moved, shift), tf.exp(tf.neg(logScale)))),
        logDet: tf.neg(sumPerExample(logScale)),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }

  #conditions(kept: tf.Tensor): { shift: tf.Tensor; logScale: tf.Tensor | null } {
    const output = this.#network.apply(kept);
    if (this.#scaleMap === null) return { shift: output, logScale: null };
    const [shift, raw] = tf.split(output, 2, 1);
    return { shift: shift!, logScale: SCALE_MAPS[this.#scaleMap](raw!) };
  }

  #split(x: tf.Tensor): [kept: tf.Tensor, moved: tf.Tensor] {
    const [first, second] = tf.split(x, this.#sizes, 1) as [tf.Tensor, tf.Tensor];
    return this.#keptFirst ? [first, second] : [second, first];
  }

  #join(kept: tf.Tensor, moved: tf.Tensor): tf.Tensor {
    return tf.concat(this.#keptFirst ? [kept, moved] : [moved, kept], 1);
  }
}
