import type { Rng } from "../engine/rng.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import type { ImageShape } from "./squeeze.ts";

/** A value of a config: plain JSON. */
export type ConfigValue = number | string | boolean | null | readonly number[];

/** A config: plain data, written whole into every saved flow and every result. */
export type FlowConfig = { readonly [option: string]: ConfigValue };

/** Where a family comes from. */
export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly year: number;
  readonly venue: string;
  readonly url: string;
}

/** A bijector from data to latent, and the density of the latent. */
export interface FlowParts {
  readonly base: BaseName;
  readonly bijector: Bijector;
}

/** The convolutional variant of a family. */
export interface ImageVariant<Config extends FlowConfig = FlowConfig> {
  /** Every option with its default, as in {@link FlowFamily}. */
  readonly defaults: Config;
  /**
   * @param shape Of the images.
   * @param config Resolved and checked.
   * @param rng Source of everything that is drawn.
   */
  create(shape: ImageShape, config: Config, rng: Rng): FlowParts;
}

/** A family of flows: plain data and one function, or two where it has a variant for images. */
export interface FlowFamily<
  Config extends FlowConfig = FlowConfig,
  ImageConfig extends FlowConfig = FlowConfig,
> {
  readonly name: string;
  /** Raised when the same config and seed would give another flow: older results are then stale. */
  readonly version: number;
  readonly citation: Citation;
  /** The direction that takes one network pass a layer; the other one, if any, solves for D coordinates in turn. */
  readonly fastDirection: "both" | "density" | "sample";
  /**
   * Every option with its default. A given option must be of the same kind; an integer is a count, so a
   * saved flow must not claim one beyond its default, the number of its tensors and their lengths.
   */
  readonly defaults: Config;
  /**
   * @param dim Number of coordinates of the vectors.
   * @param config Resolved and checked. For a conditional flow it has `classes` beside the options, for the
   *   networks.
   * @param rng Source of everything that is drawn.
   */
  create(dim: number, config: Config, rng: Rng): FlowParts;
  /** For event shapes [height, width, channels]; absent: the family takes vectors only. */
  readonly images?: ImageVariant<ImageConfig>;
}
