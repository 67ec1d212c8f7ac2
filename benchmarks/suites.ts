/**
 * The suites as data: what is run on what, with which budget.
 *
 * @module
 */
import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { FAMILIES } from "../flows/families.ts";
import { INVERSIONS } from "../flows/masked_autoregressive.ts";
import {
  type EnergySuite,
  planEnergy,
  planQuality,
  planTiming,
  type QualitySuite,
  type TimingSuite,
} from "./_suite.ts";
import type { Profile, Run } from "./plan.ts";

/** What a caller may narrow. An empty or absent list means all. */
export interface Selection {
  readonly profile: Profile;
  readonly suites?: readonly string[];
  readonly families?: readonly string[];
  readonly datasets?: readonly string[];
  readonly seeds?: readonly number[];
}

interface ProfileSettings {
  readonly toy: QualitySuite;
  readonly mnist: QualitySuite;
  readonly energy: EnergySuite;
  readonly tradeoff: TimingSuite;
}

/** The suites of this version. */
export const SUITES = ["toy", "mnist", "energy", "tradeoff"] as const;

const allFamilies = Object.keys(FAMILIES);
const toys = Object.values(DATASETS).filter(({ kind }) => kind === "toy").map(({ name }) => name);

const toy: QualitySuite = {
  datasets: toys,
  families: allFamilies,
  baselines: ["gaussian"],
  seeds: [0],
  counts: { train: 20_000, validation: 5_000, test: 20_000 },
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
  roundTrips: 1_000,
  expectedSeconds: 4,
};

const mnist: QualitySuite = {
  datasets: ["mnist"],
  families: allFamilies,
  baselines: ["uniform", "histogram", "gaussian"],
  seeds: [0],
  counts: { train: 50_000, validation: 10_000, test: 10_000 },
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
  roundTrips: 10,
  expectedSeconds: 45,
};

const energy: EnergySuite = {
  energies: Object.keys(ENERGIES),
  seeds: [0],
  counts: { validation: 5_000, test: 20_000 },
  flow: { layers: 6, hidden: [64, 64] },
  train: { ...toy.train, maxSteps: 600 },
  expectedSeconds: 3,
};

const tradeoff: TimingSuite = {
  dims: [2, 8, 64, 256, 784],
  batches: [1, 16, 100],
  flow: { layers: 5, hidden: [512] },
  methods: INVERSIONS,
  time: { minRepeats: 10, maxRepeats: 200, minSeconds: 0.3, maxSeconds: 3, warmup: 2 },
};

/** Every budget of every profile. */
export const PROFILES: Readonly<Record<Profile, ProfileSettings>> = {
  smoke: {
    toy: {
      ...toy,
      datasets: ["moons", "eight_gaussians"],
      counts: { train: 2_000, validation: 500, test: 2_000 },
      flow: { layers: 4, hidden: [32] },
      flowOf: {},
      train: { ...toy.train, maxSteps: 150, validateEvery: 50 },
      trainOf: {},
      roundTrips: 100,
      expectedSeconds: 0.7,
    },
    mnist: {
      ...mnist,
      counts: { train: 2_000, validation: 500, test: 1_000 },
      flow: { ...mnist.flow, layers: 3, hidden: [64] },
      train: { ...mnist.train, maxSteps: 60, validateEvery: 30 },
      trainOf: {},
      roundTrips: 2,
      expectedSeconds: 4,
    },
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
  quick: { toy, mnist, energy, tradeoff },
  paper: {
    toy: {
      ...toy,
      seeds: [0, 1, 2, 3, 4],
      train: { ...toy.train, maxSteps: 10_000, validateEvery: 250 },
      expectedSeconds: 50,
    },
    mnist: {
      ...mnist,
      flow: { ...mnist.flow, hidden: [512] },
      train: {
        ...mnist.train,
        maxSteps: 35_000,
        validateEvery: 500,
        learningRate: 3e-4,
        patience: 10,
      },
      trainOf: {},
      expectedSeconds: 3_600,
    },
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
      time: { ...tradeoff.time, minSeconds: 3, maxSeconds: 60 },
    },
  },
};

/**
 * The runs of a profile, in the order in which they are made.
 *
 * @param selection A name that no suite of the profile has selects nothing.
 */
export function planRuns(selection: Selection): Run[] {
  const settings = PROFILES[selection.profile];
  const selected = (list: readonly string[] | undefined, name: string): boolean =>
    !list?.length || list.includes(name);
  const plan: { readonly [suite in typeof SUITES[number]]: () => Run[] } = {
    toy: () => planQuality("toy", selection, settings.toy),
    mnist: () => planQuality("mnist", selection, settings.mnist),
    energy: () => planEnergy("energy", selection, settings.energy),
    tradeoff: () => planTiming("tradeoff", selection, settings.tradeoff),
  };
  const runs = SUITES.filter((suite) => selected(selection.suites, suite))
    .flatMap((suite) => plan[suite]());
  return runs.filter((run) =>
    selected(selection.families, run.family) && selected(selection.datasets, run.dataset)
  );
}
