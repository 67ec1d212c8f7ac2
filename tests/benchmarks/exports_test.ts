import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { CITATION, toBibtex } from "../../benchmarks/tables/citation.ts";
import { escapeLatex, toLatex } from "../../benchmarks/tables/latex.ts";
import { buildTables, currentRecords } from "../../benchmarks/tables.ts";
import { testWith } from "../_engine.ts";
import { fc } from "../_fast_check.ts";
import { rows } from "./_cli.ts";

Deno.test("toLatex() is a booktabs table with numbers on the right and its note as a comment", () => {
  const pivot = {
    name: "quality" as const,
    head: ["NLL, 50 %", "maf"],
    rows: [["two_spirals", "-1.5 ± 0.2"], ["[x] & y", "failed"], ["a-1", "-1; -2"]],
    note: "One\ntwo",
  };
  assert.equal(
    toLatex(pivot, "Made"),
    String.raw`% Made; needs \usepackage{booktabs}
% One two
\begin{tabular}{lr}
\toprule
NLL, 50 \% & maf \\
\midrule
two\_spirals & $-$1.5 $\pm$ 0.2 \\
{[}x] \& y & failed \\
a-1 & $-$1; $-$2 \\
\bottomrule
\end{tabular}
`,
  );
});

Deno.test("escapeLatex() leaves no character that LaTeX would act on, and loses none", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const escaped = escapeLatex(text);
    const bare = escaped.replace(/\\text\w+\{\}|\\[{}$&#%_]|\{[[*]\}/g, "");
    assert.doesNotMatch(bare, /[\\{}$&#%_^~<>|[*]/, escaped);
    assert.equal(new Set(escaped).isSupersetOf(new Set(text.replace(/[\\^~<>|]/g, ""))), true);
  }));
});

Deno.test("toBibtex() cites the version of deno.json", () => {
  assert.equal(CITATION.version, config.version);
  assert.equal(
    toBibtex({
      title: "A_b",
      authors: [{ name: "One" }, { name: "Two & Co" }],
      version: "1.2.3",
      "date-released": "2027-01-31",
      license: "MIT",
    }),
    String.raw`@misc{flowbench,
  author = {{One} and {Two \& Co}},
  title = {{A\_b}},
  year = {2027},
  note = {Software, version 1.2.3}
}
`,
  );
});

testWith(["read"], "results.json holds what the CSV tables hold, with types", async () => {
  const reference = `${import.meta.dirname}/../../results/reference`;
  const records = await currentRecords(reference);
  const files = buildTables(records);
  const { about, ...tables } = JSON.parse(files["results.json"]!);
  assert.deepEqual(Object.keys(tables), ["quality", "energy", "timing", "summary"]);
  for (const [name, objects] of Object.entries<{ [column: string]: unknown }[]>(tables)) {
    const asText = objects.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, String(cell ?? "")]))
    );
    assert.ok(objects.length > 0);
    assert.deepEqual(asText, rows(files[`${name}.csv`]!).map((row) => ({ ...row })));
  }
  const [first] = tables.quality;
  assert.equal(typeof first.nll_nats, "number");
  assert.equal(first.reason, null);
  assert.equal(about.version, config.version);
  assert.equal(about.bibtex, files["citation.bib"]);
  const commits = records.map(({ environment }) => environment.commit);
  assert.deepEqual(about.commits, [...new Set(commits)]);
});
