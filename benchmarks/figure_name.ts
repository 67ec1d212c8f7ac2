import { slugOf } from "../datasets/file_name.ts";
import type { Run } from "./plan.ts";

/** The name of a figure of what a run made, in the folder `figures`, without suffix. */
export function figureName(
  { suite, dataset, family, variant, profile }: Run,
  what: string,
): string {
  const prefix = suite === "report" ? "report-" : "";
  return `${prefix}${what}-${slugOf(dataset)}-${family}-${variant}-${profile}`;
}
