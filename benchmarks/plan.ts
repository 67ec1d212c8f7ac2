import type { SplitCounts } from "../datasets/mod.ts";
import type { ConfigValue } from "../flows/family.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import type { TimeConfig, TimedOp } from "./time_flow.ts";
import type { TrainConfig } from "./training/train_config.ts";

/** Budgets: `smoke` checks that all works, `quick` is the default, `paper` is for publication. */
export type Profile = "smoke" | "quick" | "paper";

/**
 * How a family meets a data set:
 *
 *     flat        as vectors
 *     made        the same with one layer (MAF: a MADE with a Gaussian base)
 *     deep        the same with more layers (MNIST: 10 for 5; toys: 32 for 6)
 *     mixture     8 couplings by mixtures of 16 logistic distributions in place of affine ones, a logistic base
 *     long        flat, with four times the steps, to see what more of them gain
 *     grey        flat, with grey levels of learned widths
 *     conv        as images, by convolutions
 *     conv_grey   conv, with grey levels of learned widths
 *     conv_large  conv with shaped grey levels and untied biases, by Muon; in profile paper wider networks too
 *     vardeq      conv with a learned map of the noise of dequantisation
 *     paper       by the protocol of its paper where that is another (NICE: no logit)
 *     class       flat, told of each example's class
 *     conv_class  conv, told of each example's class
 */
export const VARIANTS = [
  "flat",
  "made",
  "deep",
  "mixture",
  "long",
  "grey",
  "conv",
  "conv_grey",
  "conv_large",
  "vardeq",
  "paper",
  "class",
  "conv_class",
] as const;

/** One of {@link VARIANTS}. */
export type Variant = typeof VARIANTS[number];

/** Variants that take images. */
export const CONV_VARIANTS: readonly Variant[] = [
  "conv",
  "conv_grey",
  "conv_large",
  "vardeq",
  "conv_class",
];

/** What is run, as people name it: the family, with the variant where it is not `flat`. */
export function modelName({ family, variant }: Pick<RunBase, "family" | "variant">): string {
  return variant === "flat" ? family : `${family} ${variant}`;
}

interface RunBase {
  readonly suite: string;
  readonly profile: string;
  /** A data set or an energy of the registries, file:PATH, or what a timed flow is fed with. */
  readonly dataset: string;
  /** A family of the registry, or a baseline. */
  readonly family: string;
  readonly variant: Variant;
  readonly seed: number;
  /** Seconds on two cores, roughly: for the time that is left and for balanced shards. */
  readonly expectedSeconds: number;
  /** What of its options and budget was chosen by the loss on validation data, if something was. */
  readonly tuned?: string;
}

/** What of a run decides its result, but for the versions of the code. */
export function decisiveOf(run: Run): object {
  const { expectedSeconds: _, tuned: __, ...decisive } = run;
  return decisive;
}

/** A run that trains a flow, or fits a baseline, and scores it. */
export interface QualityRun extends RunBase {
  readonly kind: "quality";
  /** Absent for a file: all its rows. */
  readonly counts?: SplitCounts;
  /** Options of `createFlow` but for the event shape; empty for a baseline. */
  readonly flow: { readonly [option: string]: ConfigValue };
  /** Null for a baseline. */
  readonly train: TrainConfig | null;
  /** Noise samples of each test image; absent: 1. */
  readonly noiseSamples?: number;
  /** Test examples whose round trip is measured. */
  readonly roundTrips: number;
}

/** A run that fits a flow to an energy by reverse KL, and scores it; `dataset` names the energy. */
export interface EnergyRun extends RunBase {
  readonly kind: "energy";
  /** Options of `createFlow` but for the event shape. */
  readonly flow: { readonly [option: string]: ConfigValue };
  readonly train: TrainConfig;
  /** Draws that select the weights, and that are scored. */
  readonly counts: { readonly validation: number; readonly test: number };
}

/** A run that times an untrained flow. */
export interface TimingRun extends RunBase {
  readonly kind: "timing";
  readonly dim: number;
  readonly flow: { readonly [option: string]: ConfigValue };
  readonly ops: readonly TimedOp[];
  /** Ways to invert that are timed where an operation needs one. */
  readonly methods: readonly Inversion[];
  readonly batches: readonly number[];
  /** The sequential way is timed where batch x dim is at most this; absent: everywhere. */
  readonly maxSequential?: number;
  readonly time: TimeConfig;
}

/** One run, as plain data: what is hashed into its id and written into its record. */
export type Run = QualityRun | EnergyRun | TimingRun;
