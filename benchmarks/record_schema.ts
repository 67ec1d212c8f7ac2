/**
 * What a record must look like to be read as a result. Fields that are not named here are kept: a
 * record may say more than this version knows.
 *
 * @module
 */
import { isFileName } from "../datasets/file_name.ts";
import { BACKENDS } from "../engine/init_engine.ts";
import { isBuiltIn } from "../flows/families.ts";
import { z } from "./_zod.ts";
import { BASELINES } from "./baselines.ts";
import type { Run } from "./plan.ts";
import type { Record } from "./record.ts";

/** A name that is safe in a path and in a command. */
const NAME = /^\w[\w.+-]{0,99}$/;
const name = z.string().regex(NAME);
/** Of a file of data: only its slug is in paths, and commands quote it. */
const dataset = z.string().refine((text) => NAME.test(text) || isFileName(text));
const count = z.int().min(0);
const train = z.looseObject({ batch: count, maxSteps: count });
const options = z.record(z.string(), z.unknown());

const common = {
  suite: name,
  profile: name,
  dataset: name,
  family: name,
  /** One of today's, or one that there was. */
  variant: name,
  seed: count,
  expectedSeconds: z.number().min(0),
  tuned: z.string().optional(),
  flow: options,
};

const RUN = z.discriminatedUnion("kind", [
  z.looseObject({
    ...common,
    kind: z.literal("quality"),
    dataset,
    counts: z.looseObject({ train: count, validation: count, test: count }).optional(),
    train: train.nullable(),
    noiseSamples: count.optional(),
    roundTrips: count,
  }),
  z.looseObject({
    ...common,
    kind: z.literal("energy"),
    counts: z.looseObject({ validation: count, test: count }),
    train,
  }),
  z.looseObject({
    ...common,
    kind: z.literal("timing"),
    dim: count,
    ops: z.array(z.string()),
    methods: z.array(z.string()),
    batches: z.array(count),
    time: z.looseObject({}),
  }),
]);

const scores = z.looseObject({
  dim: count,
  params: count,
  space: z.enum(["data", "pixel"]),
  nllNats: z.number(),
  nllSe: z.number().min(0),
  nllNatsMarginal: z.number().optional(),
  nllNatsLogit: z.number().nullable(),
  bitsPerDim: z.number(),
  floorNats: z.number().nullable(),
  floorError: z.number().nullable(),
  gapNats: z.number().nullable(),
  klNats: z.number().nullable(),
  klSe: z.number().nullable(),
  logProbRange: z.array(z.number()).length(3),
  roundTripMaxError: z.number().nullable(),
  testCount: count,
  dataHash: z.string(),
  standardization: z.looseObject({
    means: z.array(z.number()),
    standardDeviations: z.array(z.number()),
  }).optional(),
});

const energy = z.looseObject({
  dim: count,
  params: count,
  klNats: z.number(),
  klSe: z.number().min(0),
  essFraction: z.number(),
  logZ: z.number(),
  logZError: z.number(),
  logZEstimate: z.number(),
  logZEstimateSe: z.number(),
  sampleCount: count,
});

const training = z.looseObject({
  steps: count,
  epochs: z.number().min(0).nullable(),
  trainSeconds: z.number(),
  bestStep: count,
  bestValidationNats: z.number(),
  stopped: z.enum(["budget", "patience"]),
  curve: z.array(
    z.looseObject({ step: count, trainNats: z.number(), validationNats: z.number() }),
  ),
});

const RECORD = z.looseObject({
  runId: z.string().regex(/^\w[\w.+-]{0,199}$/),
  run: RUN,
  code: z.looseObject({
    family: count,
    dataset: count,
    backend: z.string(),
    file: z.string().optional(),
    threads: count.optional(),
  }).optional(),
  config: options.nullable(),
  status: z.enum(["ok", "diverged", "failed"]),
  reason: z.string(),
  startedAt: z.iso.datetime(),
  environment: z.looseObject({
    backend: z.string(),
    gemm: z.string(),
    gemmBuild: z.string().optional(),
    threads: count,
    cpu: z.string(),
    cores: count,
    deno: z.string(),
    tfjs: z.string(),
    commit: z.string(),
  }),
  training: training.nullable(),
  scores: scores.nullable(),
  energy: energy.optional(),
  timings: z.array(z.looseObject({
    op: z.string(),
    method: z.string(),
    batch: count,
    warmup: count,
    passes: z.number(),
    samplesMs: z.array(z.number()).min(1),
  })),
  jacobi: z.array(z.looseObject({ step: count, passes: z.array(z.number()) })).optional(),
}).refine(
  ({ status, run, scores, energy, timings }) =>
    status !== "ok" ||
    (run.kind === "quality" ? scores : run.kind === "energy" ? energy : timings.length > 0),
  "a run that is ok must have what it was made for",
);

/** Why a value is no record; "" where it is one. */
export function findProblem(value: unknown): string {
  const { error } = RECORD.safeParse(value);
  const [issue] = error?.issues ?? [];
  if (!issue) return "";
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}

/**
 * The command that makes the run of a record again on its backend, with the code of its commit; "" where these
 * are malformed, the family was registered by a program, or other images took MNIST's place.
 */
export function rerunCommand({ run, code, environment }: Partial<Record>, out: string): string {
  const backend = environment?.backend;
  if (!RUN.safeParse(run).success || !BACKENDS.some((known) => known === backend)) return "";
  if (!z.int().min(1).safeParse(environment!.threads).success) return "";
  const { profile, suite, dataset, family, variant, seed, kind } = run as Run;
  if (!isBuiltIn(family) && !Object.hasOwn(BASELINES, family)) return "";
  if (code?.file !== undefined && !isFileName(dataset)) return "";
  // By default training takes one, and what is timed all processors.
  const isUsual = kind === "timing" ? code?.threads === undefined : environment!.threads === 1;
  const threads = backend !== "wasm+blas" || isUsual ? "" : `--threads ${environment!.threads} `;
  return `deno task bench --profile ${profile} --suite ${suite} --family ${family} ` +
    `--variant ${variant} ${
      kind === "timing" ? "" : `--dataset ${quoted(dataset)} --seed ${seed} `
    }` +
    `--backend ${backend} ${threads}--force --out ${quoted(out)}`;
}

/** An argument of a shell. */
function quoted(text: string): string {
  return /^[\w./:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
