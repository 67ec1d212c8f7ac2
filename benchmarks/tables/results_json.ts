import { CITATION, toBibtex } from "./citation.ts";
import type { Cell } from "./csv.ts";
import type { Record } from "../record.ts";

/** Rows by column. */
export type Rows = readonly { readonly [column: string]: Cell }[];

/** Tables in one JSON: the rows of each by name, and under "about" what they are and how to cite them. */
export function toResultsJson(
  records: readonly Record[],
  tables: { readonly [name: string]: Rows },
): string {
  const { title, version, license } = CITATION;
  const commits = [...new Set(records.map(({ environment }) => environment.commit))]
    .filter((commit) => commit !== "");
  const about = { title, version, licence: license, commits, bibtex: toBibtex(CITATION) };
  return JSON.stringify({ about, ...tables }, null, 1) + "\n";
}
