import type { Pivot } from "./pivot.ts";

/** What LaTeX would not print as it stands; brackets and stars count as options after a line's end. */
const SPECIAL: { readonly [character: string]: string } = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  "$": "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  "_": "\\_",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "[": "{[}",
  "*": "{*}",
  "±": "$\\pm$",
};

/** Text that LaTeX prints as it is, in any encoding of fonts. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\{}$&#%_^~<>|[*±]/g, (character) => SPECIAL[character]!);
}

/**
 * A table as LaTeX, to be `\input`; it needs the package `booktabs`. The first column is flush left,
 * the others, numbers, are flush right. The note is a comment, for the caption.
 *
 * @param made What made it, for a comment.
 */
export function toLatex({ head, rows, note }: Pivot, made: string): string {
  const line = (cells: readonly string[]): string => `${cells.map(cellOf).join(" & ")} \\\\`;
  return [
    comment(`${made}; needs \\usepackage{booktabs}`),
    comment(note),
    `\\begin{tabular}{l${"r".repeat(head.length - 1)}}`,
    "\\toprule",
    line(head),
    "\\midrule",
    ...rows.map(line),
    "\\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}

/** With a minus sign before each number, and not a hyphen. */
function cellOf(text: string): string {
  return escapeLatex(text).replace(/(^|; )-(?=\d)/g, "$1$$-$$");
}

function comment(text: string): string {
  return `% ${text.replace(/\s+/g, " ")}`;
}
