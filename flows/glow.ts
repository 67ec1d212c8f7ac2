import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Coupling } from "./coupling.ts";
import type { FlowFamily } from "./family.ts";
import { InvertibleLinear } from "./invertible_linear.ts";
import type { Activation } from "./mlp.ts";
import type { ScaleMap } from "./scale_map.ts";

type GlowConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly scaleMap: ScaleMap;
};

/**
 * Glow over vectors: each step is actnorm, an invertible linear map and an affine coupling.
 *
 *     x <- exp(logScale) * x + bias,  x <- x W,  x_moved <- x_moved * s(x_kept) + t(x_kept)
 *
 * Deviations from the paper: vectors in place of images, so the linear map mixes coordinates and
 * not channels; see {@link InvertibleLinear} for its parametrisation and {@link ScaleMap} for the
 * scale: sigmoid(a + 2) as in the released code is an option, 2 tanh(a / 2) the default.
 */
export const glow: FlowFamily<GlowConfig> = {
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
  },
  create(dim, { layers, hidden, activation, base, scaleMap }, rng) {
    const parts: Bijector[] = [];
    for (let k = 0; k < layers; k++) {
      const layerRng = rng.split(`layer${k}`);
      const keep = k % 2 === 0 ? "first half" : "second half";
      parts.push(
        new ActNorm(`layer${k}/actnorm`, dim),
        new InvertibleLinear(`layer${k}/linear`, dim, layerRng),
        new Coupling(`layer${k}/coupling`, {
          dim,
          keep,
          hidden,
          activation,
          scaleMap,
          zeroOutput: true,
        }, layerRng),
      );
    }
    return { base, bijector: new Chain(parts) };
  },
};
