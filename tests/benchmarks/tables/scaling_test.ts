import assert from "node:assert/strict";
import type { Record, Timing } from "../../../benchmarks/record.ts";
import { tradeoffPivot } from "../../../benchmarks/readme.ts";
import { scalings } from "../../../benchmarks/tables/scaling.ts";
import { planRuns } from "../../../benchmarks/suites.ts";

const [plan] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });

/** Records of dims with times by method. */
function records(times: { [method: string]: (dim: number) => number | null }): Record[] {
  return [2, 8, 64, 256].map((dim) => ({
    run: { ...plan, dim },
    environment: { backend: "wasm", cpu: "a processor", threads: 2 },
    startedAt: "2026-01-02T03:04:05Z",
    timings: Object.entries(times).flatMap(([method, time]) => {
      const ms = time(dim);
      const timing = { op: "sample", method, batch: 1, samplesMs: [9 * ms!, ms, ms] };
      return ms === null ? [] : [timing as unknown as Timing];
    }),
  } as unknown as Record));
}

Deno.test("scalings() fits the exponent of the medians from D = 8 on", () => {
  const [row] = scalings(records({ direct: (dim) => dim < 8 ? 1000 : 3 * dim ** 1.7 }));
  assert.deepEqual(row!.dims, [2, 8, 64, 256]);
  assert.ok(Math.abs(row!.exponent! - 1.7) < 1e-12);
  assert.equal(row!.fasterFromDim, null);
});

Deno.test("scalings() fits no exponent over several machines", () => {
  const all = records({ direct: (dim) => dim });
  for (const change of [{ cpu: "b" }, { threads: 1 }, { gemm: "c" }, { gemmBuild: "d" }]) {
    const moved = all.map((record, i) =>
      i < 2 ? record : { ...record, environment: { ...record.environment, ...change } }
    );
    assert.deepEqual(scalings(moved).map(({ dims, exponent }) => [dims, exponent]), [
      [[2, 8], null],
      [[64, 256], null],
    ]);
    // Those of the first machine come first, and have none of the largest.
    const times = tradeoffPivot(moved).rows.flatMap((row) => row.slice(1));
    assert.deepEqual(times.filter((text) => text !== ""), ["256"]);
  }
});

Deno.test("scalings() tells from which dim on a method is faster than D passes", () => {
  const rows = scalings(records({
    sequential: (dim) => dim,
    incremental: (dim) => 5 + 0.1 * dim, // Slower at 2 alone.
    jacobi: (dim) => dim === 256 ? 300 : 1, // Slower in the end.
  }));
  const dims = Object.fromEntries(rows.map((row) => [row.timing.method, row.fasterFromDim]));
  assert.deepEqual(dims, { sequential: null, incremental: 8, jacobi: null });
});

Deno.test("what was not timed in all dimensions is compared where it was, and has no time in the others", () => {
  const some = records({
    sequential: (dim) => dim > 64 ? null : 10 * dim,
    incremental: (dim) => dim,
  });
  const { sequential, incremental } = Object.fromEntries(
    scalings(some).map((row) => [row.timing.method, row]),
  );
  assert.deepEqual([sequential!.dims, incremental!.fasterFromDim], [[2, 8, 64], 2]);
  const { head, rows, note } = tradeoffPivot(some);
  assert.match(
    note,
    /^Timed: \d layers of [\d x]+, smoke, wasm, 2 threads, a processor, 2026-01-02\. What/,
  );
  assert.equal(head[0], "median ms, D = 256");
  assert.deepEqual(rows, [["maf sample, sequential", ""], ["maf sample, incremental", "256"]]);
});
