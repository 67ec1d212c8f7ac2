import type { Run } from "./plan.ts";
import { uniqueSlug } from "./unique_slug.ts";

/**
 * The name of a figure of what a run made, in the folder `figures`, without suffix: the seed is in it
 * where it is not 0.
 */
export function figureName(
  { suite, dataset, family, variant, profile, seed }: Run,
  what: string,
): string {
  const prefix = suite === "report" ? "report-" : "";
  const suffix = seed === 0 ? "" : `-s${seed}`;
  return `${prefix}${what}-${uniqueSlug(dataset)}-${family}-${variant}-${profile}${suffix}`;
}
