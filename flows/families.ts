import type { FlowFamily } from "./family.ts";
import { glow } from "./glow.ts";
import { iaf } from "./iaf.ts";
import { maf } from "./maf.ts";
import { nice } from "./nice.ts";
import { realnvp } from "./realnvp.ts";

/**
 * The registry of families: tests and benchmarks iterate over it. To add a family, write its file
 * and put one line here.
 */
export const FAMILIES: Readonly<Record<string, FlowFamily>> = { nice, realnvp, glow, maf, iaf };
