import { ActNorm } from "./actnorm.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import type { ConvNetwork } from "./conv_net.ts";
import { Coupling } from "./coupling.ts";
import type { FlowFamily } from "./family.ts";
import type { Activation } from "./mlp.ts";
import { multiScale } from "./multi_scale.ts";
import { evensFirst, Permutation } from "./permutation.ts";
import type { ScaleMap } from "./scale_map.ts";
import type { ImageShape } from "./squeeze.ts";

type RealNvpConfig = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly base: BaseName;
  readonly scaleMap: ScaleMap;
  readonly components: number;
  readonly actnorm: boolean;
  readonly classes?: number;
};

type RealNvpImageConfig = RealNvpConfig & {
  readonly levels: number;
  readonly network: ConvNetwork;
  readonly untiedBias: boolean;
};

/**
 * RealNVP: affine couplings with alternating masks.
 *
 *     z_kept = x_kept,  z_moved = x_moved * exp(log s(x_kept)) + t(x_kept)     per layer
 *
 * Even coordinates are kept and odd ones move, then the reverse; they are put in the order evens,
 * odds once, in front, and stay so.
 *
 * Over images {@link multiScale} levels, each of `layers` couplings with checkerboard masks and as many
 * with channel masks, convolutional networks, and, but for the last, a split with a learned prior. The
 * first coupling of either kind keeps the first half of the channels, the next the second half, in turn;
 * between the kinds the channels go from checkerboard order to that of rows.
 *
 * Variables: `layer0/{actnorm,coupling}/…`; over images `level0/{checkerboard,channel}0/{actnorm,coupling}/…`,
 * `level0/order/…` and `level0/prior/…`.
 *
 * With `components` couplings, and learned priors of what is split off, are by a {@link mixture} in place of an affine
 * map.
 *
 * Deviations from the paper: an actnorm in front of each coupling in place of batch normalisation,
 * so that the density of one example does not depend on the others in its batch; one network for
 * s and t; a log-scale bounded by 2 tanh(a / 2) in place of the paper's learned multiple of tanh.
 * Over images: checkerboards at the resolution of the channel masks, by {@link Squeeze}, which costs a
 * quarter; a learned prior of what is split off; the last level is like the others but for the split.
 */
export const realnvp: FlowFamily<RealNvpConfig, RealNvpImageConfig> = {
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
    components: 1,
    actnorm: true,
  },
  create(dim, { layers, base, actnorm, ...network }, rng) {
    const parts: Bijector[] = [new Permutation("order", evensFirst(dim))];
    for (let k = 0; k < layers; k++) {
      if (actnorm) parts.push(new ActNorm(`layer${k}/actnorm`, dim));
      const keep = k % 2 === 0 ? "first half" as const : "second half" as const;
      const options = { eventShape: [dim], keep, zeroOutput: true, ...network };
      parts.push(new Coupling(`layer${k}/coupling`, options, rng.split(`layer${k}`)));
    }
    return { base, bijector: new Chain(parts) };
  },
  images: {
    defaults: {
      levels: 2,
      layers: 4,
      hidden: [128, 128],
      network: "plain",
      untiedBias: false,
      activation: "relu",
      base: "normal",
      scaleMap: "tanh",
      components: 1,
      actnorm: true,
    },
    create(shape, { levels, layers, base, actnorm, hidden, ...options }, rng) {
      const couplings = (shape: ImageShape, name: string): Bijector[] =>
        Array.from({ length: layers }, (_, k) => {
          const keep = k % 2 === 0 ? "first half" as const : "second half" as const;
          const own = { eventShape: shape, keep, hidden, zeroOutput: true, ...options };
          const coupling = new Coupling(`${name}${k}/coupling`, own, rng.split(`${name}${k}`));
          return actnorm ? [new ActNorm(`${name}${k}/actnorm`, shape), coupling] : [coupling];
        }).flat();
      const bijector = multiScale(shape, {
        levels,
        order: "checkerboard",
        steps: (shape, level) => [
          ...couplings(shape, `level${level}/checkerboard`),
          new Permutation(`level${level}/order`, rowsOfSquares(shape[2]), shape),
          ...couplings(shape, `level${level}/channel`),
        ],
        prior: (shape, level) => {
          const name = `level${level}/prior`;
          const keep = "first half" as const;
          const own = { eventShape: shape, keep, hidden: [], zeroOutput: true, ...options };
          return new Coupling(name, own, rng.split(name));
        },
      });
      return { base, bijector };
    },
  },
};

/** From the order of a checkerboard, [0, 0], [1, 1], [0, 1], [1, 0], to that of rows. */
function rowsOfSquares(channels: number): Int32Array {
  const each = channels / 4;
  return Int32Array.from({ length: channels }, (_, i) => {
    const square = [0, 2, 3, 1][Math.floor(i / each)]!;
    return square * each + i % each;
  });
}
