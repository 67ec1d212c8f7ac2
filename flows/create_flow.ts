import { autoregressiveLayers } from "./autoregressive_layers.ts";
import { isContextKernel } from "./_context.ts";
import type { Rng } from "../engine/rng.ts";
import { BASES } from "./base.ts";
import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { CONV_NETWORKS } from "./conv_net.ts";
import { FAMILIES } from "./families.ts";
import type { ConfigValue, FlowConfig, FlowFamily, FlowParts } from "./family.ts";
import { Flow } from "./flow.ts";
import { GreyLevels } from "./grey_levels.ts";
import { Logit } from "./logit.ts";
import { INVERSIONS } from "./masked_autoregressive.ts";
import { SCALE_MAPS } from "./scale_map.ts";
import {
  type DequantizerOptions,
  LEVELS,
  VariationalDequantizer,
} from "./variational_dequantizer.ts";

/** Options of {@link createFlow}: the shape, and what the family has defaults for. */
export interface FlowOptions {
  /** Shape of one event: [dim], or [height, width, channels] for families that have `images`. */
  readonly eventShape: readonly number[];
  /**
   * For data in [0, 1): a logit kept off the ends by this alpha comes first, so that the density is
   * that of x itself. Default null: no logit.
   */
  readonly logitAlpha?: number | null;
  /**
   * "variational": for images of 8 bits in [0, 1), a learned map of the noise of dequantisation comes
   * first of all ({@link VariationalDequantizer}, 4 couplings with networks and scale map as those of the
   * flow; variables `dequantizer/…`). Default
   * "uniform": none.
   */
  readonly dequantization?: "uniform" | "variational";
  /**
   * "learned": for images of 8 bits in [0, 1), {@link GreyLevels} of learned widths come before the logit
   * (variables `greyLevels/…`). "shaped": each level has 8 parts of learned widths, so that its noise gets a
   * shape too. Default "equal": none.
   */
  readonly greyLevels?: "equal" | "learned" | "shaped";
  /**
   * Makes the density conditional on one of so many classes: its networks are told of the class by a
   * context ({@link Flow}). Default: it is not.
   */
  readonly classes?: number;
  /** The family's own, like `layers` and `hidden`; see its `defaults`. */
  readonly [option: string]: ConfigValue | undefined;
}

/** Options that every family has. */
export const FOR_ALL: readonly string[] = [
  "eventShape",
  "logitAlpha",
  "greyLevels",
  "dequantization",
  "classes",
];

/** By option greyLevels: the widths that are learned of each grey level. */
const PARTS_OF_LEVEL = { equal: 0, learned: 1, shaped: 8 } satisfies Record<
  NonNullable<FlowOptions["greyLevels"]>,
  number
>;

/** Options whose value is one of a few names. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  activation: ["relu", "tanh"],
  base: Object.keys(BASES),
  scaleMap: Object.keys(SCALE_MAPS),
  inversion: INVERSIONS,
  network: CONV_NETWORKS,
  greyLevels: Object.keys(PARTS_OF_LEVEL),
  dequantization: ["uniform", "variational"],
};

/**
 * Makes a flow of a family, untrained.
 *
 * @param family A name of the registry, or a family of your own; see also `registerFamily`.
 * @param options The event shape and the options that differ from the family's defaults.
 * @param rng Source of the initial weights: the same rng and options give the same flow.
 * @returns The flow; `flow.config` holds every option.
 * @throws {RangeError} If the family is unknown, or an option has an impossible value.
 * @throws {TypeError} If an option is unknown or of another kind than its default.
 *
 * @example Density of a point and samples
 * ```ts
 * import { createFlow, initEngine, Rng } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * const rng = new Rng(0);
 * using flow = createFlow("maf", { eventShape: [2], layers: 3, hidden: [32] }, rng.split("init"));
 * const samples = flow.sample(5, rng.split("samples"));
 * assert.deepEqual(samples.shape, [5, 2]);
 * assert.deepEqual(flow.logProb(samples).shape, [5]);
 * ```
 */
export function createFlow(
  family: string | FlowFamily,
  options: FlowOptions,
  rng: Rng,
): Flow {
  const definition = typeof family !== "string"
    ? family
    : Object.hasOwn(FAMILIES, family)
    ? FAMILIES[family]
    : undefined;
  if (definition === undefined) {
    throw new RangeError(
      `Cannot create flow as family must be one of ${
        Object.keys(FAMILIES).join(", ")
      }: current value is "${family}"`,
    );
  }
  const {
    eventShape,
    logitAlpha = null,
    greyLevels = "equal",
    dequantization = "uniform",
    classes,
    ...given
  } = options;
  const { defaults, create } = variantFor(definition, eventShape);
  const config = resolve(definition.name, defaults, given);
  for (const [option, value] of Object.entries({ greyLevels, dequantization })) {
    const choices = CHOICES[option]!;
    if (choices.includes(value)) continue;
    throw new RangeError(
      `Cannot create ${definition.name} as ${option} must be ${choices.join(" or ")}: current ` +
        `value is ${JSON.stringify(value)}`,
    );
  }
  if (classes !== undefined && !isCount(classes)) {
    throw new RangeError(
      `Cannot create ${definition.name} as classes must be an integer >= 1: current value is ${
        JSON.stringify(classes)
      }`,
    );
  }
  if (logitAlpha !== null && typeof logitAlpha !== "number") {
    throw new TypeError(
      `Cannot create ${definition.name} as logitAlpha must be a number or null: current value is ` +
        JSON.stringify(logitAlpha),
    );
  }
  const conditional: FlowConfig = classes === undefined ? {} : { classes };
  // What holds no tensors comes first: it may refuse.
  const logit = logitAlpha === null ? [] : [new Logit(eventShape, logitAlpha)];
  const { base, bijector } = create({ ...config, ...conditional }, rng);
  const widths = LEVELS * PARTS_OF_LEVEL[greyLevels];
  const parts = [
    ...(dequantization === "variational" ? [dequantizerFor(eventShape, config, rng)] : []),
    ...(widths > 0 ? [new GreyLevels("greyLevels", eventShape, widths)] : []),
    ...logit,
    bijector,
  ];
  const flow = new Flow(base, parts.length === 1 ? bijector : new Chain(parts), {
    family: definition.name,
    familyVersion: definition.version,
    eventShape: [...eventShape],
    logitAlpha,
    ...(greyLevels !== "equal" && { greyLevels }),
    ...(dequantization === "variational" && { dequantization }),
    ...conditional,
    ...config,
  });
  const hasHidden = !(Array.isArray(config.hidden) && config.hidden.length === 0);
  const isDeaf = hasHidden &&
    autoregressiveLayers(bijector).some(({ eventShape: [dim] }) => dim === 1);
  if (classes !== undefined && (isDeaf || !flow.variables.some(isContextKernel))) {
    flow[Symbol.dispose]();
    throw new RangeError(
      `Cannot create ${definition.name} with classes as ${
        isDeaf
          ? "it then takes dim >= 2 or no hidden layers, since by them the first coordinate of a layer does " +
            "not hear of the class: current dim is 1"
          : "none of its parts takes them"
      }`,
    );
  }
  return flow;
}

/** A dequantizer with networks like those of the flow behind it. */
function dequantizerFor(shape: readonly number[], config: FlowConfig, rng: Rng): Bijector {
  const [height, width, channels] = shape;
  if (height === undefined || width === undefined || channels === undefined) {
    throw new RangeError(
      `Cannot create flow as variational dequantization takes event shape ` +
        `[height, width, channels]: current value is [${shape.join(", ")}]`,
    );
  }
  // Families of other programs may lack any of them.
  const {
    hidden = [64, 64],
    activation = "relu",
    scaleMap = "tanh",
    network = "plain",
    untiedBias = false,
  } = config as unknown as Partial<DequantizerOptions>;
  const options = { layers: 4, hidden, activation, scaleMap, network, untiedBias };
  const name = "dequantizer";
  return new VariationalDequantizer(name, [height, width, channels], options, rng.split(name));
}

/** What makes flows of a family for an event shape, and the options that they have by default. */
export function variantFor(
  family: FlowFamily,
  shape: readonly number[],
): { defaults: FlowConfig; create: (config: FlowConfig, rng: Rng) => FlowParts } {
  const { name, defaults, images } = family;
  if (Array.isArray(shape) && shape.every(isCount)) {
    const [size, width, channels] = shape as [number, number, number];
    if (shape.length === 1) {
      return { defaults, create: (config, rng) => family.create(size, config, rng) };
    }
    if (shape.length === 3 && images) {
      const create = (config: FlowConfig, rng: Rng) =>
        images.create([size, width, channels], config, rng);
      return { defaults: images.defaults, create };
    }
  }
  throw new RangeError(
    `Cannot create ${name} as eventShape must be [dim] with an integer dim >= 1${
      images ? " or [height, width, channels]" : ""
    }: current value is ${JSON.stringify(shape)}`,
  );
}

function resolve(
  family: string,
  defaults: FlowConfig,
  given: { readonly [option: string]: ConfigValue | undefined },
): FlowConfig {
  const config: Record<string, ConfigValue> = { ...defaults };
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const fallback = defaults[option];
    if (fallback === undefined) {
      throw new TypeError(
        `Cannot create ${family} as it has no option "${option}": its options are ${
          [...FOR_ALL, ...Object.keys(defaults)].join(", ")
        }`,
      );
    }
    const problem = findProblem(option, value, fallback);
    if (problem !== null) {
      const ErrorClass = kind(value) === kind(fallback) ? RangeError : TypeError;
      throw new ErrorClass(
        `Cannot create ${family} as ${option} must be ${problem}: current value is ${
          JSON.stringify(value)
        }`,
      );
    }
    config[option] = value;
  }
  return config;
}

/** What an option must be, where the value is not that; the kind is the kind of its default. */
function findProblem(option: string, value: ConfigValue, fallback: ConfigValue): string | null {
  if (Array.isArray(fallback)) {
    return Array.isArray(value) && value.every(isCount) ? null : "a list of integers >= 1";
  }
  if (kind(value) !== kind(fallback)) return `a ${kind(fallback)}`;
  if (Number.isInteger(fallback)) return isCount(value) ? null : "an integer >= 1";
  const choices = CHOICES[option];
  if (choices && !choices.includes(value as string)) return `one of ${choices.join(", ")}`;
  return null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function kind(value: ConfigValue): string {
  return Array.isArray(value) ? "list" : typeof value;
}
