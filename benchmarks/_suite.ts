/**
 * What a suite is, and the runs that it means.
 *
 * @module
 */
import type { SplitCounts } from "../datasets/mod.ts";
import { FAMILIES } from "../flows/families.ts";
import type { ConfigValue } from "../flows/family.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import type { TrainConfig } from "./optimize.ts";
import type { EnergyRun, Profile, QualityRun, TimingRun } from "./plan.ts";
import type { TimeConfig } from "./time_flow.ts";

/** Options of flows. */
type Options = { readonly [option: string]: ConfigValue };

/** Flows and baselines on data sets. */
export interface QualitySuite {
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

/** Flows fitted to energies by reverse KL. */
export interface EnergySuite {
  readonly energies: readonly string[];
  readonly seeds: readonly number[];
  readonly counts: EnergyRun["counts"];
  readonly flow: Options;
  readonly train: TrainConfig;
  readonly expectedSeconds: number;
}

/** Untrained flows that are timed. */
export interface TimingSuite {
  readonly dims: readonly number[];
  readonly batches: readonly number[];
  readonly flow: Options;
  readonly methods: readonly Inversion[];
  readonly time: TimeConfig;
}

/** What of a selection decides how a suite is planned. */
interface Narrowing {
  readonly profile: Profile;
  readonly seeds?: readonly number[];
}

const allFamilies = Object.keys(FAMILIES);

/** The runs of a quality suite: of each data set the baselines, then the families with each seed. */
export function planQuality(
  suite: string,
  selection: Narrowing,
  settings: QualitySuite,
): QualityRun[] {
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

/** The runs of an energy suite: every family on each energy with each seed. */
export function planEnergy(
  suite: string,
  selection: Narrowing,
  settings: EnergySuite,
): EnergyRun[] {
  const { energies, counts, flow, train, expectedSeconds } = settings;
  const seeds = selection.seeds?.length ? selection.seeds : settings.seeds;
  return energies.flatMap((dataset) =>
    allFamilies.flatMap((family) =>
      seeds.map((seed) => ({
        kind: "energy" as const,
        suite,
        profile: selection.profile,
        dataset,
        family,
        variant: "flat",
        seed,
        flow: known(family, flow),
        train,
        counts,
        expectedSeconds,
      }))
    )
  );
}

/** The runs of a timing suite: every family in each number of dimensions. */
export function planTiming(
  suite: string,
  selection: Narrowing,
  settings: TimingSuite,
): TimingRun[] {
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
