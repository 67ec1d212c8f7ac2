/**
 * The budgets of profile quick, of which the other profiles are made by saying what differs.
 *
 * @module
 */
import { DATASETS, ENERGIES } from "../../datasets/mod.ts";
import { INVERSIONS } from "../../flows/masked_autoregressive.ts";
import type {
  EnergySuite,
  ProfileSettings,
  QualitySuite,
  TimingSuite,
  VariantSettings,
} from "../settings.ts";

const toys = Object.values(DATASETS).filter(({ kind }) => kind === "toy").map(({ name }) => name);

/** Toys as points of the plane. */
export const toyFlat: VariantSettings = {
  families: "all",
  flow: { layers: 6, hidden: [64, 64] },
  flowOf: { nice: { layers: 8 } }, // Its layers say less, and cost less.
  train: {
    batch: 256,
    maxSteps: 1_000,
    validateEvery: 100,
    patience: 10,
    learningRate: 5e-3,
    schedule: "cosine",
    clipNorm: 5,
    weightDecay: 0,
  },
  trainOf: {},
  expectedSeconds: 4,
};

/** Suite toy. */
export const toy: QualitySuite = {
  datasets: toys,
  baselines: ["gaussian"],
  seeds: [0],
  counts: { train: 20_000, validation: 5_000, test: 20_000 },
  roundTrips: 1_000,
  variants: { flat: toyFlat },
};

/** MNIST as vectors. */
export const mnistFlat: VariantSettings = {
  families: "all",
  flow: { layers: 5, hidden: [256], logitAlpha: 1e-6 },
  flowOf: { nice: { zeroOutput: true } },
  train: {
    batch: 100,
    maxSteps: 1_000,
    validateEvery: 250,
    patience: 4,
    learningRate: 1e-3,
    schedule: "cosine",
    clipNorm: 100,
    weightDecay: 0,
  },
  trainOf: { glow: { maxSteps: 400, validateEvery: 100 } },
  expectedSeconds: 30,
};

/** What was chosen of conv in any profile but smoke. */
export const CONV_TUNED = "on validation images: batch, learning rate, depth against width";

/** MNIST as images. */
export const mnistConv: VariantSettings = {
  families: "images",
  flow: { levels: 2, hidden: [64, 64], logitAlpha: 1e-6 },
  // So many couplings a level: RealNVP has half of them for each kind of mask.
  flowOf: { realnvp: { layers: 4 }, glow: { layers: 8 } },
  // Small batches and large steps: chosen on the validation set, at equal numbers of images.
  train: { ...mnistFlat.train, batch: 16, maxSteps: 800, validateEvery: 800, learningRate: 3e-3 },
  trainOf: {},
  expectedSeconds: 60,
};

/** NICE as its paper has it, without a logit (Dinh et al. 2015, section 5.1), but for an actnorm in front. */
export const mnistPaper: VariantSettings = {
  families: ["nice"],
  flow: {
    layers: 4,
    hidden: [1000, 1000, 1000, 1000, 1000],
    base: "logistic",
    zeroOutput: true,
  },
  flowOf: {},
  train: { ...mnistFlat.train, maxSteps: 300, validateEvery: 100 },
  trainOf: {},
  expectedSeconds: 30,
};

/** Suite mnist. */
export const mnist: QualitySuite = {
  datasets: ["mnist"],
  datasetsByName: ["fashion_mnist"],
  baselines: ["uniform", "histogram", "gaussian"],
  seeds: [0],
  counts: { train: 50_000, validation: 10_000, test: 10_000 },
  roundTrips: 10,
  variants: {
    flat: { ...mnistFlat, tuned: "on validation images: learning rate, steps of Glow" },
    conv: { ...mnistConv, tuned: CONV_TUNED },
  },
};

/**
 * The experiments of the report that this suite grew out of, with dequantised data and a test set:
 * RealNVP on the banana.
 */
export const reportBanana: QualitySuite = {
  ...toy,
  datasets: ["banana"],
  baselines: [],
  variants: {
    flat: { ...toyFlat, families: ["realnvp"], flow: { layers: 5, hidden: [32, 32] }, flowOf: {} },
  },
};

/** NICE and RealNVP on all digits. */
export const reportDigits: QualitySuite = {
  ...mnist,
  datasetsByName: [],
  baselines: [],
  variants: {
    flat: {
      ...mnistFlat,
      families: ["nice", "realnvp"],
      flow: { hidden: [512, 512], logitAlpha: 1e-6 },
      flowOf: { nice: { layers: 6, zeroOutput: true }, realnvp: { layers: 5 } },
      train: { ...mnistFlat.train, maxSteps: 400, validateEvery: 200 },
      trainOf: {},
      expectedSeconds: 15,
    },
  },
};

/** The same on the digit 2. */
export const reportTwos: QualitySuite = {
  ...reportDigits,
  datasets: ["mnist_2"],
  counts: { train: 4_900, validation: 900, test: 1_000 },
};

/** Suite energy. */
export const energy: EnergySuite = {
  energies: Object.keys(ENERGIES),
  seeds: [0],
  counts: { validation: 5_000, test: 20_000 },
  flow: { layers: 6, hidden: [64, 64] },
  train: { ...toyFlat.train, maxSteps: 600 },
  expectedSeconds: 3,
};

/** Suite tradeoff. */
export const tradeoff: TimingSuite = {
  dims: [2, 8, 64, 256, 784],
  batches: [1, 16, 100],
  flow: { layers: 5, hidden: [512] },
  methods: INVERSIONS,
  time: { minRepeats: 10, maxRepeats: 200, minSeconds: 0.3, maxSeconds: 3, warmup: 2 },
};

/** The default: minutes on two cores. */
export const quick: ProfileSettings = {
  toy,
  mnist,
  report: [reportBanana, reportDigits, reportTwos],
  energy,
  tradeoff,
};
