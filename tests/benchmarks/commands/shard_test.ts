import assert from "node:assert/strict";
import type { Run } from "../../../benchmarks/plan.ts";
import { readRecords, writeRecord } from "../../../benchmarks/record_file.ts";
import { shard } from "../../../benchmarks/commands/shard.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import { fc } from "../../_fast_check.ts";
import { testWith } from "../../_engine.ts";
import { cli, inTemporaryFolder, rows } from "../_cli.ts";

/** Seconds; none so few that half of them rounds by more than the bound's 1e-12, as 2^-1074 does. */
const seconds = fc.double({ min: 0, max: 1e4, noNaN: true }).map((x) => x < 2 ** -1000 ? 0 : x);

const plans = fc.array(fc.tuple(seconds, fc.constantFrom("quality", "timing")), { maxLength: 60 })
  .map((runs) => runs.map(([expectedSeconds, kind]) => ({ expectedSeconds, kind }) as Run));

const costOf = (runs: readonly Run[]): number =>
  runs.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0);

Deno.test("shard() divides any plan into disjoint parts that make it whole, in its order", () => {
  fc.assert(fc.property(plans, fc.integer({ min: 1, max: 20 }), (plan, n) => {
    const parts = Array.from({ length: n }, (_, i) => shard(plan, i + 1, n));
    const places = parts.map((part) => part.map((run) => plan.indexOf(run)));
    assert.deepEqual(places.flat().sort((a, b) => a - b), [...plan.keys()]);
    for (const part of places) assert.deepEqual(part, part.toSorted((a, b) => a - b));
    assert.deepEqual(parts, parts.map((_, i) => shard(plan, i + 1, n)));
  }));
});

Deno.test("shard() gives more parts than there are runs one each, and nothing", () => {
  const plan = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"] });
  const sizes = [1, plan.length, plan.length + 1, 300_000].map((i) =>
    shard(plan, i, 300_000).length
  );
  assert.deepEqual(sizes, [1, 1, 0, 0]);
});

Deno.test("shard() has all that is timed in one part", () => {
  const plan = planRuns({ profile: "quick" });
  const timed = plan.filter(({ kind }) => kind === "timing").length;
  for (const n of [2, 7, 200]) {
    const parts = Array.from({ length: n }, (_, i) => shard(plan, i + 1, n));
    const counts = parts.map((part) => part.filter(({ kind }) => kind === "timing").length);
    assert.deepEqual(counts.filter((count) => count > 0), [timed]);
  }
});

Deno.test("shard() balances: no part costs more than a mean part and the longest run, what is timed being one", () => {
  fc.assert(fc.property(plans, fc.integer({ min: 1, max: 20 }), (plan, n) => {
    const isTimed = ({ kind }: Run) => kind === "timing";
    const untimed = plan.filter((run) => !isTimed(run));
    const longest = Math.max(
      costOf(plan.filter(isTimed)),
      ...untimed.map(({ expectedSeconds }) => expectedSeconds),
    );
    const bound = costOf(plan) / n + longest * (1 - 1 / n); // Graham 1969.
    for (let i = 1; i <= n; i++) {
      assert.ok(costOf(shard(plan, i, n)) <= bound * (1 + 1e-12));
    }
  }));
  const paper = planRuns({ profile: "paper" });
  const costs = [1, 2, 3, 4].map((i) => costOf(shard(paper, i, 4)));
  assert.ok(Math.max(...costs) < 1.1 * Math.min(...costs), String(costs));
});

testWith(
  ["read", "write"],
  "bench merge of shards gives the tables of one run of all, but for times",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const tiny = "bench --profile smoke --suite toy,energy --dataset moons,u2 " +
        "--family gaussian,nice,realnvp --backend wasm";
      assert.equal((await cli(`${tiny} --out ${folder}/whole`)).status, 0);
      for (const i of [1, 2]) {
        const { status } = await cli(`${tiny} --shard ${i}/2 --out ${folder}/${i}`);
        assert.equal(status, 0);
      }
      const merged = await cli(`bench merge ${folder}/1 ${folder}/2 --out ${folder}/merged`);
      assert.equal(merged.status, 0, merged.warned);
      assert.match(merged.warned, /^Tables of 5 runs are in .*merged$/);
      const decided = async (out: string, table: string) =>
        rows(await Deno.readTextFile(`${folder}/${out}/${table}`)).map((row) => {
          const { train_seconds: _, started_at: __, peak_rss_mib: ___, ...rest } = row;
          return rest;
        });
      for (const table of ["quality.csv", "energy.csv"]) {
        assert.deepEqual(await decided("merged", table), await decided("whole", table));
      }
      assert.equal((await cli(`verify ${folder}/merged --backend wasm`)).status, 0);

      // Twice the same is no conflict; another record of one run is, and the later one is kept.
      const again = await cli(`bench merge ${folder}/1 --out ${folder}/merged`);
      assert.equal(again.warned.split("\n").length, 1, again.warned);
      const conflict = await cli(`bench merge ${folder}/whole --out ${folder}/merged`);
      assert.equal(conflict.status, 0);
      assert.match(conflict.warned, /kept that of .*merged, not that of .*whole/);
    });
  },
);

testWith(
  ["read", "write"],
  "bench merge takes what is ok before what failed later, and leaves no flow of the other",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const bench = "bench --profile smoke --suite toy --dataset moons --family maf --backend wasm";
      assert.equal((await cli(`${bench} --out ${folder}/good`)).status, 0);
      const [record] = await readRecords(`${folder}/good`);
      const saved = (out: string) => `${folder}/${out}/checkpoints/${record!.runId}.safetensors`;
      const startedAt = "2999-01-01T00:00:00.000Z";
      const failed = {
        ...record!,
        status: "failed" as const,
        reason: "x",
        scores: null,
        startedAt,
      };
      await writeRecord(`${folder}/bad`, failed);
      await Deno.mkdir(`${folder}/bad/checkpoints`);
      await Deno.writeTextFile(saved("bad"), "of the run that failed");
      for (const order of ["good bad", "bad good"]) {
        const out = order.replace(" ", "-");
        const dirs = order.split(" ").map((dir) => `${folder}/${dir}`).join(" ");
        assert.equal((await cli(`bench merge ${dirs} --out ${folder}/${out}`)).status, 0);
        const [kept] = await readRecords(`${folder}/${out}`);
        assert.equal(kept!.status, "ok", order);
        assert.deepEqual(await Deno.readFile(saved(out)), await Deno.readFile(saved("good")));
      }
      await Deno.remove(saved("good"));
      await cli(`bench merge ${folder}/good --out ${folder}/bad`);
      await assert.rejects(() => Deno.stat(saved("bad")), { name: "NotFound" });
    });
  },
);

testWith(
  ["read", "write"],
  "bench merge writes nothing where a record cannot be read",
  async () => {
    await inTemporaryFolder(async (folder) => {
      await Deno.mkdir(`${folder}/a/runs`, { recursive: true });
      await Deno.writeTextFile(`${folder}/a/runs/x.json`, "{}");
      const { status, warned } = await cli(`bench merge ${folder}/a --out ${folder}/b`);
      assert.equal(status, 1);
      assert.match(warned, /Cannot read record .*x\.json as its schema must be 1 or 2/);
      await assert.rejects(() => Deno.stat(`${folder}/b/runs`), { name: "NotFound" });
    });
  },
);
