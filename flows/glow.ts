import type { Rng } from "../engine/rng.ts";
import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import type { ConvNetwork } from "./conv_net.ts";
import { Coupling } from "./coupling.ts";
import type { FlowFamily } from "./family.ts";
import { InvertibleLinear } from "./invertible_linear.ts";
import type { Activation } from "./mlp.ts";
import { multiScale } from "./multi_scale.ts";
import type { ScaleMap } from "./scale_map.ts";
import type { ImageShape } from "./squeeze.ts";

type GlowConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly scaleMap: ScaleMap;
  readonly components: number;
  readonly classes?: number;
};

type GlowImageConfig = GlowConfig & {
  readonly levels: number;
  readonly network: ConvNetwork;
  readonly untiedBias: boolean;
};

/**
 * Glow: each step is actnorm, an invertible linear map and an affine coupling.
 *
 *     x <- exp(logScale) * x + bias,  x <- x W,  x_moved <- x_moved * s(x_kept) + t(x_kept)
 *
 * Over images: the linear map mixes the channels of each pixel, the network of the
 * coupling is convolutional, and there are {@link multiScale} levels, squeezed in order of rows, of `layers`
 * steps each; all but the last end in a split with a learned prior, a linear network of 3 x 3, which an untied
 * bias makes one of each pixel. Every coupling keeps the first half of
 * the channels. Over vectors the linear map mixes all coordinates, and halves are kept in
 * turn, the first one first.
 *
 * Variables: `layer0/{actnorm,linear,coupling}/…`; over images `level0/layer0/{actnorm,linear,coupling}/…`
 * and `level0/prior/…`.
 *
 * With `components` couplings, and learned priors of what is split off, are by a {@link mixture} in place of an affine
 * map.
 *
 * Deviations from the paper: see {@link InvertibleLinear} for its parametrisation and {@link ScaleMap} for the
 * scale: sigmoid(a + 2) as in the released code is an option, 2 tanh(a / 2) the default. The learned prior of
 * what is split off is that of the released code.
 */
export const glow: FlowFamily<GlowConfig, GlowImageConfig> = {
  name: "glow",
  version: 1,
  citation: {
    authors: "Diederik P. Kingma, Prafulla Dhariwal",
    title: "Glow: Generative Flow with Invertible 1x1 Convolutions",
    year: 2018,
    venue: "NeurIPS",
    url: "https://arxiv.org/abs/1807.03039",
  },
  fastDirection: "both",
  defaults: {
    layers: 5,
    hidden: [64, 64],
    activation: "relu",
    base: "normal",
    scaleMap: "tanh",
    components: 1,
  },
  create(dim, { layers, base, ...network }, rng) {
    const parts: Bijector[] = [];
    for (let k = 0; k < layers; k++) {
      const layerRng = rng.split(`layer${k}`);
      const keep = k % 2 === 0 ? "first half" : "second half";
      parts.push(
        new ActNorm(`layer${k}/actnorm`, dim),
        new InvertibleLinear(`layer${k}/linear`, dim, layerRng),
        new Coupling(`layer${k}/coupling`, {
          eventShape: [dim],
          keep,
          zeroOutput: true,
          ...network,
        }, layerRng),
      );
    }
    return { base, bijector: new Chain(parts) };
  },
  images: {
    defaults: {
      levels: 2,
      layers: 8,
      hidden: [128, 128],
      network: "plain",
      untiedBias: false,
      activation: "relu",
      base: "normal",
      scaleMap: "tanh",
      components: 1,
    },
    create(shape, { levels, layers, base, hidden, ...network }, rng) {
      const coupling = (name: string, shape: ImageShape, hidden: readonly number[], rng: Rng) =>
        new Coupling(
          name,
          { eventShape: shape, keep: "first half", zeroOutput: true, hidden, ...network },
          rng,
        );
      const step = (shape: ImageShape, name: string): Bijector[] => {
        const own = rng.split(name);
        return [
          new ActNorm(`${name}/actnorm`, shape),
          new InvertibleLinear(`${name}/linear`, shape, own),
          coupling(`${name}/coupling`, shape, hidden, own),
        ];
      };
      const bijector = multiScale(shape, {
        levels,
        order: "rows",
        steps: (shape, level) =>
          Array.from({ length: layers }, (_, k) => step(shape, `level${level}/layer${k}`)).flat(),
        prior: (shape, level) =>
          coupling(`level${level}/prior`, shape, [], rng.split(`level${level}/prior`)),
      });
      return { base, bijector };
    },
  },
};
