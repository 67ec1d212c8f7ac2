import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Coupling } from "./coupling.ts";
import type { FlowFamily } from "./family.ts";
import type { Activation } from "./mlp.ts";
import { evensFirst, Permutation } from "./permutation.ts";
import type { ScaleMap } from "./scale_map.ts";

type RealNvpConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly scaleMap: ScaleMap;
  readonly actnorm: boolean;
};

/**
 * RealNVP: affine couplings with alternating masks.
 *
 *     z_kept = x_kept,  z_moved = x_moved * exp(log s(x_kept)) + t(x_kept)     per layer
 *
 * Even coordinates are kept and odd ones move, then the reverse; they are put in the order evens,
 * odds once, in front, and stay so.
 *
 * Deviations from the paper: an actnorm in front of each coupling in place of batch normalisation,
 * so that the density of one example does not depend on the others in its batch; one network for
 * s and t; a log-scale bounded by 2 tanh(a / 2) in place of the paper's learned multiple of tanh.
 */
export const realnvp: FlowFamily<RealNvpConfig> = {
  name: "realnvp",
  version: 1,
  citation: {
    authors: "Laurent Dinh, Jascha Sohl-Dickstein, Samy Bengio",
    title: "Density estimation using Real NVP",
    year: 2017,
    venue: "ICLR",
    url: "https://arxiv.org/abs/1605.08803",
  },
  fastDirection: "both",
  defaults: {
    layers: 5,
    hidden: [64, 64],
    activation: "relu",
    base: "normal",
    scaleMap: "tanh",
    actnorm: true,
  },
  create(dim, { layers, hidden, activation, base, scaleMap, actnorm }, rng) {
    const parts: Bijector[] = [new Permutation("order", evensFirst(dim))];
    for (let k = 0; k < layers; k++) {
      if (actnorm) parts.push(new ActNorm(`layer${k}/actnorm`, dim));
      const keep = k % 2 === 0 ? "first half" as const : "second half" as const;
      const options = { dim, keep, hidden, activation, scaleMap, zeroOutput: true };
      parts.push(new Coupling(`layer${k}/coupling`, options, rng.split(`layer${k}`)));
    }
    return { base, bijector: new Chain(parts) };
  },
};
