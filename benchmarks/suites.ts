/**
 * The suites as data: what is run on what, with which budget.
 *
 * @module
 */
import { DATASETS, type SplitCounts } from "../datasets/mod.ts";
import { FAMILIES } from "../flows/families.ts";
import type { ConfigValue } from "../flows/family.ts";
import { type Inversion, INVERSIONS } from "../flows/masked_autoregressive.ts";
import type { Profile, QualityRun, Run, TimingRun } from "./plan.ts";
import type { TimeConfig } from "./time_flow.ts";
import type { TrainConfig } from "./optimize.ts";

/** What a caller may narrow. An empty or absent list means all. */
export interface Selection {
  readonly profile: Profile;
  readonly suites?: readonly string[];
  readonly families?: readonly string[];
  readonly datasets?: readonly string[];
  readonly seeds?: readonly number[];
}

type Options = { readonly [option: string]: ConfigValue };

interface QualitySuite {
  readonly datasets: readonly string[];
  readonly families: readonly string[];
  readonly baselines: readonly string[];
  readonly seeds: readonly number[];
  readonly counts: SplitCounts;
  /** Options for every family that has them, then those of one family. */
  readonly flow: Options;
  readonly flowOf: { readonly [family: string]: Options };
  readonly train: TrainConfig;
  readonly trainOf: { readonly [family: string]: Partial<TrainConfig> };
  readonly roundTrips: number;
  readonly expectedSeconds: number;
}

interface TimingSuite {
  readonly dims: readonly number[];
  readonly batches: readonly number[];
  readonly flow: Options;
  readonly methods: readonly Inversion[];
  readonly time: TimeConfig;
}

interface ProfileSettings {
  readonly toy: QualitySuite;
  readonly mnist: QualitySuite;
  readonly tradeoff: TimingSuite;
}

/** The suites of this version. */
export const SUITES = ["toy", "mnist", "tradeoff"] as const;

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
    tradeoff: {
      ...tradeoff,
      dims: [2, 64],
      batches: [1, 100],
      flow: { layers: 3, hidden: [64] },
      time: { ...tradeoff.time, minRepeats: 10, minSeconds: 0, maxSeconds: 1 },
    },
  },
  quick: { toy, mnist, tradeoff },
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
  const runs = SUITES.filter((suite) => selected(selection.suites, suite)).flatMap((suite): Run[] =>
    suite === "tradeoff"
      ? planTiming(suite, selection, settings[suite])
      : planQuality(suite, selection, settings[suite])
  );
  return runs.filter((run) =>
    selected(selection.families, run.family) && selected(selection.datasets, run.dataset)
  );
}

function planQuality(suite: string, selection: Selection, settings: QualitySuite): QualityRun[] {
  const { datasets, families, baselines, counts, train, roundTrips } = settings;
  const seeds = selection.seeds?.length ? selection.seeds : settings.seeds;
  const common = {
    kind: "quality",
    suite,
    profile: selection.profile,
    counts,
    roundTrips,
  } as const;
  return datasets.flatMap((dataset) => [
    ...baselines.map((family) => ({
      ...common,
      dataset,
      family,
      variant: "flat",
      seed: seeds[0]!,
      flow: {},
      train: null,
      expectedSeconds: 1,
    })),
    ...families.flatMap((family) =>
      seeds.map((seed) => ({
        ...common,
        dataset,
        family,
        variant: "flat",
        seed,
        flow: { ...known(family, settings.flow), ...settings.flowOf[family] },
        train: { ...train, ...settings.trainOf[family] },
        expectedSeconds: settings.expectedSeconds,
      }))
    ),
  ]);
}

function planTiming(suite: string, selection: Selection, settings: TimingSuite): TimingRun[] {
  const { dims, batches, flow, methods, time } = settings;
  return dims.flatMap((dim) =>
    allFamilies.map((family) => {
      const isSequential = FAMILIES[family]!.fastDirection !== "both";
      return {
        kind: "timing" as const,
        suite,
        profile: selection.profile,
        dataset: `normal${dim}`,
        dim,
        family,
        variant: "flat",
        // One seed: MAF and IAF then have the same weights.
        seed: 0,
        flow: known(family, flow),
        ops: ["density", "sample", "train_step"] as const,
        methods: isSequential ? methods : [],
        batches,
        time,
        expectedSeconds: isSequential && dim > 100 ? 20 : 2,
      };
    })
  );
}

/** The options that a family knows, so that one setting serves all. */
function known(family: string, options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([option]) =>
      option === "logitAlpha" || option in FAMILIES[family]!.defaults
    ),
  );
}
