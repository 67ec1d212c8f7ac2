import type { Record } from "../benchmarks/record.ts";
import { CITATION, toBibtex } from "../benchmarks/tables/citation.ts";
import { buildTables } from "../benchmarks/tables.ts";
import { DEMO_SCRIPTS, DEMO_STYLE } from "./demo/body.ts";
import { demoPage } from "./pages/demo.tsx";
import { datasetPage, datasets, datasetsOf } from "./pages/datasets.tsx";
import { method } from "./pages/method.tsx";
import { overview } from "./pages/overview.tsx";
import { quality } from "./pages/quality.tsx";
import { runPage, runTitle } from "./pages/run.tsx";
import { runs } from "./pages/runs.tsx";
import { tradeoff } from "./pages/tradeoff.tsx";
import { uniqueSlug } from "../benchmarks/tables/unique_slug.ts";
import { drawPictures } from "./pictures.ts";
import { spaced } from "../benchmarks/tables/format.ts";
import { slotKey } from "../benchmarks/tables/match_runs.ts";
import type { OnSkip } from "../benchmarks/saved_flow.ts";
import { parsePublished } from "./published.ts";
import { Site } from "./site.tsx";

/** What a site is made from, beside records. */
export interface SiteOptions {
  /** The output folder with checkpoints and figures, where there are any. */
  readonly out: string;
  /** Published numbers: the text of results/papers.csv. */
  readonly papers: string;
  /** The files of the demo, as `buildDemo` makes them; null: none. */
  readonly demo: { readonly [file: string]: string } | null;
  /** Hears which runs have no picture since their flow cannot be loaded. */
  readonly onSkip?: OnSkip;
}

/**
 * The files of a static site about some records: pages that need no network, no server and no script to
 * be read.
 *
 * @param records As `currentRecords` orders them.
 * @returns Contents by path.
 */
export async function buildSite(
  records: readonly Record[],
  { out, papers, demo, onSkip }: SiteOptions,
): Promise<Map<string, string | Uint8Array<ArrayBuffer>>> {
  const site = new Site({ hasDemo: demo !== null });
  const published = parsePublished(papers);
  const { truths, made } = await drawPictures(site, records, out, onSkip);
  site.page("index.html", "Overview", overview(site, records, published, toBibtex(CITATION)));
  site.page("quality.html", "Quality", quality(site, records, published));
  site.page("tradeoff.html", "Trade-off", tradeoff(site, records));
  site.page("datasets.html", "Data sets", datasets(records, truths));
  for (const name of datasetsOf(records)) {
    const pictured = records.filter(({ run, runId }) => run.dataset === name && made.has(runId));
    const learned = [...Map.groupBy(pictured, slotKey).values()].flatMap(([first]) =>
      made.get(first!.runId)!.map((picture) => ({ ...picture, record: first! }))
    );
    const page = datasetPage(name, records, truths.get(name) ?? null, learned);
    site.page(`datasets/${uniqueSlug(name)}.html`, spaced(name), page);
  }
  site.page("runs.html", "Runs", runs(records));
  for (const record of records) {
    const page = runPage(site, record, made.get(record.runId) ?? []);
    site.page(`runs/${record.runId}.html`, runTitle(record), page);
  }
  site.page("method.html", "Method", method());
  if (demo !== null) {
    site.page("demo.html", "Demo", demoPage(), [DEMO_STYLE, ...DEMO_SCRIPTS]);
    for (const [file, text] of Object.entries(demo)) site.files.set(`assets/${file}`, text);
  }
  for (const [file, text] of Object.entries(buildTables(records))) {
    if (!file.includes("/")) site.files.set(`data/${file}`, text);
  }
  for (const asset of ["site.css", "site.js"]) {
    const url = new URL(`assets/${asset}`, import.meta.url);
    site.files.set(`assets/${asset}`, await Deno.readTextFile(url));
  }
  return site.files;
}
