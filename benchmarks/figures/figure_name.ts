import { backendsOf } from "../tables/models.ts";
import type { Record } from "../record.ts";
import { uniqueSlug } from "../tables/unique_slug.ts";

/**
 * How figures are called of what runs made, in the folder `figures`, without suffix.
 *
 * @param records All of the output folder, as `currentRecords` has them: backends are in the names where there
 *   are several of them.
 * @returns A name of its own for each record and kind of figure; the seed is in it where it is not 0.
 */
export function figureNames(records: readonly Record[]): (record: Record, what: string) => string {
  const isOneBackend = backendsOf(records).length === 1;
  return ({ run, environment: { backend } }, what) => {
    const { suite, dataset, family, variant, profile, seed } = run;
    const prefix = suite === "report" ? "report-" : "";
    const suffix = (seed === 0 ? "" : `-s${seed}`) +
      (isOneBackend ? "" : `-${backend.replace("+", "-")}`);
    return `${prefix}${what}-${uniqueSlug(dataset)}-${family}-${variant}-${profile}${suffix}`;
  };
}
