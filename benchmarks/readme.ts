/**
 * Puts the tables of `results/reference` into the README: `deno task readme`.
 *
 * @module
 */
import { pivots } from "./pivot.ts";
import { toMarkdown } from "./summary.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { currentRecords } from "./tables.ts";

const START = "<!-- made by `deno task readme`, not typed -->\n<!-- deno-fmt-ignore-start -->";
const END = "<!-- deno-fmt-ignore-end -->";

/** The README with the tables of an output folder between its two marks. */
export async function withResults(readme: string, out: string): Promise<string> {
  const [before, after] = [readme.split(START)[0]!, readme.split(END)[1]];
  if (after === undefined) {
    throw new SyntaxError(`Cannot update the README as it must hold the marks ${START} and ${END}`);
  }
  const tables = pivots(await currentRecords(out)).map(toMarkdown).join("\n");
  return `${before}${START}\n\n${tables}\n${END}${after}`;
}

if (import.meta.main) {
  const readme = await withResults(await Deno.readTextFile("README.md"), "results/reference");
  await writeAtomically("README.md", readme);
}
