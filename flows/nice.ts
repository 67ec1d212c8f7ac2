import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Coupling } from "./coupling.ts";
import type { FlowFamily } from "./family.ts";
import type { Activation } from "./mlp.ts";
import { evensFirst, Permutation } from "./permutation.ts";
import { Scaling } from "./scaling.ts";

type NiceConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly actnorm: boolean;
  readonly zeroOutput: boolean;
  readonly classes?: number;
};

/**
 * NICE: additive couplings, which preserve volume, and one learned diagonal at the end.
 *
 *     z_kept = x_kept,  z_moved = x_moved + t(x_kept)     per layer: evens are kept, then odds, in turn
 *     z = exp(S) z                                        at the end
 *
 * First of all the coordinates are put in the order evens, odds, and stay so.
 *
 * Variables: `order`, `actnorm/…`, `layer0/coupling/…`, `scaling/logScale`. `zeroOutput` changes the
 * initial weights alone.
 *
 * Deviations from the paper: by default an actnorm stands before the couplings, whose scale and bias
 * are initialised from data (the paper has none: `actnorm: false`). It changes no density that the
 * networks can express and much of how they learn: of pixels in [0, 1), most of which are 0 and vary by
 * dequantisation alone, each has its say in the gradients as its deviation has it, and not those that
 * are always 0 nearly all of it. The diagonal is initialised from data too. The couplings do not start
 * as the identity, where symmetric data would leave them on a saddle, unless `zeroOutput` is set.
 */
export const nice: FlowFamily<NiceConfig> = {
  name: "nice",
  version: 1,
  citation: {
    authors: "Laurent Dinh, David Krueger, Yoshua Bengio",
    title: "NICE: Non-linear Independent Components Estimation",
    year: 2015,
    venue: "ICLR workshop",
    url: "https://arxiv.org/abs/1410.8516",
  },
  fastDirection: "both",
  defaults: {
    layers: 4,
    hidden: [64, 64],
    activation: "relu",
    base: "logistic",
    actnorm: true,
    zeroOutput: false,
  },
  create(dim, { layers, base, actnorm, ...network }, rng) {
    const parts: Bijector[] = [new Permutation("order", evensFirst(dim))];
    if (actnorm) parts.push(new ActNorm("actnorm", dim));
    for (let k = 0; k < layers; k++) {
      const keep = k % 2 === 0 ? "first half" as const : "second half" as const;
      const options = { eventShape: [dim], keep, scaleMap: null, ...network };
      parts.push(new Coupling(`layer${k}/coupling`, options, rng.split(`layer${k}`)));
    }
    parts.push(new Scaling("scaling", dim));
    return { base, bijector: new Chain(parts) };
  },
};
