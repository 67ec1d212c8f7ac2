/**
 * The profiles as data: what is run on what, with which budget.
 *
 * @module
 */
import type { Profile } from "./plan.ts";
import {
  CONV_TUNED,
  energy,
  mnist,
  mnistConv,
  mnistFlat,
  mnistPaper,
  reportBanana,
  reportDigits,
  reportTwos,
  toy,
  toyFlat,
  tradeoff,
} from "./quick_profile.ts";
import type { ProfileSettings, QualitySuite, VariantSettings } from "./settings.ts";

/**
 * With the variants that quick has no time for, at the budgets of the others: flows of one layer and of
 * twice the layers, flows with grey levels of learned widths, some of them shaped, with untied biases and
 * trained by Muon, flows with a learned map of the noise of dequantisation, and flows that are told of each
 * example's class.
 */
function withMore(
  variants: QualitySuite["variants"] & { readonly [name in "flat" | "conv"]: VariantSettings },
): QualitySuite["variants"] {
  const { flat, conv } = variants;
  const given = (
    settings: VariantSettings,
    families: VariantSettings["families"],
  ): VariantSettings => ({
    ...settings,
    families,
    flow: { ...settings.flow, classes: 10 },
    seeds: [0],
  });
  const grey = (settings: VariantSettings): VariantSettings => ({
    ...settings,
    flow: { ...settings.flow, greyLevels: "learned" },
    seeds: [0],
    ...(settings.tuned !== undefined && { tuned: `${settings.tuned}, grey levels` }),
  });
  const convGrey = grey(conv);
  const layered = (layers: number, families: VariantSettings["families"]): VariantSettings => ({
    ...flat,
    families,
    flow: { ...flat.flow, layers },
  });
  return {
    ...variants,
    made: layered(1, ["maf"]),
    deep: {
      ...layered(2 * (flat.flow.layers as number), ["realnvp", "maf"]),
      trainOf: { realnvp: { weightDecay: 1 } },
    },
    grey: grey(flat),
    conv_grey: convGrey,
    conv_large: {
      ...convGrey,
      flow: { ...convGrey.flow, greyLevels: "shaped", untiedBias: true },
      train: { ...convGrey.train, optimizer: "muon" },
    },
    vardeq: { ...conv, flow: { ...conv.flow, dequantization: "variational" } },
    class: given(flat, ["realnvp", "glow", "maf"]),
    conv_class: given(conv, conv.families),
  };
}

const paperMnist = withMore({
  flat: {
    ...mnistFlat,
    flow: { ...mnistFlat.flow, hidden: [512] },
    train: {
      ...mnistFlat.train,
      maxSteps: 12_000,
      validateEvery: 500,
      patience: 10,
    },
    // Without it single images, of validation too, get next to no density.
    trainOf: { glow: { maxSteps: 6_000, weightDecay: 1 } },
    seeds: [0, 1, 2],
    expectedSeconds: 700,
    tuned:
      "on validation images: width, learning rate, steps, weight decay of Glow and RealNVP(10)",
  },
  conv: {
    ...mnistConv,
    flowOf: { realnvp: { layers: 6 }, glow: { layers: 12 } },
    train: { ...mnistConv.train, maxSteps: 40_000, validateEvery: 2_000, patience: 20 },
    expectedSeconds: 3_000,
    tuned: CONV_TUNED,
  },
  paper: {
    ...mnistPaper,
    train: {
      ...mnistPaper.train,
      maxSteps: 8_000,
      validateEvery: 500,
      patience: 10,
      learningRate: 3e-3,
    },
    expectedSeconds: 2_000,
    tuned: "on validation images: learning rate, the actnorm in front",
  },
});

/** Every budget of every profile. */
export const PROFILES: Readonly<Record<Profile, ProfileSettings>> = {
  smoke: {
    toy: {
      ...toy,
      datasets: ["moons", "eight_gaussians"],
      counts: { train: 2_000, validation: 500, test: 2_000 },
      roundTrips: 100,
      variants: {
        flat: {
          ...toyFlat,
          flow: { layers: 4, hidden: [32] },
          flowOf: {},
          train: { ...toyFlat.train, maxSteps: 150, validateEvery: 50 },
          expectedSeconds: 0.7,
        },
      },
    },
    mnist: {
      ...mnist,
      counts: { train: 2_000, validation: 500, test: 1_000 },
      roundTrips: 2,
      variants: withMore({
        flat: {
          ...mnistFlat,
          flow: { ...mnistFlat.flow, layers: 3, hidden: [64] },
          train: { ...mnistFlat.train, maxSteps: 60, validateEvery: 30 },
          trainOf: { glow: { maxSteps: 20, validateEvery: 10 } },
          expectedSeconds: 3,
        },
        conv: {
          ...mnistConv,
          flow: { ...mnistConv.flow, hidden: [16, 16] },
          flowOf: { realnvp: { layers: 1 }, glow: { layers: 2 } },
          train: { ...mnistConv.train, maxSteps: 30, validateEvery: 15 },
          expectedSeconds: 4,
        },
        paper: {
          ...mnistPaper,
          flow: { ...mnistPaper.flow, hidden: [100, 100] },
          train: { ...mnistPaper.train, maxSteps: 60, validateEvery: 30 },
          expectedSeconds: 3,
        },
      }),
    },
    report: [
      {
        ...reportBanana,
        counts: { train: 2_000, validation: 500, test: 2_000 },
        variants: {
          flat: {
            ...reportBanana.variants.flat!,
            train: { ...toyFlat.train, maxSteps: 150, validateEvery: 50 },
            expectedSeconds: 0.7,
          },
        },
      },
    ],
    energy: {
      ...energy,
      energies: ["u1", "u2"],
      counts: { validation: 500, test: 2_000 },
      flow: { layers: 4, hidden: [32] },
      train: { ...energy.train, maxSteps: 100, validateEvery: 50 },
      expectedSeconds: 0.5,
    },
    tradeoff: {
      ...tradeoff,
      dims: [2, 64],
      batches: [1, 100],
      flow: { layers: 3, hidden: [64] },
      time: { ...tradeoff.time, minRepeats: 10, minSeconds: 0, maxSeconds: 1 },
    },
  },
  quick: { toy, mnist, report: [reportBanana, reportDigits, reportTwos], energy, tradeoff },
  paper: {
    toy: {
      ...toy,
      seeds: [0, 1, 2, 3, 4],
      counts: { ...toy.counts!, train: 100_000 },
      variants: {
        flat: {
          ...toyFlat,
          train: { ...toyFlat.train, maxSteps: 5_000, validateEvery: 250 },
          expectedSeconds: 25,
        },
        // What more layers and time would give: one family and one seed.
        deep: {
          ...toyFlat,
          families: ["glow"],
          flow: { ...toyFlat.flow, layers: 32 },
          train: {
            ...toyFlat.train,
            optimizer: "muon",
            maxSteps: 15_000,
            validateEvery: 500,
            patience: 30,
            learningRate: 3e-3,
          },
          seeds: [0],
          expectedSeconds: 600,
        },
      },
    },
    mnist: {
      ...mnist,
      variants: {
        ...paperMnist,
        conv_large: {
          ...paperMnist.conv_large!,
          flow: { ...paperMnist.conv_large!.flow, hidden: [128, 128] },
          train: {
            ...paperMnist.conv_large!.train,
            // What three hours of one processor are enough for, by two cosines.
            maxSteps: 54_000,
            restarts: [32_000],
            validateEvery: 4_000,
            learningRate: 2e-3,
          },
          expectedSeconds: 10_000,
          tuned: `${CONV_TUNED}, grey levels, untied biases, optimizer`,
        },
        // A quarter of the steps of conv: for the pictures of each class.
        conv_class: {
          ...paperMnist.conv_class!,
          train: { ...paperMnist.conv_class!.train, maxSteps: 10_000, validateEvery: 1_000 },
          expectedSeconds: 800,
        },
      },
    },
    report: [
      {
        ...reportBanana,
        variants: {
          flat: {
            ...reportBanana.variants.flat!,
            train: { ...toyFlat.train, maxSteps: 10_000, validateEvery: 250 },
            expectedSeconds: 30,
          },
        },
      },
      ...[reportDigits, reportTwos].map((suite) => ({
        ...suite,
        variants: {
          flat: {
            ...suite.variants.flat!,
            flow: { hidden: [1024, 1024], logitAlpha: 1e-6 },
            train: { ...mnistFlat.train, maxSteps: 10_000, validateEvery: 500, patience: 10 },
            expectedSeconds: 900,
          },
        },
      })),
    ],
    energy: {
      ...energy,
      seeds: [0, 1, 2, 3, 4],
      train: { ...energy.train, maxSteps: 10_000, validateEvery: 250 },
      expectedSeconds: 50,
    },
    tradeoff: {
      ...tradeoff,
      batches: [1, 16, 100, 1_000],
      flow: { layers: 5, hidden: [1024] },
      maxSequential: 100_000, // A batch of 1,000 in 784 dimensions would take minutes.
      time: { ...tradeoff.time, minSeconds: 2, maxSeconds: 60 },
    },
  },
};
