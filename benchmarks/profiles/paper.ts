import type { ProfileSettings, VariantSettings } from "../settings.ts";
import { withMore } from "./_with_more.ts";
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
} from "./quick.ts";

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

// What more layers and time would give: one family and one seed.
const toyDeep: VariantSettings = {
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
};

// Patience of all looks: losses rise while the learning rate is high, and are late to come back.
const unhurried = { maxSteps: 10_000, validateEvery: 250, patience: 40 };

/** Budgets at which results compare with published ones; hours. */
export const paper: ProfileSettings = {
  toy: {
    ...toy,
    seeds: [0, 1, 2, 3, 4],
    counts: { ...toy.counts!, train: 100_000 },
    variants: {
      flat: {
        ...toyFlat,
        train: { ...toyFlat.train, maxSteps: 5_000, validateEvery: 250, patience: 20 }, // Of all looks.
        expectedSeconds: 25,
      },
      deep: toyDeep,
      // What bends more where deep has more layers.
      mixture: {
        ...toyDeep,
        flow: { ...toyFlat.flow, layers: 8, components: 16, scaleMap: "exp", base: "logistic" },
        train: { ...toyDeep.train, learningRate: 2e-3 },
        seeds: [0, 1, 2],
        expectedSeconds: 450,
        tuned:
          "on validation points: layers, components, scale map, base, optimizer, learning rate",
      },
      // What more steps of flat would gain: all is stretched, patience too.
      long: {
        ...toyFlat,
        train: { ...toyFlat.train, maxSteps: 20_000, validateEvery: 1_000, patience: 20 },
        seeds: [0, 1],
        expectedSeconds: 100,
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
        seeds: [0, 1, 2],
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
          train: { ...toyFlat.train, ...unhurried },
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
    train: { ...energy.train, ...unhurried },
    expectedSeconds: 50,
  },
  tradeoff: {
    ...tradeoff,
    batches: [1, 16, 100, 1_000],
    maxSequential: 100_000, // A batch of 1,000 in 784 dimensions would take minutes.
    time: { ...tradeoff.time, minSeconds: 2, maxSeconds: 60 },
  },
};
