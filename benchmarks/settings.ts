/**
 * What a profile says of each suite: plain data, from which runs are planned.
 *
 * @module
 */
import type { SplitCounts } from "../datasets/mod.ts";
import type { ConfigValue } from "../flows/family.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import type { TrainConfig } from "./training/train_config.ts";
import type { EnergyRun, Variant } from "./plan.ts";
import type { TimeConfig } from "./time_flow.ts";

/** Options of a flow. */
export type Options = { readonly [option: string]: ConfigValue };

/** What is trained and scored. */
export interface QualitySuite {
  readonly datasets: readonly string[];
  /** Planned like those if they are asked for by name: they need files that not every machine has. */
  readonly datasetsByName?: readonly string[];
  readonly baselines: readonly string[];
  readonly seeds: readonly number[];
  /** Absent: all rows of a file. */
  readonly counts?: SplitCounts;
  readonly roundTrips: number;
  readonly variants: { readonly [name in Variant]?: VariantSettings };
}

/** Families that are made in the same way, and their budget. */
export interface VariantSettings {
  /** "all" that are registered when runs are planned, or those of them with a variant for "images". */
  readonly families: "all" | "images" | readonly string[];
  /** Options for every family that has them, then those of one family. */
  readonly flow: Options;
  readonly flowOf: { readonly [family: string]: Options };
  readonly train: TrainConfig;
  readonly trainOf: { readonly [family: string]: Partial<TrainConfig> };
  /** Absent: those of the suite. */
  readonly seeds?: readonly number[];
  readonly expectedSeconds: number;
  /** What was chosen by the loss on validation data, for the record; absent: nothing. */
  readonly tuned?: string;
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
