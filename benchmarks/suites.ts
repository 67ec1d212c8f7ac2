/**
 * From a selection to a plan of runs.
 *
 * @module
 */
import { filePath } from "../datasets/file_name.ts";
import { FOR_ALL } from "../flows/create_flow.ts";
import { FAMILIES } from "../flows/families.ts";
import {
  CONV_VARIANTS,
  type EnergyRun,
  type Profile,
  type QualityRun,
  type Run,
  type TimingRun,
  type Variant,
  VARIANTS,
} from "./plan.ts";
import { PROFILES } from "./profiles/profiles.ts";
import type {
  EnergySuite,
  Options,
  QualitySuite,
  TimingSuite,
  VariantSettings,
} from "./settings.ts";

/** The suites of this version. */
export const SUITES = ["toy", "mnist", "report", "energy", "tradeoff", "file"] as const;

/** What a caller may narrow. An empty or absent list means all. */
export interface Selection {
  readonly profile: Profile;
  readonly suites?: readonly string[];
  readonly families?: readonly string[];
  /** Files, as `file:PATH`, are planned in suite `file` if they are named here. */
  readonly datasets?: readonly string[];
  readonly variants?: readonly string[];
  readonly seeds?: readonly number[];
}

/**
 * The runs of a profile, in the order in which they are made.
 *
 * @param selection A name that no suite of the profile has selects nothing.
 * @throws {RangeError} If there is no such profile, or the name of a file is malformed.
 */
export function planRuns(selection: Selection): Run[] {
  if (!Object.hasOwn(PROFILES, selection.profile)) {
    throw new RangeError(
      `Cannot plan runs as profile must be one of ${
        Object.keys(PROFILES).join(", ")
      }: current value is "${selection.profile}"`,
    );
  }
  const settings = PROFILES[selection.profile];
  const selected = (list: readonly string[] | undefined, name: string): boolean =>
    !list?.length || list.includes(name);
  const plan: { readonly [suite in typeof SUITES[number]]: () => Run[] } = {
    toy: () => planQuality("toy", selection, settings.toy),
    mnist: () => planQuality("mnist", selection, settings.mnist),
    report: () => settings.report.flatMap((part) => planQuality("report", selection, part)),
    energy: () => planEnergy("energy", selection, settings.energy),
    tradeoff: () => planTiming("tradeoff", selection, settings.tradeoff),
    file: () => planFiles("file", selection, settings.toy),
  };
  const runs = SUITES.filter((suite) => selected(selection.suites, suite))
    .flatMap((suite) => plan[suite]());
  return runs.filter((run) =>
    selected(selection.families, run.family) && selected(selection.datasets, run.dataset) &&
    selected(selection.variants, run.variant)
  );
}

function planQuality(suite: string, selection: Selection, settings: QualitySuite): QualityRun[] {
  const { datasetsByName, baselines, variants, counts, roundTrips } = settings;
  const named = datasetsByName?.filter((name) => selection.datasets?.includes(name)) ?? [];
  const datasets = [...settings.datasets, ...named];
  const common = {
    kind: "quality",
    suite,
    profile: selection.profile,
    ...(counts && { counts }),
    roundTrips,
  } as const;
  return datasets.flatMap((dataset) => [
    ...baselines.map((family) => ({
      ...common,
      dataset,
      family,
      variant: "flat" as const,
      seed: seedsOf(selection, settings)[0]!,
      flow: {},
      train: null,
      expectedSeconds: 1,
    })),
    ...VARIANTS.flatMap((variant) => {
      const own = variants[variant];
      if (!own) return [];
      return familiesOf(own).flatMap((family) =>
        seedsOf(selection, settings, own).map((seed) => ({
          ...common,
          dataset,
          family,
          variant,
          seed,
          flow: { ...known(family, variant, own.flow), ...own.flowOf[family] },
          train: { ...own.train, ...own.trainOf[family] },
          expectedSeconds: own.expectedSeconds,
          ...(own.tuned && { tuned: own.tuned }),
        }))
      );
    }),
  ]);
}

/** With the budgets of toys, and all rows. */
function planFiles(suite: string, selection: Selection, toy: QualitySuite): QualityRun[] {
  const { counts: _, ...settings } = toy;
  const files = new Set((selection.datasets ?? []).filter((name) => filePath(name) !== null));
  return planQuality(suite, selection, { ...settings, datasets: [...files] });
}

function planEnergy(suite: string, selection: Selection, settings: EnergySuite): EnergyRun[] {
  const { energies, counts, flow, train, expectedSeconds } = settings;
  const seeds = seedsOf(selection, settings);
  return energies.flatMap((dataset) =>
    Object.keys(FAMILIES).flatMap((family) =>
      seeds.map((seed) => ({
        kind: "energy" as const,
        suite,
        profile: selection.profile,
        dataset,
        family,
        variant: "flat" as const,
        seed,
        flow: known(family, "flat", flow),
        train,
        counts,
        expectedSeconds,
      }))
    )
  );
}

function planTiming(suite: string, selection: Selection, settings: TimingSuite): TimingRun[] {
  const { dims, batches, flow, methods, maxSequential, time } = settings;
  return dims.flatMap((dim) =>
    Object.keys(FAMILIES).map((family) => {
      const isSequential = FAMILIES[family]!.fastDirection !== "both";
      return {
        kind: "timing" as const,
        suite,
        profile: selection.profile,
        dataset: `normal${dim}`,
        dim,
        family,
        variant: "flat" as const,
        // One seed: MAF and IAF then have the same weights.
        seed: 0,
        flow: known(family, "flat", flow),
        ops: ["density", "sample", "train_step"] as const,
        methods: isSequential ? methods : [],
        batches,
        ...(maxSequential !== undefined && { maxSequential }),
        time,
        expectedSeconds: isSequential && dim > 100 ? 20 : 2,
      };
    })
  );
}

/** The seeds that were asked for, each once, else those of a variant, else those of the suite. */
function seedsOf(
  { seeds }: Selection,
  suite: QualitySuite | EnergySuite,
  variant?: VariantSettings,
): readonly number[] {
  return seeds?.length ? [...new Set(seeds)] : variant?.seeds ?? suite.seeds;
}

function familiesOf({ families }: VariantSettings): readonly string[] {
  if (typeof families === "object") return families;
  const all = Object.values(FAMILIES);
  return (families === "all" ? all : all.filter(({ images }) => images)).map(({ name }) => name);
}

/** The options that a family knows, so that one setting serves all. */
function known(family: string, variant: Variant, options: Options): Options {
  const { defaults, images } = FAMILIES[family]!;
  const own = CONV_VARIANTS.includes(variant) ? images!.defaults : defaults;
  return Object.fromEntries(
    Object.entries(options).filter(([option]) => FOR_ALL.includes(option) || option in own),
  );
}
