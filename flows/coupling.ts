import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { affine } from "./affine.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { type Activation, Mlp } from "./mlp.ts";
import type { ScaleMap } from "./scale_map.ts";

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
  readonly #moved: { readonly start: number; readonly count: number };
  readonly #network: Mlp;
  readonly #scaleMap: ScaleMap | null;

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
    const parts = [{ start: 0, count: half }, { start: half, count: dim - half }] as const;
    const [kept, moved] = keep === "first half" ? parts : [parts[1], parts[0]];
    this.eventShape = [dim];
    this.#moved = moved;
    this.#scaleMap = scaleMap;
    this.#network = new Mlp(name, {
      inputs: kept.count,
      firstInput: kept.start,
      hidden,
      outputs: moved.count * (scaleMap ? 2 : 1),
      activation,
      zeroOutput,
    }, rng);
  }

  get variables(): readonly tf.Variable[] {
    return this.#network.variables;
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("Coupling.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const params = this.#network.apply(x);
      const { y: z, logDet } = affine(x, params, this.#moved, this.#scaleMap, "scale");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("Coupling.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const params = this.#network.apply(z); // It sees what is kept alone: the same in x and z.
      const { y: x, logDet } = affine(z, params, this.#moved, this.#scaleMap, "standardise");
      return { x, logDet };
    });
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }
}
