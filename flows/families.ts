import type { FlowFamily } from "./family.ts";
import { glow } from "./glow.ts";
import { iaf } from "./iaf.ts";
import { maf } from "./maf.ts";
import { nice } from "./nice.ts";
import { realnvp } from "./realnvp.ts";

const ALL: readonly FlowFamily[] = [nice, realnvp, glow, maf, iaf];

/** The registry of families by name: tests and benchmarks iterate over it. */
export const FAMILIES: Readonly<Record<string, FlowFamily>> = Object.fromEntries(
  ALL.map((family) => [family.name, family]),
);
