import { FAMILIES } from "../../flows/families.ts";
import { BASELINES } from "../baselines.ts";
import { type Run, VARIANTS } from "../plan.ts";

/** Where a name is in a registry; after all others where it is not, as families of other programs are. */
export function placeIn(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  return index < 0 ? names.length : index;
}

/** Where a model stands beside others: flat ones before other variants, and of each baselines before families. */
export function placeOf({ family, variant }: Pick<Run, "family" | "variant">): number {
  const families = [...Object.keys(BASELINES), ...Object.keys(FAMILIES)];
  return placeIn(VARIANTS, variant) * (families.length + 1) + placeIn(families, family);
}
