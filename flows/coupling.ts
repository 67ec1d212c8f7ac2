import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { affine, type Moved } from "./affine.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { ConvNet, type ConvNetwork } from "./conv_net.ts";
import { mixture } from "./mixture.ts";
import { type Activation, Mlp } from "./mlp.ts";
import type { ScaleMap } from "./scale_map.ts";
import type { ImageShape } from "./squeeze.ts";

/** What {@link Coupling} is made of. */
export interface CouplingOptions {
  /** [dim], or [height, width, channels] for images. */
  readonly eventShape: readonly number[];
  /**
   * What the network sees and leaves as it is, of the coordinates or of the channels; of an odd number
   * the first half is the larger.
   */
  readonly keep: "first half" | "second half";
  /**
   * How many coordinates or channels between the halves are seen, beside what is kept, and never move; 0 by
   * default.
   */
  readonly between?: number;
  /** Widths of the network's hidden layers; for images their channels. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** Null for an additive coupling: a shift and no scale. */
  readonly scaleMap: ScaleMap | null;
  /** Components of the {@link mixture} that moves each coordinate; 1, the default: an affine map. */
  readonly components?: number;
  /**
   * Whether the network starts at 0, and so the coupling as the identity, with scale map "sigmoid2" as a constant
   * scale (Kingma and Dhariwal 2018, section 3.3), with components as the same bend everywhere.
   */
  readonly zeroOutput: boolean;
  /** For images: the kind of network, "plain" by default. */
  readonly network?: ConvNetwork;
  /** For images: whether each pixel has biases of its own in the network's first layer, false by default. */
  readonly untiedBias?: boolean;
  /** How many classes the network is told of, by the context; absent: it is told nothing. */
  readonly classes?: number;
}

/** What says how to move the other half. */
interface Conditioner extends Disposable {
  readonly variables: readonly tf.Variable[];
  /** @param x Of which it reads what is kept. */
  apply(x: tf.Tensor, context?: tf.Tensor): tf.Tensor;
}

/**
 * The coupling layer: one part of x stays and says how the other part is shifted and scaled, or bent.
 *
 *     (t, a) = network(x_kept, class),   log s = scaleMap(a)   (additive: log s = 0)
 *     forward(x):  z_kept = x_kept,  z_moved = x_moved * s + t,    logDet = sum log s
 *     inverse(z):  x_kept = z_kept,  x_moved = (z_moved - t) / s,  logDet = -sum log s
 *
 * With components the network says (t, a, b) of a {@link mixture} in place of (t, a), and
 *
 *     forward(x):  z_moved = mixture(x_moved; t, a, b),   logDet = sum log dz_moved/dx_moved
 *
 * Over images the parts are halves of the channels, at every pixel, and the network is convolutional;
 * behind a {@link Squeeze} in checkerboard order they are the fields of a checkerboard.
 *
 * Cost: one network pass in either direction; with components the inverse takes some 4 to 20 evaluations
 * of the mixture, rarely up to 60, which are elementwise; 60 where the engine has no kernels.
 *
 * Source: additive, Dinh et al. 2015 (NICE), section 3.2; affine, Dinh et al. 2017 (RealNVP),
 * eq. 4 and 5; by mixtures, Ho et al. 2019 (Flow++), section 3.2.1.
 */
export class Coupling implements Bijector {
  readonly eventShape: readonly number[];
  readonly #moved: { readonly start: number; readonly count: number };
  readonly #network: Conditioner;
  readonly #scaleMap: ScaleMap | null;
  readonly #components: number;

  /**
   * @param name Path of its variables: those of the network, `name/kernel0`, …
   * @param rng Source of the network's initial kernels.
   * @throws {RangeError} If there is only one coordinate, or channel; if the shape is neither a vector's nor
   *   an image's, or untied biases are asked for of vectors, or components are no integer >= 1, or more than 1 without a
   *   scale map.
   */
  constructor(name: string, options: CouplingOptions, rng: Rng) {
    const { eventShape, keep, between = 0, scaleMap, components = 1, ...rest } = options;
    const { network = "plain", untiedBias, ...own } = rest;
    if (!Number.isSafeInteger(components) || components < 1 || components > 1 && !scaleMap) {
      throw new RangeError(
        `Cannot create Coupling as components must be ${
          scaleMap ? "an integer >= 1" : "1 without a scale map"
        }: current value is ${components}`,
      );
    }
    const isImage = eventShape.length === 3;
    if (!isImage && (eventShape.length !== 1 || untiedBias)) {
      throw new RangeError(
        `Cannot create Coupling as eventShape must be ${
          untiedBias ? "" : "[dim] or "
        }[height, width, channels]: current value is [${eventShape.join(", ")}]`,
      );
    }
    const size = eventShape.at(-1)! - between;
    if (size < 2) {
      throw new RangeError(
        `Cannot create Coupling as it keeps one part and transforms the other, which takes ${
          isImage ? "channels" : "dim"
        } >= 2: current value is ${size}`,
      );
    }
    const half = Math.ceil(size / 2);
    const [first, second] = [half, size - half];
    const [kept, moved] = keep === "first half"
      ? [{ start: 0, count: first + between }, { start: first + between, count: second }]
      : [{ start: first, count: between + second }, { start: 0, count: first }];
    this.eventShape = eventShape;
    this.#moved = moved;
    this.#scaleMap = scaleMap;
    this.#components = components;
    const io = {
      inputs: kept.count,
      firstInput: kept.start,
      outputs: moved.count * (components > 1 ? 3 * components : scaleMap ? 2 : 1),
    };
    const [height, width] = eventShape as ImageShape;
    const pixels = untiedBias ? { untiedBias: [height, width] as const } : {};
    this.#network = isImage
      ? new ConvNet(name, { ...own, ...io, network, ...pixels }, rng)
      : new Mlp(name, { ...own, ...io }, rng);
  }

  get variables(): readonly tf.Variable[] {
    return this.#network.variables;
  }

  forward(x: tf.Tensor, context?: tf.Tensor): Forward {
    checkBatch("Coupling.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { y: z, logDet } = this.#move(x, context, "forward");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse {
    checkBatch("Coupling.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { y: x, logDet } = this.#move(z, context, "inverse");
      return { x, logDet };
    });
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }

  /** Either way: the network sees what is kept alone, which is the same in x and z. */
  #move(
    x: tf.Tensor,
    context: tf.Tensor | undefined,
    direction: "forward" | "inverse",
  ): Moved {
    const params = this.#network.apply(x, context);
    const [components, scaleMap] = [this.#components, this.#scaleMap];
    if (components > 1 && scaleMap) {
      return mixture(x, params, { ...this.#moved, components, scaleMap }, direction);
    }
    const way = direction === "forward" ? "scale" : "standardise";
    return affine(x, params, this.#moved, scaleMap, way);
  }
}
