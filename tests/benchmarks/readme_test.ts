import assert from "node:assert/strict";
import { withResults } from "../../benchmarks/readme.ts";
import { testWith } from "../_engine.ts";

testWith(["read"], "The README shows the tables of results/reference", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const reference = new URL("../../results/reference", import.meta.url).pathname;
  assert.equal(readme, await withResults(readme, reference), "run `deno task readme`");
});
