import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { sumPerExample } from "./_per_example.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { type Activation, Mlp } from "./mlp.ts";
import { invertOrder, permuteColumns } from "./permutation.ts";
import { SCALE_MAPS, type ScaleMap } from "./scale_map.ts";

/** What {@link Coupling} is made of. */
export interface CouplingOptions {
  /** One entry per coordinate: 1 is kept and seen by the network, 0 is transformed. */
  readonly mask: readonly (0 | 1)[];
  /** Widths of the network's hidden layers. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** Null for an additive coupling: a shift and no scale. */
  readonly scaleMap: ScaleMap | null;
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
  readonly #kept: number;
  readonly #network: Mlp;
  readonly #order: tf.Tensor1D | null;
  readonly #inverseOrder: tf.Tensor1D | null;
  readonly #scaleMap: ScaleMap | null;

  /**
   * @param name Path of its variables: those of the network, `name/kernel0`, …
   * @param rng Source of the network's initial kernels.
   * @throws {RangeError} If the mask does not have a kept and a transformed coordinate.
   */
  constructor(name: string, options: CouplingOptions, rng: Rng) {
    const { mask, hidden, activation, scaleMap } = options;
    const kept = mask.flatMap((bit, i) => bit === 1 ? [i] : []);
    const moved = mask.flatMap((bit, i) => bit === 0 ? [i] : []);
    if (kept.length === 0 || moved.length === 0) {
      throw new RangeError(
        `Cannot create Coupling as its mask must hold at least one 1 and one 0, which takes ` +
          `dim >= 2: current value is [${mask.join(", ")}]`,
      );
    }
    this.eventShape = [mask.length];
    this.#kept = kept.length;
    this.#scaleMap = scaleMap;
    const order = Int32Array.from([...kept, ...moved]);
    const sorted = order.every((column, i) => column === i);
    this.#order = sorted ? null : tf.keep(tf.tensor1d(order, "int32"));
    this.#inverseOrder = sorted ? null : tf.keep(tf.tensor1d(invertOrder(order), "int32"));
    this.#network = new Mlp(name, {
      inputs: kept.length,
      hidden,
      outputs: moved.length * (scaleMap ? 2 : 1),
      activation,
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
    this.#order?.dispose();
    this.#inverseOrder?.dispose();
  }

  #conditions(kept: tf.Tensor): { shift: tf.Tensor; logScale: tf.Tensor | null } {
    const output = this.#network.apply(kept);
    if (this.#scaleMap === null) return { shift: output, logScale: null };
    const [shift, raw] = tf.split(output, 2, 1);
    return { shift: shift!, logScale: SCALE_MAPS[this.#scaleMap](raw!) };
  }

  #split(x: tf.Tensor): [kept: tf.Tensor, moved: tf.Tensor] {
    const ordered = this.#order ? permuteColumns(x, this.#order, this.#inverseOrder!) : x;
    const dim = this.eventShape[0]!;
    return tf.split(ordered, [this.#kept, dim - this.#kept], 1) as [tf.Tensor, tf.Tensor];
  }

  #join(kept: tf.Tensor, moved: tf.Tensor): tf.Tensor {
    const ordered = tf.concat([kept, moved], 1);
    return this.#order ? permuteColumns(ordered, this.#inverseOrder!, this.#order) : ordered;
  }
}

/** The mask 0, 1, 0, 1, … or, for odd layers, its complement. */
export function alternatingMask(dim: number, layer: number): (0 | 1)[] {
  return Array.from({ length: dim }, (_, i) => (i + layer) % 2 === 0 ? 1 : 0);
}
