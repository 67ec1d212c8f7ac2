import type { FlowFamily } from "./family.ts";
import { glow } from "./glow.ts";
import { iaf } from "./iaf.ts";
import { maf } from "./maf.ts";
import { nice } from "./nice.ts";
import { realnvp } from "./realnvp.ts";

const ALL: readonly FlowFamily[] = [nice, realnvp, glow, maf, iaf];

const registry: Record<string, FlowFamily> = Object.fromEntries(
  ALL.map((family) => [family.name, family]),
);

/** The registry of families by name: tests and benchmarks iterate over it. */
export const FAMILIES: Readonly<Record<string, FlowFamily>> = registry;

/** Names of baselines: a flow of the same name could not be told from one in tables. */
export const RESERVED: readonly string[] = ["uniform", "histogram", "gaussian", "made"];

/** Lower case with underscores, and short enough for the names of files. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/**
 * Adds a family of your own to {@link FAMILIES} for as long as this process runs: `createFlow`,
 * `loadFlow`, `planRuns`, `runBenchmark`, `verify` and the tables then treat it as the others.
 *
 * @param family It is planned in variants `flat` and `grey`, and with `images` in the convolutional ones; of the
 *   options that suites set it gets those that it has defaults for.
 * @throws {RangeError} If its name is taken or malformed, or its version no integer >= 1.
 *
 * @example A Gaussian with a full covariance, as a flow
 * ```ts
 * import { createFlow, initEngine, InvertibleLinear, registerFamily, Rng } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * registerFamily({
 *   name: "rotated",
 *   version: 1,
 *   citation: { authors: "You", title: "A linear flow", year: 2026, venue: "", url: "" },
 *   fastDirection: "both",
 *   defaults: {},
 *   create: (dim, _, rng) => ({ base: "normal", bijector: new InvertibleLinear("linear", dim, rng) }),
 * });
 * await initEngine({ backend: "cpu" });
 * using flow = createFlow("rotated", { eventShape: [3] }, new Rng(0));
 * assert.deepEqual(flow.sample(5, new Rng(1)).shape, [5, 3]);
 * ```
 */
export function registerFamily(family: FlowFamily): void {
  const { name, version } = family;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new RangeError(
      "Cannot register family as its name must be a lower-case letter and up to 39 letters, digits " +
        `and underscores: current value is ${JSON.stringify(name)}`,
    );
  }
  if (Object.hasOwn(registry, name) || RESERVED.includes(name)) {
    throw new RangeError(
      `Cannot register family as its name must be none of ${
        [...Object.keys(registry), ...RESERVED].join(", ")
      }: current value is "${name}", choose another`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new RangeError(
      `Cannot register ${name} as its version must be an integer >= 1: current value is ${version}`,
    );
  }
  registry[name] = family;
}

/** Whether a family is of this repository, and not one that was registered. */
export function isBuiltIn(name: string): boolean {
  return ALL.some((family) => family.name === name);
}
