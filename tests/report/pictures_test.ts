/**
 * Which pictures are on which pages of a site: of runs whose flows were saved.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Record } from "../../benchmarks/record.ts";
import { currentRecords } from "../../benchmarks/tables.ts";
import { Rng } from "../../engine/rng.ts";
import { writeAtomically } from "../../engine/write_atomically.ts";
import { createFlow, encodeFlow, type Flow } from "../../flows/mod.ts";
import { buildSite } from "../../report/build_site.tsx";
import { startEngine, testWith } from "../_engine.ts";
import { inTemporaryFolder } from "../benchmarks/_cli.ts";

const REFERENCE = "results/reference";

/** The run of the reference on a data set by a family, with another seed. */
async function recordOf(dataset: string, family: string, seed: number): Promise<Record> {
  const records = await currentRecords(REFERENCE);
  const { run, ...rest } = records.find(({ run }) =>
    run.dataset === dataset && run.family === family && run.suite !== "report" &&
    run.profile === "quick" && run.variant === "flat"
  )!;
  return { ...rest, runId: `${dataset}-${family}-s${seed}`, run: { ...run, seed } };
}

/** Without scores. */
function diverged(record: Record): Record {
  return { ...record, status: "diverged", reason: "it diverged", training: null, scores: null };
}

/** The file of a small flow, as if of another family or version of it. */
async function savedFlow(config: object = {}): Promise<Uint8Array<ArrayBuffer>> {
  using flow = createFlow("maf", { eventShape: [2], layers: 1, hidden: [4] }, new Rng(0));
  const { variables } = flow;
  return await encodeFlow({ variables, config: { ...flow.config, ...config } } as Flow);
}

async function siteOf(records: readonly Record[], out: string) {
  const skipped: string[] = [];
  const papers = await Deno.readTextFile("results/papers.csv");
  const onSkip = (runId: string, reason: string): void => void skipped.push(`${runId}: ${reason}`);
  const files = await buildSite(records, { out, papers, demo: null, onSkip });
  const picturesOn = (page: string): string[] =>
    [...String(files.get(page)).matchAll(/<img src="\.\.\/([^"]*\.png)"/g)].map(([, path]) =>
      path!
    );
  return { files, skipped, picturesOn };
}

testWith(
  ["read", "write"],
  "a site lacks the picture of a flow that cannot be loaded, and says which and why",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (out) => {
      const own = await recordOf("moons", "maf", 0);
      const bytes = await savedFlow();
      const saved = {
        truncated: bytes.slice(0, -1),
        foreign: await savedFlow({ family: "unheard_of" }),
        newer: await savedFlow({ familyVersion: 99 }),
        whole: bytes,
      };
      for (const [runId, content] of Object.entries(saved)) {
        await writeAtomically(`${out}/checkpoints/${runId}.safetensors`, content);
      }
      const records = [...Object.keys(saved), "absent"].map((runId, seed) => ({
        ...own,
        runId,
        run: {
          ...own.run,
          suite: "other",
          seed,
          ...(runId === "foreign" && { family: "unheard_of" }),
        },
      }));
      const { files, skipped, picturesOn } = await siteOf(records, out);
      assert.deepEqual(skipped.map((line) => line.split(":")[0]), [
        "truncated",
        "foreign",
        "newer",
      ]);
      assert.ok(skipped.every((line) => /^\w+: Cannot [^\n]+$/.test(line)), skipped.join("\n"));
      assert.deepEqual(picturesOn("runs/whole.html"), ["densities/whole.png"]);
      for (const id of ["truncated", "foreign", "newer", "absent"]) {
        assert.deepEqual(picturesOn(`runs/${id}.html`), []);
      }
      const foreign = String(files.get("runs/foreign.html"));
      assert.match(
        foreign,
        /No command alone makes this run: its family was registered by a program/,
      );
      assert.doesNotMatch(foreign, /<pre/);
      assert.match(String(files.get("runs/whole.html")), /<pre[^>]*><code>deno task bench /);
    });
  },
);

testWith(
  ["read", "write"],
  "a run page shows the picture of its own seed, and none where the run has no flow",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (out) => {
      const samples = (seed: number): Promise<Record> => recordOf("mnist", "maf", seed);
      const records = [diverged(await samples(0)), await samples(1), diverged(await samples(2))];
      const picture = (suffix: string): string =>
        `figures/samples-mnist-maf-flat-quick${suffix}.png`;
      // Left by an earlier run of the seed that diverged.
      for (const suffix of ["", "-s1"]) {
        await writeAtomically(`${out}/${picture(suffix)}`, new TextEncoder().encode(suffix));
      }
      // Drawn of an earlier run of that name.
      const old = `${out}/figures/interpolation-mnist-maf-flat-quick-s1.png`;
      await writeAtomically(old, new Uint8Array());
      const before = new Date(new Date(records[1]!.startedAt).getTime() - 1_000);
      await Deno.utime(old, before, before);
      const { files, picturesOn } = await siteOf(records, out);
      assert.deepEqual(records.map(({ runId }) => picturesOn(`runs/${runId}.html`)), [
        [],
        [picture("-s1")],
        [],
      ]);
      assert.deepEqual(picturesOn("datasets/mnist.html"), [picture("-s1")]);
      assert.deepEqual(files.get(picture("-s1")), new TextEncoder().encode("-s1"));
      assert.equal(files.get(picture("")), undefined);
    });
  },
);

testWith(
  ["read", "write"],
  "of a toy the first seed with a flow is drawn, of an energy each",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (out) => {
      const bytes = await savedFlow();
      const records: Record[] = [];
      for (const dataset of ["moons", "u1"]) {
        for (const family of ["maf", "iaf"]) {
          for (const seed of [0, 1, 2]) records.push(await recordOf(dataset, family, seed));
        }
      }
      records[0] = diverged(records[0]!);
      for (const { runId } of records) {
        await writeAtomically(`${out}/checkpoints/${runId}.safetensors`, bytes);
      }
      const { files, picturesOn } = await siteOf(records, out);
      const drawn = files.keys().filter((file) => /^densities\/.*-s\d\.png$/.test(file));
      assert.deepEqual([...drawn].sort(), [
        "densities/moons-iaf-s0.png",
        "densities/moons-maf-s1.png",
        ...["iaf", "maf"].flatMap((family) =>
          [0, 1, 2].map((s) => `densities/u1-${family}-s${s}.png`)
        ),
      ]);
      assert.deepEqual(picturesOn("datasets/u1.html"), [
        "densities/u1.png",
        "densities/u1-maf-s0.png",
        "densities/u1-iaf-s0.png",
      ]);
      assert.deepEqual(picturesOn("datasets/moons.html"), [
        "densities/moons.png",
        "densities/moons-maf-s1.png",
        "densities/moons-iaf-s0.png",
      ]);
      assert.deepEqual(picturesOn("runs/moons-maf-s2.html"), []);
    });
  },
);
