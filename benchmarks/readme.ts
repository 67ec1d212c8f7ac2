/**
 * Puts the tables of `results/reference`, and how to cite, into the README: `deno task readme`.
 *
 * @module
 */
import { parse } from "../datasets/_csv_parse.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { CITATION, toBibtex } from "./tables/citation.ts";
import { type Pivot, pivots, threeDigits } from "./tables/pivot.ts";
import { toMarkdown } from "./tables/summary.ts";
import { currentRecords } from "./tables.ts";
import { FAMILIES } from "../flows/families.ts";
import { settingOf, withoutLong, withoutSurpassed } from "./tables/models.ts";
import { timedOn } from "./tables/timings.ts";
import type { Record as RunRecord } from "./record.ts";
import { scalings } from "./tables/scaling.ts";

/** The README with the tables of an output folder, beside published numbers, between its marks. */
export async function withResults(readme: string, out: string, papers: string): Promise<string> {
  const records = withoutLong(withoutSurpassed(await currentRecords(out)));
  const tables = pivots(records);
  const named = (name: string) => tables.filter((table) => table.name === name);
  const images = named("images")
    .map((table) => besidePublished(table, parse(papers, { columns: true })));
  const results = [
    ...images.map(toMarkdown),
    FIGURES.tradeoff,
    ...named("quality").map(toMarkdown),
    FIGURES.gaps,
    ...named("energy").map(toMarkdown),
    toMarkdown(tradeoffPivot(records)),
    FIGURES.directions,
  ].join("\n");
  const engine = toMarkdown(enginePivot(await Deno.readTextFile(`${out}/engine.csv`)));
  const citation = `\`\`\`bibtex\n${toBibtex(CITATION)}\`\`\`\n`;
  return fill(fill(fill(readme, "results", results), "engine", engine), "citation", citation);
}

function fill(readme: string, name: string, content: string): string {
  const start = `<!-- made by \`deno task readme\`, not typed: ${name} -->\n` +
    "<!-- deno-fmt-ignore-start -->";
  const end = `<!-- deno-fmt-ignore-end: ${name} -->`;
  const [before, after] = [readme.split(start)[0]!, readme.split(end)[1]];
  if (after === undefined || before.length === readme.length) {
    throw new SyntaxError(`Cannot update the README as it must hold the marks ${start} and ${end}`);
  }
  return `${before}${start}\n\n${content}\n${end}${after}`;
}

const FIGURES = {
  tradeoff:
    "![Time of samples of MAF and of densities of IAF over the number of coordinates: one coordinate at " +
    "a time it grows faster than D, incrementally it stays within a few times the fast direction]" +
    "(results/reference/figures/tradeoff.svg)\n",
  gaps:
    "![Gap to the entropy of each family on each toy density, with 95 % intervals](results/reference/figures/gaps.svg)\n",
  directions:
    "![Time of 100 samples over time of 100 densities for each family and way of inverting, with the bits/dim on MNIST " +
    "of flows of the same size]" +
    "(results/reference/figures/directions.svg)\n",
};

/** With a column of published numbers that compare. */
function besidePublished(table: Pivot, papers: readonly Record<string, string>[]): Pivot {
  const column = table.head.findLastIndex((name) => name.startsWith("mnist")) + 1;
  const publishedOf = (model: string) =>
    papers.find(({ dataset, compares_with }) => dataset === "mnist" && compares_with === model)
      ?.bits_per_dim ?? "";
  return {
    ...table,
    head: table.head.toSpliced(column, 0, "mnist, published"),
    rows: table.rows.map((row) => row.toSpliced(column, 0, publishedOf(row[0]!))),
    note: `${table.note} published: of the same pixels and test images, ` +
      "and but for `nice paper` of the same logit; splits, networks and training are each paper's own; sources in " +
      "[papers.csv](results/papers.csv).",
  };
}

/** The autoregressive families at the largest number of coordinates, by way of inverting. */
export function tradeoffPivot(records: readonly RunRecord[]): Pivot {
  const all = scalings(records).filter(({ record: { run } }) =>
    FAMILIES[run.family]?.fastDirection !== "both"
  );
  const largest = Math.max(...all.map(({ dims }) => dims.at(-1)!));
  const batches = [...new Set(all.map(({ timing }) => timing.batch))];
  const setting = settingOf(all.map(({ record }) => record));
  const groups = Map.groupBy(
    all,
    ({ record, timing: { op, method } }) =>
      `${record.run.family} ${op}${method === "direct" ? "" : `, ${method}`}${setting(record)}`
        .replace("_", " "),
  );
  return {
    name: "timing",
    head: [`median ms, D = ${largest}`, ...batches.map((batch) => `batch ${batch}`)],
    rows: [...groups].map(([what, group]) => [
      what,
      ...batches.map((batch) => {
        const found = group.find(({ timing, dims }) =>
          timing.batch === batch && dims.includes(largest)
        );
        const ms = found?.ms[found.dims.indexOf(largest)]; // Not all were timed in as many dimensions.
        return ms === undefined ? "" : threeDigits(ms);
      }),
    ]),
    note: timedOn(all.map(({ record }) => record)) +
      " What has no time was not timed. All families and dimensions: [timing.md](results/reference/tables/timing.md).",
  };
}

const ENGINES = ["stock", "wasm", "wasm+blas", "torch"];

/** Times by model and operation; of PyTorch the faster setting. */
function enginePivot(csv: string): Pivot {
  const rows: Record<string, string>[] = parse(csv, { columns: true });
  const wanted = rows.filter(({ op, model }) =>
    op === "train_step" || op === "sample" && model!.startsWith("maf")
  );
  const groups = Map.groupBy(wanted, ({ model, op }) => `${model}, ${op}`);
  const table = [...groups].map(([what, group]) => {
    const times = ENGINES.map((engine) => {
      const ms = group.filter((row) => row.engine === engine).map((row) => Number(row.median_ms));
      return ms.length > 0 ? Math.min(...ms) : null;
    });
    const [, wasm, blas, torch] = times;
    const ratio = (ms: number | null | undefined) => ms && torch ? (ms / torch).toPrecision(2) : "";
    return [what, ...times.map((ms) => ms ? threeDigits(ms) : ""), ratio(wasm), ratio(blas)];
  });
  return {
    name: "timing",
    head: ["ms", ...ENGINES, "wasm / torch", "wasm+blas / torch"],
    rows: table,
    note: [...new Set(rows.map(({ version }) => version))].join(", ") +
      `, ${rows[0]!.cpu}, ${rows[0]!.cores} cores`,
  };
}

if (import.meta.main) {
  const [old, papers] = await Promise.all(
    ["README.md", "results/papers.csv"].map((path) => Deno.readTextFile(path)),
  );
  const readme = await withResults(old!, "results/reference", papers!);
  await writeAtomically("README.md", readme);
}
