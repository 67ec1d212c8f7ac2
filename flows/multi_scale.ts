import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Flatten } from "./flatten.ts";
import { Split } from "./split.ts";
import { type ImageShape, Squeeze, type SqueezeOrder } from "./squeeze.ts";

/** What {@link multiScale} is made of. */
export interface MultiScaleOptions {
  /** How often the resolution is halved. */
  readonly levels: number;
  readonly order: SqueezeOrder;
  /** The steps of a level, which keep its shape. */
  steps(shape: ImageShape, level: number): readonly Bijector[];
  /**
   * Stands before a split: its second half becomes standard by it, given the first. RealNVP and Glow take a
   * coupling that keeps the first half, whose network is one linear layer of 3 x 3.
   */
  prior(shape: ImageShape, level: number): Bijector;
}

/**
 * The multi-scale architecture: at each level the image is squeezed and transformed, then half of its
 * channels is latent and the other half goes on to the next level.
 *
 *     level:  squeeze, steps, [prior, split -> next level]
 *
 * Source: Dinh et al. 2017 (RealNVP), section 3.6; with a learned prior, the released code of Glow (Kingma and
 * Dhariwal 2018).
 *
 * @returns Images to a flat latent, the coarsest scale first.
 * @throws {RangeError} If the image cannot be halved so often.
 */
export function multiScale(shape: ImageShape, options: MultiScaleOptions): Bijector {
  const [height, width] = shape;
  const { levels } = options;
  if (height % 2 ** levels !== 0 || width % 2 ** levels !== 0) {
    throw new RangeError(
      `Cannot create a multi-scale flow as height and width must be multiples of 2^levels = ${
        2 ** levels
      }: current shape is [${shape.join(", ")}]`,
    );
  }
  return levelOf(shape, 0, options);
}

function levelOf(shape: ImageShape, level: number, options: MultiScaleOptions): Bijector {
  const squeeze = new Squeeze(shape, options.order);
  const [height, width, channels] = squeeze.latentShape;
  const parts = [squeeze, ...options.steps(squeeze.latentShape, level)];
  if (level === options.levels - 1) return new Chain([...parts, new Flatten(squeeze.latentShape)]);
  const rest = levelOf([height, width, channels / 2], level + 1, options);
  const prior = options.prior(squeeze.latentShape, level);
  return new Chain([...parts, prior, new Split(squeeze.latentShape, rest)]);
}
