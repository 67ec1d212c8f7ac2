import assert from "node:assert/strict";
import { readRecords, writeRecord } from "../../../benchmarks/record_file.ts";
import type { Record } from "../../../benchmarks/record.ts";
import { testWith } from "../../_engine.ts";
import { cli, inTemporaryFolder, rows } from "../_cli.ts";

const REFERENCE = `${import.meta.dirname}/../../../results/reference`;

/** A folder with what becomes of the reference's records of a data set, of profile quick: a seed each. */
async function writeFolder(
  out: string,
  dataset: string,
  change: (record: Record) => Record | null,
): Promise<void> {
  for (const record of await readRecords(REFERENCE)) {
    const { run } = record;
    const isWanted = run.dataset === dataset && run.profile === "quick";
    const changed = isWanted ? change(record) : null;
    if (changed) await writeRecord(out, changed);
  }
}

const worse = (nats: number) => (record: Record): Record => ({
  ...record,
  scores: record.scores && { ...record.scores, nllNats: record.scores.nllNats + nats },
});

testWith(
  ["read"],
  "bench compare of a folder with itself finds nothing and has status 0",
  async () => {
    const { status, printed, warned } = await cli(`bench compare ${REFERENCE} ${REFERENCE}`);
    assert.equal(status, 0, warned);
    assert.match(warned, /^\d+ compared, A: .*, B: .*: 0 regressions$/);
    assert.match(printed, /│ toy moons maf, quick +│ (\S+) │ \1 │ 0\.0000 │/);
    assert.doesNotMatch(printed, /│ +(regression|worse|better) │/);
  },
);

testWith(
  ["read", "write"],
  "bench compare has status 1 for a regression, lists what is in one folder only, and writes files",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const [a, b] = [`${folder}/a`, `${folder}/b`];
      await writeFolder(a, "moons", (record) => record);
      await writeFolder(
        b,
        "moons",
        (record) => record.run.family === "nice" ? null : worse(0.06)(record),
      );
      await writeFolder(b, "rings", ({ scores: _, ...record }) => ({
        ...record,
        scores: null,
        status: "diverged",
        reason: "x",
      }));
      const found = await cli(`bench compare ${a} ${b} --out ${folder}/new/plot.svg`);
      assert.equal(found.status, 1, found.warned);
      assert.match(found.printed, /│ toy moons maf .* \+0\.0600 │ .* │ regression │/);
      assert.match(found.warned, /^Only in A: toy moons nice \(.*\)$/m);
      assert.match(found.warned, /^Only in B: toy rings gaussian \(.*\), /m);
      const csv = rows(await Deno.readTextFile(`${folder}/new/plot.csv`));
      assert.match(found.warned, new RegExp(`: ${csv.length} regressions$`, "m"));
      assert.deepEqual(Object.keys(csv[0]!).slice(0, 4), ["suite", "dataset", "family", "variant"]);
      assert.ok(csv.some(({ family }) => family === "maf"));
      for (const { change, verdict } of csv) {
        assert.ok(Math.abs(Number(change) - 0.06) < 1e-12);
        assert.equal(verdict, "regression");
      }
      assert.match(await Deno.readTextFile(`${folder}/new/plot.svg`), /^<svg .*toy moons maf/s);

      assert.equal((await cli(`bench compare ${a} ${b} --max-nats 0.07`)).status, 0);
      assert.equal((await cli(`bench compare ${b} ${a} --out ${folder}/dir`)).status, 0);
      const files = [...Deno.readDirSync(`${folder}/dir`)].map(({ name }) => name).sort();
      assert.deepEqual(files, ["compare.csv", "compare.svg"]);
    });
  },
);

testWith(
  ["read", "write"],
  "bench compare has status 1 where a run diverges that did not",
  async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFolder(folder, "moons", ({ scores: _, ...record }) => ({
        ...record,
        scores: null,
        status: "diverged",
        reason: "the loss is NaN",
      }));
      const { status, printed } = await cli(`bench compare ${REFERENCE} ${folder}`);
      assert.equal(status, 1);
      assert.match(
        printed,
        /toy moons maf .* seed 0 diverged in B: the loss is NaN │ regression │/,
      );
      assert.equal((await cli(`bench compare ${folder} ${REFERENCE}`)).status, 0);
    });
  },
);

testWith(["read", "write"], "bench compare fails for times by an option only", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFolder(folder, "normal784", (record) => ({
      ...record,
      timings: record.timings.map((timing) => ({
        ...timing,
        samplesMs: timing.samplesMs.map((ms) => 3 * ms),
      })),
    }));
    const args = `bench compare ${REFERENCE} ${folder}`;
    const found = await cli(args);
    assert.equal(found.status, 0);
    assert.match(
      found.printed,
      /tradeoff normal784 maf, density, batch 1 .*│ 3\.000 │.*│ +worse │/,
    );
    assert.equal((await cli(`${args} --max-time-ratio 2`)).status, 1);
    assert.equal((await cli(`${args} --max-time-ratio 4`)).status, 0);
  });
});

testWith(
  ["read", "write"],
  "bench compare refuses what it cannot compare, and writes nothing",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const [empty, bad] = [`${folder}/empty`, `${folder}/bad`];
      await Deno.mkdir(empty);
      await Deno.mkdir(`${bad}/runs`, { recursive: true });
      await Deno.writeTextFile(`${bad}/runs/x.json`, "{}");
      const cases: [string, RegExp][] = [
        [`${REFERENCE} ${empty}`, /must have runs in common: .*with \d+ runs.*empty" with 0$/],
        [`${REFERENCE} ${bad}`, /Cannot read record .*x\.json as its schema must be 1 or 2/],
        [`${REFERENCE} ${REFERENCE} --out=`, /--out must name a folder or a file \.svg/],
        [
          `${REFERENCE} ${REFERENCE} --out /dev/null/x`,
          /--out must be a folder that can be written/,
        ],
      ];
      for (const [args, message] of cases) {
        const { status, printed, warned } = await cli(`bench compare ${args}`);
        assert.equal(status, 2, warned);
        assert.match(warned, message);
        assert.equal(warned.split("\n").length, 1);
        assert.equal(printed, "");
      }
      const out = `--out ${folder}/new`;
      assert.equal((await cli(`bench compare ${REFERENCE} ${empty} ${out}`)).status, 2);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
        "bad",
        "empty",
      ]);
    });
  },
);
