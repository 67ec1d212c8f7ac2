/**
 * Training, scoring, timing, and the tables made of it.
 *
 * @module
 */
export { type Baseline, BASELINES, type FittedBaseline } from "./baselines.ts";
export {
  Checkpoint,
  type CheckpointOptions,
  type Draws,
  type Look,
  type TrainState,
} from "./training/checkpoint.ts";
export { type Divergence, DivergenceError } from "./training/divergence_error.ts";
export { describeEnvironment, type Environment } from "./environment.ts";
export { evaluateFlow, type EvaluateOptions, type Evaluation } from "./evaluate_flow.ts";
export { evaluateReverseKl, type ReverseKl } from "./evaluate_reverse_kl.ts";
export { bitsPerDim } from "./metrics.ts";
export {
  type EnergyRun,
  type Profile,
  type QualityRun,
  type Run,
  type TimingRun,
  type Variant,
  VARIANTS,
} from "./plan.ts";
export type { EnergyScores, Record as RunRecord, Scores, Status, Timing } from "./record.ts";
export { readRecords } from "./record_file.ts";
export { type MakeOptions, type RunEvents } from "./make_run.ts";
export { type BenchmarkEvents, type BenchmarkOptions, runBenchmark } from "./run_benchmark.ts";
export { PROFILES } from "./profiles/profiles.ts";
export { planRuns, type Selection, SUITES } from "./suites.ts";
export { buildTables, writeTables } from "./tables.ts";
export { type TimeConfig, type TimedOp, timeFlow, type TimeResult } from "./time_flow.ts";
export type { TrainHooks, TrainProgress, TrainResult } from "./training/optimize.ts";
export type { TrainConfig } from "./training/train_config.ts";
export { type Verdict, type Verification, verify, type VerifyOptions } from "./verify.ts";
export { trainByReverseKl } from "./training/train_by_reverse_kl.ts";
export { trainFlow } from "./training/train_flow.ts";
