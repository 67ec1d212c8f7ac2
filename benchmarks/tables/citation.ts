import { FAILSAFE_SCHEMA, load } from "npm:js-yaml@5.5.0";
import cff from "../../CITATION.cff" with { type: "text" };
import { escapeLatex } from "./latex.ts";

/** What is used of the Citation File Format. */
export interface Citation {
  readonly title: string;
  readonly authors: readonly { readonly name: string }[];
  readonly version: string;
  /** Like 2026-01-31. */
  readonly "date-released": string;
  readonly license: string;
}

/** How to cite this program: the file `CITATION.cff`. By this schema a date or a version is text. */
export const CITATION = load(cff, { schema: FAILSAFE_SCHEMA }) as Citation;

/** The same as an entry of BibTeX. Inner braces keep names whole, and capitals as they are. */
export function toBibtex(citation: Citation): string {
  const { title, authors, version, "date-released": released } = citation;
  const names = authors.map(({ name }) => `{${escapeLatex(name)}}`).join(" and ");
  return [
    "@misc{flowbench,",
    `  author = {${names}},`,
    `  title = {{${escapeLatex(title)}}},`,
    `  year = {${released.slice(0, 4)}},`,
    `  note = {Software, version ${escapeLatex(version)}}`,
    "}",
    "",
  ].join("\n");
}
