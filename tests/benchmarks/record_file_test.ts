import assert from "node:assert/strict";
import { buildTables } from "../../benchmarks/tables.ts";
import {
  parseRecord,
  readRecord,
  readRecords,
  recordPath,
  writeRecord,
} from "../../benchmarks/record_file.ts";
import { rerunCommand } from "../../benchmarks/record_schema.ts";
import { runId } from "../../benchmarks/run_id.ts";
import { identify } from "../../benchmarks/make_run.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { DATASETS } from "../../datasets/mod.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { startEngine, testWith } from "../_engine.ts";
import { idxBytes, inFolder, littleMnist } from "../datasets/_idx_files.ts";
import { cli, inTemporaryFolder, rows } from "./_cli.ts";

const TINY = "bench --profile smoke --suite toy --dataset moons --family gaussian --backend cpu";

/** Makes one record and gives it to a test. */
async function withRecord(run: (out: string, id: string, text: string) => Promise<void>) {
  await inTemporaryFolder(async (out) => {
    await cli(`${TINY} --out ${out}`);
    const [{ run_id: id }] = rows(await Deno.readTextFile(`${out}/quality.csv`)) as [
      { run_id: string },
    ];
    await run(out, id, await Deno.readTextFile(recordPath(out, id)));
  });
}

testWith(
  ["read"],
  "readRecords() reads records of schema 1, and tables are made of them",
  async () => {
    const folder = `${import.meta.dirname}/../fixtures/schema1`;
    const records = await readRecords(folder);
    assert.equal(records.length, 5);
    assert.ok(records.every(({ schema }) => schema === 1));
    const tables = buildTables(records);
    assert.match(tables["tables/images.md"]!, /\| iaf \| 1\.969 \|/);
    assert.match(tables["tables/quality.md"]!, /\| moons \| 2\.394 \|/);
    assert.match(tables["tables/timing.md"]!, /\| glow \| 784 \|/);
  },
);

testWith(
  ["read", "write"],
  "readRecord() refuses what is altered, malformed or of an unknown schema, with a way on",
  async () => {
    await withRecord(async (out, id, text) => {
      const record = JSON.parse(text);
      assert.equal(record.schema, 2);
      assert.deepEqual(await readRecord(out, id), record);
      const rerun = `remove it or make it again with deno task bench --profile smoke --suite toy ` +
        `--family gaussian --variant flat --dataset moons --seed 0 --backend cpu --force --out ${out}`;
      const cases: [Record<string, unknown> | string, RegExp][] = [
        [text.slice(0, -9), /not JSON: remove it to run it again$/],
        ["[]", /incomplete|schema/],
        ["null", /no JSON object/],
        [{ ...record, schema: 3 }, /schema must be 1 or 2: current value is 3/],
        [{ ...record, runId: "../x" }, /must be of run .*: it says \.\.\/x/],
        [{ ...record, status: "good" }, /malformed \(status: /],
        [{ ...record, status: "diverged" }, /altered: its checksum differs/],
        [{ ...record, scores: null }, /a run that is ok must have what it was made for/],
        [{ ...record, scores: { ...record.scores, nllNats: null } }, /scores\.nllNats: /],
        [{ ...record, scores: { ...record.scores, nllNats: "NaN" } }, /scores\.nllNats: /],
        [{ ...record, run: { ...record.run, dataset: "../../x" } }, /run\.dataset.*: remove it/],
        [{ ...record, sha256: undefined }, /altered/],
        [{ ...record, note: "more" }, /altered/],
      ];
      for (const [content, message] of cases) {
        const changed = typeof content === "string" ? content : JSON.stringify(content);
        await assert.rejects(() => parseRecord(changed, out, id), (error: Error) => {
          assert.equal(error.name, "SyntaxError");
          assert.match(error.message, /^Cannot read record /);
          assert.match(error.message, message);
          const isRunKnown = typeof content === "object" && content.run === record.run;
          assert.equal(error.message.endsWith(rerun), isRunKnown, error.message);
          return true;
        });
      }
      const { sha256: _, ...older } = { ...record, schema: 1 };
      assert.deepEqual(await parseRecord(JSON.stringify(older), out, id), older);
      // Of a variant that there was.
      const run = { ...record.run, variant: "flat_long" };
      assert.deepEqual((await parseRecord(JSON.stringify({ ...older, run }), out, id)).run, run);
      await assert.rejects(parseRecord(JSON.stringify({ ...record, run }), out, id), {
        message: /altered: its checksum differs: remove it to run it again$/,
      });
    });
  },
);

testWith(
  ["read"],
  "rerunCommand() has the threads of a run, and is none where other images took MNIST's place",
  async () => {
    const records = await readRecords(`${import.meta.dirname}/../fixtures/schema1`);
    const record = records.find(({ run }) => run.dataset === "mnist" && run.kind === "quality")!;
    assert.match(rerunCommand(record, "out"), /^deno task bench .*--dataset mnist .*--out out$/);
    const blas = { ...record.environment, backend: "wasm+blas" as const };
    const of = (environment: object, more: object = {}) =>
      rerunCommand(
        { ...record, ...more, environment: { ...blas, ...environment } } as typeof record,
        "out",
      );
    assert.doesNotMatch(of({ threads: 1 }), /--threads/);
    assert.match(of({ threads: 2 }), / --threads 2 --force /);
    for (const threads of ["2; ls #", 1.5, undefined]) assert.equal(of({ threads }), "");
    const timed = { run: { ...planRuns({ profile: "smoke", suites: ["tradeoff"] })[0] } };
    assert.doesNotMatch(of({ threads: 8 }, timed), /--threads/);
    const ofThree = { ...timed, code: { family: 1, dataset: 1, backend: "wasm+blas", threads: 3 } };
    assert.match(of({ threads: 3 }, ofThree), / --threads 3 --force /);
    const code = { family: 1, dataset: 1, backend: "wasm" as const, file: "a".repeat(64) };
    assert.equal(rerunCommand({ ...record, code }, "out"), "");
    const run = { ...record.run, dataset: "file:a.csv" } as typeof record.run;
    assert.match(rerunCommand({ ...record, run, code }, "out"), /--dataset file:a\.csv /);
  },
);

testWith(["read", "write"], "the command that an altered record names makes it again", async () => {
  await withRecord(async (out, id, text) => {
    await Deno.writeTextFile(recordPath(out, id), text.replace('"schema": 2', '"schema": 7'));
    const { status, warned } = await cli(`${TINY} --out ${out}`);
    assert.equal(status, 1);
    const [, command] = /deno task (bench .*)$/.exec(warned)!;
    assert.equal((await cli(command!)).status, 0);
    assert.equal((await readRecord(out, id))!.schema, 2);
  });
});

testWith(
  ["read", "write"],
  "bench --list says stale where the version of a data set has changed, and unreadable",
  async () => {
    await withRecord(async (out, id, text) => {
      const statusNow = async (): Promise<string> =>
        rows((await cli(`${TINY} --list --out ${out}`)).printed)[0]!.status!;
      assert.equal(await statusNow(), "ok");
      const moons = DATASETS["moons"] as { version: number };
      moons.version++;
      try {
        assert.equal(await statusNow(), "stale");
        const [planned] = rows((await cli(`${TINY} --dataset rings --list --out ${out}`)).printed);
        assert.equal(planned, undefined);
      } finally {
        moons.version--;
      }
      await Deno.writeTextFile(recordPath(out, id), text.slice(1));
      assert.equal(await statusNow(), "unreadable");
    });
  },
);

testWith(["read", "write"], "writeRecord() refuses a number that is not finite", async () => {
  await withRecord(async (out, id) => {
    const record = (await readRecord(out, id))!;
    const scores = { ...record.scores!, nllSe: NaN };
    await assert.rejects(() => writeRecord(out, { ...record, scores }), {
      name: "RangeError",
      message: /nllSe must be finite: current value is NaN/,
    });
    assert.deepEqual(await readRecord(out, id), record);
  });
});

testWith(
  ["read", "write"],
  "the command of a record that names no known backend is left out",
  async () => {
    await withRecord(async (out, id, text) => {
      const record = JSON.parse(text);
      const environment = { ...record.environment, backend: "wasm; rm -r ." };
      const changed = JSON.stringify({ ...record, environment });
      await assert.rejects(() => parseRecord(changed, out, id), {
        message: /checksum differs: remove it to run it again$/,
      });
    });
  },
);

testWith(["read"], "identify() tells backends and foreign files of MNIST apart", async () => {
  const [run] = planRuns({ profile: "smoke", suites: ["mnist"], families: ["histogram"] });
  await initEngine({ backend: "cpu" });
  const onCpu = await identify(run!);
  await startEngine();
  const id = await identify(run!);
  assert.notEqual(id, onCpu);
  await inFolder(littleMnist(), async (folder) => {
    const foreign = await identify(run!, folder);
    assert.notEqual(foreign, id);
    assert.equal(await identify(run!, folder), foreign);
    await Deno.writeFile(`${folder}/t10k-labels-idx1-ubyte`, idxBytes([3], [1, 1, 1]));
    assert.notEqual(await identify(run!, folder), foreign);
  });
});

testWith(
  ["read"],
  "identify() tells times of other threads than all from the others",
  async () => {
    const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"] });
    const [trained] = planRuns({ profile: "smoke", suites: ["toy"], families: ["maf"] });
    const all = navigator.hardwareConcurrency;
    const ids = async (threads: number) => {
      const { backend } = await initEngine({ backend: "auto", threads });
      return { backend, ids: [await identify(timed!), await identify(trained!)] };
    };
    const { backend, ids: [ofAll, first] } = await ids(all);
    if (backend !== "wasm+blas" || all === 1) return; // It has no threads.
    const { ids: [ofOne, same] } = await ids(1);
    assert.notEqual(ofOne, ofAll);
    assert.equal(same, first);
    await startEngine();
  },
);

testWith(
  ["read"],
  "runId() gives the runs of published records the ids that they have",
  async () => {
    const records = await readRecords("results/reference");
    const told = records.filter(({ code }) => code !== undefined);
    assert.ok(told.length > 300);
    for (const { run, code, runId: id } of told) assert.equal(await runId(run, code!), id);
  },
);
