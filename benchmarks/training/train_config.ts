/** How a flow is trained, by whatever objective; written whole into every record. */
export interface TrainConfig {
  /** Examples of one step, or latent draws where there are no data. */
  readonly batch: number;
  /** Steps at most. */
  readonly maxSteps: number;
  /** Steps between two looks at the validation set. */
  readonly validateEvery: number;
  /** Looks without a better validation loss before training stops. */
  readonly patience: number;
  readonly learningRate: number;
  /** "cosine" falls from learningRate to 1 % of it over maxSteps, or until it starts again. */
  readonly schedule: "constant" | "cosine";
  /**
   * Steps after which a cosine starts again (Loshchilov and Hutter 2017), ascending. A validation loss rises
   * when it does: patience must last until it has fallen again.
   */
  readonly restarts?: readonly number[];
  /** Gradients whose common norm is larger are scaled down to it, by Muon those of matrices apart; null: never. */
  readonly clipNorm: number | null;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /**
   * "muon": Muon steps the kernels of networks that have no masks, and Adam all else (`engine/muon.ts`). Default
   * "adam": Adam steps all.
   */
  readonly optimizer?: "adam" | "muon";
}

/** The defaults of {@link TrainConfig}. */
const DEFAULTS: TrainConfig = {
  batch: 256,
  maxSteps: 1_000,
  validateEvery: 100,
  patience: 10,
  learningRate: 1e-3,
  schedule: "cosine",
  clipNorm: 5,
  weightDecay: 0,
};

/**
 * The defaults with what differs from them.
 *
 * @throws {RangeError} If an option is out of range.
 */
export function trainConfig(options: Partial<TrainConfig>): TrainConfig {
  const config = { ...DEFAULTS, ...options };
  const fail = (option: keyof TrainConfig, range: string): never => {
    throw new RangeError(
      `Cannot train flow as ${option} must be ${range}: current value is ${config[option]}`,
    );
  };
  for (const option of ["batch", "maxSteps", "validateEvery", "patience"] as const) {
    if (!Number.isSafeInteger(config[option]) || config[option] < 1) {
      fail(option, "an integer >= 1");
    }
  }
  const { learningRate, clipNorm, schedule, restarts = [], weightDecay, optimizer = "adam" } =
    config;
  if (!["constant", "cosine"].includes(schedule)) fail("schedule", "constant or cosine");
  if (!Array.isArray(restarts) || !ascend([0, ...restarts, config.maxSteps])) {
    fail("restarts", `ascending integers > 0 and < maxSteps, ${config.maxSteps}`);
  }
  if (schedule !== "cosine" && restarts.length > 0) fail("schedule", "cosine where it restarts");
  if (!["adam", "muon"].includes(optimizer)) fail("optimizer", "adam or muon");
  if (!(weightDecay >= 0 && weightDecay < Infinity)) fail("weightDecay", "finite and >= 0");
  if (!(learningRate > 0 && learningRate < Infinity)) fail("learningRate", "finite and > 0");
  if (clipNorm !== null && !(clipNorm > 0)) fail("clipNorm", "> 0 or null");
  return config;
}

function ascend(steps: readonly number[]): boolean {
  return steps.every((step, i) => Number.isSafeInteger(step) && (i === 0 || step > steps[i - 1]!));
}

/** The learning rate of the step after `step` steps. */
export function learningRateAt(
  { learningRate, schedule, restarts = [], maxSteps }: Pick<
    TrainConfig,
    "learningRate" | "schedule" | "restarts" | "maxSteps"
  >,
  step: number,
): number {
  if (schedule === "constant") return learningRate;
  const start = restarts.findLast((restart) => restart <= step) ?? 0;
  const end = restarts.find((restart) => restart > step) ?? maxSteps;
  const cosine = (1 + Math.cos(Math.PI * (step - start) / (end - start))) / 2;
  return learningRate * (0.01 + 0.99 * cosine);
}
