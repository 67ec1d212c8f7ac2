import type { Standardization } from "../datasets/mod.ts";
import type { Inversion } from "../flows/masked_autoregressive.ts";
import type { Environment } from "./environment.ts";
import type { ReverseKl } from "./evaluate_reverse_kl.ts";
import type { Run } from "./plan.ts";
import type { TimedOp } from "./time_flow.ts";
import type { TrainResult } from "./training/optimize.ts";

/** How a run ended. */
export type Status =
  /** Trained, scored, and above the floor. */
  | "ok"
  /** Loss or gradient stopped being finite. */
  | "diverged"
  /** It threw, or claims a likelihood or a KL that no density can have. */
  | "failed";

/** Scores on the test set. */
export interface Scores {
  readonly dim: number;
  readonly params: number;
  /** "data" for toys; "pixel" for images: densities of pixel values in [0, 1). */
  readonly space: "data" | "pixel";
  /** Of a flow with classes that of x given its label. */
  readonly nllNats: number;
  readonly nllSe: number;
  /** Of a flow with classes, else absent: -log 1/K sum_y p(x | y). */
  readonly nllNatsMarginal?: number;
  /** The same density per logit-transformed pixel, as the MAF paper reports it; else null. */
  readonly nllNatsLogit: number | null;
  readonly bitsPerDim: number;
  /** Entropy of the data, the lowest possible expected NLL; null where unknown. */
  readonly floorNats: number | null;
  readonly floorError: number | null;
  readonly gapNats: number | null;
  /** Mean over test examples of log p_true - log p: the gap with less noise; null where unknown. */
  readonly klNats: number | null;
  readonly klSe: number | null;
  /** Log-density of the worst, the median and the best test example, nats. */
  readonly logProbRange: readonly [worst: number, median: number, best: number];
  /** Null for baselines. */
  readonly roundTripMaxError: number | null;
  readonly testCount: number;
  readonly dataHash: string;
  /** Of a file, else absent: what its columns were shifted and divided by. */
  readonly standardization?: Standardization;
}

/** Scores of a flow that was fitted to an energy. */
export interface EnergyScores extends ReverseKl {
  readonly dim: number;
  readonly params: number;
}

/** Times of one operation. */
export interface Timing {
  readonly op: TimedOp;
  /** "direct": a network pass a layer; else how autoregressive layers were inverted. */
  readonly method: "direct" | Inversion;
  readonly batch: number;
  readonly warmup: number;
  /** Network passes a layer, the mean over layers. */
  readonly passes: number;
  readonly samplesMs: readonly number[];
}

/** What beside a run decides its result; with it, hashed into its id. */
export interface RunCode {
  /** Versions of the family, or of the baseline, and of the data set. */
  readonly family: number;
  readonly dataset: number;
  readonly backend: string;
  /** SHA-256 of a file of data, or of files that take MNIST's place; absent where the name says what it is. */
  readonly file?: string;
  /** Of a BLAS library, where something was timed with others than all processors. */
  readonly threads?: number;
}

/** One run and all that is known of it: the unit that tables are made from. Never edited. */
export interface Record {
  /** 2 has a checksum; 1, which had none, is read too. */
  readonly schema: 1 | 2;
  readonly runId: string;
  readonly run: Run;
  /** Absent in records that were made before it was written down. */
  readonly code?: RunCode;
  /** The flow's config with every default, or null where none was made. */
  readonly config: { readonly [option: string]: unknown } | null;
  readonly status: Status;
  /** Why it is not "ok"; else "". */
  readonly reason: string;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly training: Omit<TrainResult, "looks"> | null;
  readonly scores: Scores | null;
  /** Absent but in runs on an energy. */
  readonly energy?: EnergyScores;
  readonly timings: readonly Timing[];
  /** How many passes Jacobi iteration took while the flow was trained; empty where none were counted. */
  readonly jacobi?: readonly JacobiPasses[];
  /** SHA-256 of all the rest, as JSON with sorted keys; it comes with writing. */
  readonly sha256?: string;
}

/** Passes of Jacobi iteration over a batch of 100, for each autoregressive layer. */
export interface JacobiPasses {
  /** Steps of training before. */
  readonly step: number;
  /** In the order in which the layers are inverted. */
  readonly passes: readonly number[];
}
