import assert from "node:assert/strict";
import { withResults } from "../../benchmarks/readme.ts";
import { testWith } from "../_engine.ts";

testWith(["read"], "The README shows the tables of results/reference", async () => {
  const root = new URL("../../", import.meta.url);
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const papers = await Deno.readTextFile(new URL("results/papers.csv", root));
  const reference = new URL("results/reference", root).pathname;
  assert.equal(readme, await withResults(readme, reference, papers), "run `deno task readme`");
});
