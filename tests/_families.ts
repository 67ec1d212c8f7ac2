import type { Rng } from "../engine/rng.ts";
import { FOR_ALL } from "../flows/create_flow.ts";
import { createFlow, FAMILIES, type Flow, type FlowOptions } from "../flows/mod.ts";

/** A flow with those of some options that its family has: a new family may have fewer. */
export function flowOf(family: string, options: FlowOptions, rng: Rng): Flow {
  const { defaults, images } = FAMILIES[family]!;
  const own = options.eventShape.length === 3 ? images!.defaults : defaults;
  const known = Object.entries(options).filter(([option]) =>
    FOR_ALL.includes(option) || option in own
  );
  return createFlow(family, Object.fromEntries(known) as unknown as FlowOptions, rng);
}

/** Families with networks: each takes classes. Others refuse them. */
export const CONDITIONAL = Object.keys(FAMILIES).filter((family) =>
  "hidden" in FAMILIES[family]!.defaults
);
