/// <reference lib="dom" />
/**
 * The site in a real browser, opened as files: of the records of one small run of everything.
 */
import assert from "node:assert/strict";
// Puts the checker into the module graph, where its file is found.
import "npm:axe-core@4.14.1/package.json" with { type: "json" };
import type { QualityRun } from "../../benchmarks/plan.ts";
import type { Record } from "../../benchmarks/record.ts";
import { currentRecords } from "../../benchmarks/tables.ts";
import { buildSite } from "../../report/build_site.tsx";
import { writeAtomically } from "../../engine/write_atomically.ts";
import { startEngine, testWith } from "../_engine.ts";
import { type Misdeeds, type Page, type PageOptions, testPage } from "./_browser.ts";

const REFERENCE = "results/reference";
const AXE = new URL(import.meta.resolve("npm:axe-core@4.14.1/axe.min.js"));

let built: Promise<Map<string, string | Uint8Array<ArrayBuffer>>> | undefined;

/** The names of two files with one base name, and with one slug of their paths. */
const FILES = ["file:/data/a/b's points.csv", "file:/data/a-b's points.csv"];

/** The reference results, and a run on each of the files. */
async function allRecords(): Promise<Record[]> {
  const records = await currentRecords(REFERENCE);
  const { run, scores, ...rest } = records.find(({ run }) => run.family === "maf")!;
  return [
    ...records,
    ...FILES.map((dataset, i) => ({
      ...rest,
      runId: `quick-file_b_s_points-maf-flat-s0-${i}`,
      run: { ...run, suite: "file", dataset },
      scores: { ...scores!, floorNats: null, floorError: null, gapNats: null, klNats: null },
    })),
  ];
}

/** Their site without the demo, which has its own tests. */
function files(): Promise<Map<string, string | Uint8Array<ArrayBuffer>>> {
  return built ??= (async () => {
    await startEngine();
    const papers = await Deno.readTextFile("results/papers.csv");
    return await buildSite(await allRecords(), { out: REFERENCE, papers, demo: null });
  })();
}

let written: Promise<string> | undefined;

function folder(): Promise<string> {
  return written ??= (async () => {
    const folder = await Deno.makeTempDir();
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    for (const [file, content] of await files()) {
      await writeAtomically(`${folder}/${file}`, content);
    }
    return folder;
  })();
}

function pageTest(
  name: string,
  path: string,
  options: PageOptions,
  run: (page: Page, misdeeds: Misdeeds) => Promise<void>,
): void {
  testPage(name, async () => `${await folder()}/${path}`, options, async (page, misdeeds) => {
    await run(page, misdeeds);
    assert.deepEqual(misdeeds, { errors: [], requests: [] });
  });
}

testWith(["read"], "every link and picture of the site leads to a file of it", async () => {
  const all = await files();
  let links = 0;
  for (const [path, content] of all) {
    if (!path.endsWith(".html")) continue;
    for (const [, target] of String(content).matchAll(/(?:href|src)="([^"]*)"/g)) {
      if (target!.startsWith("#") || target === "data:,") continue;
      const { pathname } = new URL(target!, `file:///${path}`);
      assert.ok(all.has(decodeURIComponent(pathname.slice(1))), `${path} links to ${target}`);
      links++;
    }
  }
  assert.ok(links > 1_000);
});

testWith(["read"], "each data set has a page of its own, files of one base name too", async () => {
  const records = (await allRecords()).filter(({ run }) => run.kind !== "timing");
  const names = new Set(records.map(({ run }) => run.dataset));
  const pages = [...await files()].filter(([path]) => path.startsWith("datasets/"));
  assert.equal(pages.length, names.size);
  for (const name of FILES) {
    const [[path, page] = []] = pages.filter(([, page]) =>
      String(page).includes(`<h1>${name}</h1>`)
    );
    assert.match(path!, /^datasets\/file_[a-z_]+-[0-9a-f]{10}\.html$/);
    assert.ok(String(page).includes("maf"));
  }
});

testWith(["read"], "the site shows each score of quality.csv, as the record has it", async () => {
  const all = await files();
  const records = await currentRecords(REFERENCE);
  for (const { runId, scores, environment } of records) {
    const page = String(all.get(`runs/${runId}.html`));
    if (scores) assert.ok(page.includes(`<td>${scores.nllNats}</td>`), runId);
    assert.ok(page.includes(environment.commit), runId);
  }
  const mnist = records.find(({ run }) =>
    run.dataset === "mnist" && run.family === "maf" && run.variant === "flat" &&
    run.profile === "quick" && run.suite === "mnist"
  )!;
  assert.match(
    String(all.get("quality.html")),
    new RegExp(`data-value="${mnist.scores!.bitsPerDim}"`),
  );
});

testWith(
  ["read"],
  "an energy that failed shows no KL, and its curve is called what it is",
  async () => {
    await startEngine();
    const energies = (await currentRecords(REFERENCE)).filter(({ run }) => run.kind === "energy");
    const [one, other] = [energies[0]!, {
      ...energies[1]!,
      status: "failed",
      reason: "KL below 0",
    }];
    const papers = await Deno.readTextFile("results/papers.csv");
    const site = await buildSite([one, other as Record], { out: REFERENCE, papers, demo: null });
    const page = String(site.get("quality.html"));
    const klOf = ({ energy }: Record) => `${energy!.klNats.toFixed(3)} ±`;
    assert.ok(page.includes(klOf(one)));
    assert.ok(!page.includes(klOf(other as Record)));
    assert.match(page, />failed</);
    const run = String(site.get(`runs/${one.runId}.html`));
    assert.match(run, /reverse KL but for log Z of training batches/);
    assert.doesNotMatch(run, /negative log-likelihood of/);
  },
);

testWith(["read"], "flows with grey levels of any kind stand in a group of their own", async () => {
  await startEngine();
  const conv = (await currentRecords(REFERENCE)).find(({ run }) =>
    run.dataset === "mnist" && run.variant === "conv" && run.profile === "paper"
  )!;
  const papers = await Deno.readTextFile("results/papers.csv");
  for (const greyLevels of ["equal", "learned", "shaped"] as const) {
    const run = { ...conv.run, flow: { ...(conv.run as QualityRun).flow, greyLevels } };
    const records = [{ ...conv, run } as Record];
    const site = await buildSite(records, { out: REFERENCE, papers, demo: null });
    const own = String(site.get("quality.html")).split("<tr").find((row) =>
      row.includes(conv.runId)
    );
    const protocol = greyLevels === "equal" ? "Convolutional" : "Learned grey levels";
    assert.match(own!, new RegExp(`data-value="${protocol}, logit"`), greyLevels);
  }
});

testWith(["read"], "the site without its pictures is small", async () => {
  let bytes = 0;
  for (const [path, content] of await files()) {
    if (/\.(svg|png)$/.test(path)) continue;
    bytes += typeof content === "string"
      ? new TextEncoder().encode(content).length
      : content.length;
  }
  const pages = [...(await files()).keys()].filter((path) => path.endsWith(".html")).length;
  assert.ok(bytes < 1e6 + 12e3 * pages, `${bytes} bytes of ${pages} pages`);
});

const PATHS = ["index", "quality", "tradeoff", "datasets", "datasets/moons", "runs", "method"];

for (const width of [1200, 375]) {
  for (const colorScheme of ["light", "dark"] as const) {
    const name = `pages are accessible and within ${width} pixels, ${colorScheme}`;
    pageTest(name, "index.html", { width, colorScheme }, async (page) => {
      for (const path of PATHS) {
        await page.goto(`file://${await folder()}/${path}.html`);
        await page.evaluate(await Deno.readTextFile(AXE));
        assert.deepEqual(await page.evaluate(findBarriers), [], path);
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth
        );
        assert.equal(overflow, 0, path);
      }
    });
  }
}

/** In the page: what is serious or critical. */
async function findBarriers(): Promise<string[]> {
  interface Violation {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }
  const { axe } = globalThis as unknown as {
    axe: { run(options: object): Promise<{ violations: Violation[] }> };
  };
  const { violations } = await axe.run({ preload: false });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
}

pageTest(
  "tables sort by exact values, by mouse and keyboard, what is empty last",
  "runs.html",
  {},
  async (page) => {
    const column = async (name: string) =>
      await page.evaluate((name) => {
        const heads = [...document.querySelectorAll("thead th")];
        const i = heads.findIndex((head) => head.textContent!.trim() === name);
        return [...document.querySelectorAll("tbody tr")].map((row) =>
          (row.children[i] as HTMLElement).dataset.value!
        );
      }, name);
    const before = await column("nats");
    await page.getByRole("button", { name: "nats" }).click();
    const known = before.filter((text) => text !== "").sort((a, b) => Number(a) - Number(b));
    const empty = before.filter((text) => text === "");
    assert.ok(empty.length > 0 && known.length > 50);
    assert.deepEqual(await column("nats"), [...known, ...empty]);
    assert.equal(await page.locator("th[aria-sort=ascending]").innerText(), "nats");
    await page.keyboard.press("Enter");
    assert.deepEqual(await column("nats"), [...known.toReversed(), ...empty]);
  },
);

pageTest("tables are filtered by words and by family", "runs.html", {}, async (page) => {
  const shown = () => page.locator("tbody tr:visible").count();
  const all = await shown();
  await page.getByLabel("Filter").fill("maf moons quick");
  assert.equal(await shown(), 1);
  assert.match(await page.getByRole("status").innerText(), new RegExp(`^1 of ${all} rows$`));
  await page.getByLabel("Filter").fill("");
  assert.equal(await shown(), all);
});

pageTest("tables are copied as CSV, Markdown and LaTeX", "quality.html", {}, async (page) => {
  await page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", {
      value: {
        writeText: (text: string) => Promise.resolve(void (document.body.dataset.copied = text)),
      },
    });
  });
  const copied = async (format: string) => {
    await page.getByRole("button", { name: `Copy ${format}` }).nth(1).click();
    return await page.evaluate(() => document.body.dataset.copied!);
  };
  const csv = (await copied("CSV")).trimEnd().split("\n");
  assert.match(csv[0]!, /^data,entropy,gaussian,nice,realnvp,glow,maf,iaf(,|$)/);
  assert.match(
    csv.find((line: string) => line.startsWith('"moons, quick"'))!,
    /^"moons, quick",2\.39387\d+,/,
  );
  assert.match(await copied("Markdown"), /^\| data \| entropy \|.*\n\| --- \| --: \|/);
  const latex = await copied("LaTeX");
  assert.match(latex, /\\begin\{tabular\}\{lr{7,}\}\n\\toprule\ndata & entropy/);
  assert.match(latex, /\neight gaussians, quick & 2\.832 & .* \\\\\n/);
});
