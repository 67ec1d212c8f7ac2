/**
 * The profiles as data: what is run on what, with which budget.
 *
 * @module
 */
import { DATASETS, ENERGIES, type SplitCounts } from "../datasets/mod.ts";
import { FAMILIES } from "../flows/families.ts";
import type { ConfigValue } from "../flows/family.ts";
import { type Inversion, INVERSIONS } from "../flows/masked_autoregressive.ts";
import type { TrainConfig } from "./optimize.ts";
import type { EnergyRun, Profile, Variant } from "./plan.ts";
import type { TimeConfig } from "./time_flow.ts";

/** Options of a flow. */
export type Options = { readonly [option: string]: ConfigValue };

/** What is trained and scored. */
export interface QualitySuite {
  readonly datasets: readonly string[];
  readonly baselines: readonly string[];
  readonly seeds: readonly number[];
  readonly counts: SplitCounts;
  readonly roundTrips: number;
  readonly variants: { readonly [name in Variant]?: VariantSettings };
}

/** Families that are made in the same way, and their budget. */
interface VariantSettings {
  readonly families: readonly string[];
  /** Options for every family that has them, then those of one family. */
  readonly flow: Options;
  readonly flowOf: { readonly [family: string]: Options };
  readonly train: TrainConfig;
  readonly trainOf: { readonly [family: string]: Partial<TrainConfig> };
  readonly expectedSeconds: number;
}

/** What is fitted to energies. */
export interface EnergySuite {
  readonly energies: readonly string[];
  readonly seeds: readonly number[];
  readonly counts: EnergyRun["counts"];
  readonly flow: Options;
  readonly train: TrainConfig;
  readonly expectedSeconds: number;
}

/** What is timed. */
export interface TimingSuite {
  readonly dims: readonly number[];
  readonly batches: readonly number[];
  readonly flow: Options;
  readonly methods: readonly Inversion[];
  readonly maxSequential?: number;
  readonly time: TimeConfig;
}

/** The suites of a profile. */
export interface ProfileSettings {
  readonly toy: QualitySuite;
  readonly mnist: QualitySuite;
  readonly report: readonly QualitySuite[];
  readonly energy: EnergySuite;
  readonly tradeoff: TimingSuite;
}

const allFamilies = Object.keys(FAMILIES);
const toys = Object.values(DATASETS).filter(({ kind }) => kind === "toy").map(({ name }) => name);

const toyFlat: VariantSettings = {
  families: allFamilies,
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

const toy: QualitySuite = {
  datasets: toys,
  baselines: ["gaussian"],
  seeds: [0],
  counts: { train: 20_000, validation: 5_000, test: 20_000 },
  roundTrips: 1_000,
  variants: { flat: toyFlat },
};

const mnistFlat: VariantSettings = {
  families: allFamilies,
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

const mnistConv: VariantSettings = {
  families: allFamilies.filter((family) => FAMILIES[family]!.images),
  flow: { levels: 2, hidden: [64, 64], logitAlpha: 1e-6 },
  // So many couplings a level: RealNVP has half of them for each kind of mask.
  flowOf: { realnvp: { layers: 4 }, glow: { layers: 8 } },
  // Small batches and large steps: chosen on the validation set, at equal numbers of images.
  train: { ...mnistFlat.train, batch: 16, maxSteps: 800, validateEvery: 800, learningRate: 3e-3 },
  trainOf: {},
  expectedSeconds: 60,
};

/** NICE as its paper has it: no logit, no actnorm (Dinh et al. 2015, section 5.1). */
const mnistPaper: VariantSettings = {
  families: ["nice"],
  flow: {
    layers: 4,
    hidden: [1000, 1000, 1000, 1000, 1000],
    base: "logistic",
    actnorm: false,
    zeroOutput: true,
  },
  flowOf: {},
  train: { ...mnistFlat.train, maxSteps: 300, validateEvery: 100 },
  trainOf: {},
  expectedSeconds: 30,
};

const mnist: QualitySuite = {
  datasets: ["mnist"],
  baselines: ["uniform", "histogram", "gaussian"],
  seeds: [0],
  counts: { train: 50_000, validation: 10_000, test: 10_000 },
  roundTrips: 10,
  variants: { flat: mnistFlat, conv: mnistConv, paper: mnistPaper },
};

/** The experiments of the report that this suite grew out of, with dequantised data and a test set. */
const reportBanana: QualitySuite = {
  ...toy,
  datasets: ["banana"],
  baselines: [],
  variants: {
    flat: { ...toyFlat, families: ["realnvp"], flow: { layers: 5, hidden: [32, 32] }, flowOf: {} },
  },
};

const reportDigits: QualitySuite = {
  ...mnist,
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

const reportTwos: QualitySuite = {
  ...reportDigits,
  datasets: ["mnist_2"],
  counts: { train: 4_900, validation: 900, test: 1_000 },
};

const energy: EnergySuite = {
  energies: Object.keys(ENERGIES),
  seeds: [0],
  counts: { validation: 5_000, test: 20_000 },
  flow: { layers: 6, hidden: [64, 64] },
  train: { ...toyFlat.train, maxSteps: 600 },
  expectedSeconds: 3,
};

const tradeoff: TimingSuite = {
  dims: [2, 8, 64, 256, 784],
  batches: [1, 16, 100],
  flow: { layers: 5, hidden: [512] },
  methods: INVERSIONS,
  time: { minRepeats: 10, maxRepeats: 200, minSeconds: 0.3, maxSeconds: 3, warmup: 2 },
};

/** With the variants in which flows are told of each example's class, at the budgets of the others. */
function withClasses(
  variants: QualitySuite["variants"] & { readonly [name in "flat" | "conv"]: VariantSettings },
): QualitySuite["variants"] {
  const { flat, conv } = variants;
  const given = (settings: VariantSettings, families: readonly string[]): VariantSettings => ({
    ...settings,
    families,
    flow: { ...settings.flow, classes: 10 },
  });
  return {
    ...variants,
    class: given(flat, ["realnvp", "glow", "maf"]),
    conv_class: given(conv, conv.families),
  };
}

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
      variants: withClasses({
        flat: {
          ...mnistFlat,
          flow: { ...mnistFlat.flow, layers: 3, hidden: [64] },
          train: { ...mnistFlat.train, maxSteps: 60, validateEvery: 30 },
          trainOf: {},
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
      variants: {
        flat: {
          ...toyFlat,
          train: { ...toyFlat.train, maxSteps: 10_000, validateEvery: 250 },
          expectedSeconds: 50,
        },
      },
    },
    mnist: {
      ...mnist,
      variants: withClasses({
        flat: {
          ...mnistFlat,
          flow: { ...mnistFlat.flow, hidden: [512] },
          train: {
            ...mnistFlat.train,
            maxSteps: 35_000,
            validateEvery: 500,
            learningRate: 3e-4,
            patience: 10,
          },
          trainOf: {},
          expectedSeconds: 3_600,
        },
        conv: {
          ...mnistConv,
          flowOf: { realnvp: { layers: 6 }, glow: { layers: 12 } },
          train: { ...mnistConv.train, maxSteps: 40_000, validateEvery: 2_000, patience: 20 },
          expectedSeconds: 3_000,
        },
        paper: {
          ...mnistPaper,
          train: { ...mnistPaper.train, maxSteps: 20_000, validateEvery: 500, patience: 10 },
          expectedSeconds: 2_000,
        },
      }),
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
