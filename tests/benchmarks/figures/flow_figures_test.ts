import assert from "node:assert/strict";
import { decode } from "npm:fast-png@8.0.0";
import { figureNames } from "../../../benchmarks/figures/figure_name.ts";
import { executeRun } from "../../../benchmarks/execute_run.ts";
import { writeFlowFigures } from "../../../benchmarks/figures/flow_figures.ts";
import { imagePage } from "../../../benchmarks/figures/image_page.ts";
import type { QualityRun, Run } from "../../../benchmarks/plan.ts";
import type { Record } from "../../../benchmarks/record.ts";
import { writeRecord } from "../../../benchmarks/record_file.ts";
import { renderGrayPng } from "../../../benchmarks/figures/render.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import { startEngine, testWith } from "../../_engine.ts";
import { inFolder, littleMnist } from "../../datasets/_idx_files.ts";
import { cli, inTemporaryFolder } from "../_cli.ts";

testWith(["read"], "imagePage() shows each pixel as a square where the page says", async () => {
  const panel = { title: "", size: [1, 2], columns: 1, pixels: Float32Array.of(0, 0.5) } as const;
  const { data, width, height } = decode(
    await renderGrayPng(imagePage("Title", ["text"], [panel])),
  );
  const gray = [...data];
  // 2 x 2 black beside 2 x 2 of level 128; nothing else on the page has that level in a square.
  const corner = Array.from({ length: width * height }, (_, i) => i).find((i) =>
    [0, 1, width, width + 1].every((step) => gray[i + step] === 0) &&
    [2, 3, width + 2, width + 3].every((step) => gray[i + step] === 128)
  );
  assert.ok(corner !== undefined, "the picture is not on the page");
  assert.ok(gray.filter((value) => value < 128).length > 50, "there is no text");
});

testWith(
  ["read", "write"],
  "writeFlowFigures() draws samples, interpolations, scales and layers of saved flows, of each seed",
  async () => {
    await startEngine();
    await inFolder(littleMnist(40), async (folder) => {
      const records: Record[] = [];
      const make = async (run: QualityRun): Promise<void> => {
        const runId = `run${records.length}`;
        const checkpoint = `${folder}/checkpoints/${runId}.safetensors`;
        records.push(await executeRun(run, { runId, checkpoint, mnistDir: folder }));
        assert.equal(records.at(-1)!.status, "ok", records.at(-1)!.reason);
      };
      const plan = (suites: string[], families: string[], seeds?: number[]): QualityRun[] =>
        planRuns({ profile: "smoke", suites, families, ...(seeds && { seeds }) }) as QualityRun[];
      for (const run of plan(["mnist"], ["realnvp", "maf"])) {
        const counts = { train: 10, validation: 2, test: 40 };
        const train = { ...run.train!, maxSteps: 1, validateEvery: 1 };
        await make({ ...run, counts, train });
      }
      for (const run of plan(["report"], ["realnvp"], [0, 1])) await make(run);
      const files = await writeFlowFigures(records, folder, { mnistDir: folder });
      assert.deepEqual(files.toSorted(), [
        "figures/classes-mnist-maf-class-smoke.png",
        "figures/classes-mnist-realnvp-class-smoke.png",
        "figures/classes-mnist-realnvp-conv_class-smoke.png",
        "figures/interpolation-mnist-realnvp-conv-smoke.png",
        "figures/interpolation-mnist-realnvp-conv_grey-smoke.png",
        "figures/interpolation-mnist-realnvp-conv_large-smoke.png",
        "figures/interpolation-mnist-realnvp-vardeq-smoke.png",
        "figures/report-layers-banana-realnvp-flat-smoke-s1.svg",
        "figures/report-layers-banana-realnvp-flat-smoke.svg",
        "figures/samples-mnist-maf-deep-smoke.png",
        "figures/samples-mnist-maf-flat-smoke.png",
        "figures/samples-mnist-maf-grey-smoke.png",
        "figures/samples-mnist-maf-made-smoke.png",
        "figures/samples-mnist-realnvp-conv-smoke.png",
        "figures/samples-mnist-realnvp-conv_grey-smoke.png",
        "figures/samples-mnist-realnvp-conv_large-smoke.png",
        "figures/samples-mnist-realnvp-deep-smoke.png",
        "figures/samples-mnist-realnvp-flat-smoke.png",
        "figures/samples-mnist-realnvp-grey-smoke.png",
        "figures/samples-mnist-realnvp-vardeq-smoke.png",
        "figures/scales-mnist-realnvp-conv-smoke.png",
        "figures/scales-mnist-realnvp-conv_grey-smoke.png",
        "figures/scales-mnist-realnvp-conv_large-smoke.png",
        "figures/scales-mnist-realnvp-vardeq-smoke.png",
      ]);
      for (const file of files) {
        if (file.endsWith(".svg")) {
          const text = await Deno.readTextFile(`${folder}/${file}`);
          assert.match(text, /after 5 of 5 couplings/);
          assert.doesNotMatch(text, /NaN/);
        } else {
          const { width, height, channels } = decode(await Deno.readFile(`${folder}/${file}`));
          assert.ok(
            width > 100 && height > 100 && channels === 1,
            `${file} is ${width} x ${height}`,
          );
        }
      }
    });
  },
);

testWith(
  ["read", "write"],
  "figures draws the other flows where one cannot be loaded, and says which and why",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (out) => {
      const [run] = planRuns({ profile: "smoke", suites: ["report"], families: ["realnvp"] });
      const saved = (runId: string): string => `${out}/checkpoints/${runId}.safetensors`;
      const broken = await executeRun(run!, { runId: "broken", checkpoint: saved("broken") });
      await writeRecord(out, broken);
      const whole = { ...broken, runId: "whole", run: { ...run!, seed: 7 } };
      await writeRecord(out, whole);
      const bytes = await Deno.readFile(saved("broken"));
      await Deno.writeFile(saved("whole"), bytes);
      await Deno.writeFile(saved("broken"), bytes.slice(0, -1));
      const { status, printed, warned } = await cli(`figures ${out}`);
      assert.equal(status, 0, warned);
      assert.match(warned, /^broken has no figures: Cannot .*broken\.safetensors as .*$/);
      assert.equal(printed, `${out}/figures/report-layers-banana-realnvp-flat-smoke-s7.svg`);
    });
  },
);

Deno.test("figureNames() gives each file, seed and backend a name of its own", () => {
  const of = (run: Run, backend = "wasm+blas") => ({ run, environment: { backend } }) as Record;
  const one = figureNames([of(planRuns({ profile: "smoke" })[0]!)]);
  const datasets = ["file:a/x.csv", "file:b/x.csv", "file:b/x.npy", "moons"];
  const names = datasets.flatMap((dataset) =>
    planRuns({ profile: "smoke", datasets: [dataset], families: ["maf"], seeds: [0, 1, 11] })
      .map((run) => one(of(run), "samples"))
  );
  assert.equal(new Set(names).size, 3 * datasets.length);
  assert.ok(names.every((name) => /^[\w-]+$/.test(name)), names.join());
  assert.deepEqual(names.slice(-3), [
    "samples-moons-maf-flat-smoke",
    "samples-moons-maf-flat-smoke-s1",
    "samples-moons-maf-flat-smoke-s11",
  ]);
  const [run] = planRuns({ profile: "smoke", datasets: ["moons"], families: ["maf"] });
  const both = [of(run!), of(run!, "wasm")];
  const [first, second] = both.map((record) => figureNames(both)(record, "samples"));
  assert.equal(first, "samples-moons-maf-flat-smoke-wasm-blas");
  assert.equal(second, "samples-moons-maf-flat-smoke-wasm");
});
