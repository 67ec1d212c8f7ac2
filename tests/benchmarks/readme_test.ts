import assert from "node:assert/strict";
import { withResults } from "../../benchmarks/readme.ts";
import { testWith } from "../_engine.ts";

testWith(["read"], "The README shows the tables of results/reference", async () => {
  const root = `${import.meta.dirname}/../..`;
  const readme = await Deno.readTextFile(`${root}/README.md`);
  const papers = await Deno.readTextFile(`${root}/results/papers.csv`);
  const reference = `${root}/results/reference`;
  assert.equal(readme, await withResults(readme, reference, papers), "run `deno task readme`");
});
