import type { FlowFamily } from "./family.ts";
import { Inverted } from "./inverted.ts";
import { maf, type MafConfig } from "./maf.ts";

/**
 * IAF as an explicit density: a MAF used the other way round.
 *
 *     x_i = (z_i - mu_i(z_<i)) / s_i(z_<i)     per layer, from latent to data
 *
 * One network pass a layer for a sample; for a density as {@link Inversion} says. Made with the same seed
 * and config as a MAF it has the same weights and variables, which isolates the time from the fit: the whole
 * chain is inverted, so data meet the last layer first, and its masked network before its actnorm.
 *
 * Deviations from the paper: there IAF is the posterior of a variational autoencoder, with a
 * context from the encoder and the update s z + (1 - s) m; here it is a density of its own, and its
 * layers are those of {@link maf}, inverted.
 */
export const iaf: FlowFamily<MafConfig> = {
  name: "iaf",
  version: 1,
  citation: {
    authors:
      "Diederik P. Kingma, Tim Salimans, Rafal Jozefowicz, Xi Chen, Ilya Sutskever, Max Welling",
    title: "Improved Variational Inference with Inverse Autoregressive Flow",
    year: 2016,
    venue: "NeurIPS",
    url: "https://arxiv.org/abs/1606.04934",
  },
  fastDirection: "sample",
  defaults: maf.defaults,
  create(dim, config, rng) {
    const { base, bijector } = maf.create(dim, config, rng);
    return { base, bijector: new Inverted(bijector) };
  },
};
