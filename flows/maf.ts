import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import type { FlowFamily } from "./family.ts";
import { type Inversion, MaskedAutoregressive } from "./masked_autoregressive.ts";
import type { Activation } from "./mlp.ts";
import type { ScaleMap } from "./scale_map.ts";

/** Options of MAF, which are those of IAF too. */
export type MafConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly scaleMap: ScaleMap;
  readonly actnorm: boolean;
  readonly inversion: Inversion;
  readonly classes?: number;
};

/**
 * MAF: masked autoregressive layers, the order of the coordinates reversed between them.
 *
 *     z_i = (x_i - mu_i(x_<i)) / s_i(x_<i)     per layer
 *
 * One network pass a layer for a density; for a sample as {@link Inversion} says. In the first layer
 * the order is ascending. `inversion` changes no density.
 *
 * Variables: `layer0/{actnorm,made}/…`.
 *
 * Deviations from the paper: an actnorm in front of each layer in place of batch normalisation
 * between them, so that the density of one example does not depend on the others in its batch;
 * a log-scale bounded by 2 tanh(a / 2) (`scaleMap: "exp"` is the paper's).
 */
export const maf: FlowFamily<MafConfig> = {
  name: "maf",
  version: 1,
  citation: {
    authors: "George Papamakarios, Theo Pavlakou, Iain Murray",
    title: "Masked Autoregressive Flow for Density Estimation",
    year: 2017,
    venue: "NeurIPS",
    url: "https://arxiv.org/abs/1705.07057",
  },
  fastDirection: "density",
  defaults: {
    layers: 5,
    hidden: [64, 64],
    activation: "relu",
    base: "normal",
    scaleMap: "tanh",
    actnorm: true,
    inversion: "incremental",
  },
  create(dim, { layers, actnorm, base, ...options }, rng) {
    const parts: Bijector[] = [];
    for (let k = 0; k < layers; k++) {
      if (actnorm) parts.push(new ActNorm(`layer${k}/actnorm`, dim));
      const order = k % 2 === 0 ? "ascending" : "descending";
      const own = { dim, order, ...options } as const;
      parts.push(new MaskedAutoregressive(`layer${k}/made`, own, rng.split(`layer${k}`)));
    }
    return { base, bijector: new Chain(parts) };
  },
};
