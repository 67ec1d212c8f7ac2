import assert from "node:assert/strict";
import type { Run } from "../../../benchmarks/plan.ts";
import { shard } from "../../../benchmarks/commands/shard.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import { fc } from "../../_fast_check.ts";
import { testWith } from "../../_engine.ts";
import { cli, inTemporaryFolder, rows } from "../_cli.ts";

/** Seconds; none so few that half of them rounds by more than the bound's 1e-12, as 2^-1074 does. */
const seconds = fc.double({ min: 0, max: 1e4, noNaN: true }).map((x) => x < 2 ** -1000 ? 0 : x);

const plans = fc.array(seconds, { maxLength: 60 })
  .map((costs) => costs.map((expectedSeconds) => ({ expectedSeconds }) as Run));

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

Deno.test("shard() balances: no part costs more than a mean part and the longest run", () => {
  fc.assert(fc.property(plans, fc.integer({ min: 1, max: 20 }), (plan, n) => {
    const longest = Math.max(0, ...plan.map(({ expectedSeconds }) => expectedSeconds));
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
