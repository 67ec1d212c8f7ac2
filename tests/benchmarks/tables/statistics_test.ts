import assert from "node:assert/strict";
import {
  normalInterval,
  ratioOfMedians,
  welchInterval,
} from "../../../benchmarks/tables/_statistics.ts";
import { Rng } from "../../../engine/rng.ts";
import { assertAllClose } from "../../_assert.ts";

Deno.test("welchInterval() is that of SciPy's quantiles, and a point where nothing varies", () => {
  const a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1];
  const b = [27.1, 22.0, 20.8, 23.4, 23.4];
  // By the formula of Welch and Satterthwaite with scipy.stats.t.ppf, 10.93 degrees of freedom.
  const { low, high } = welchInterval(a, b);
  assertAllClose([low!, high!], [-0.709248, 6.639248], 1e-6);
  assert.deepEqual(welchInterval([1, 1], [3, 3]), { low: 2, high: 2 });
});

Deno.test("normalInterval() reaches 1.96 standard errors", () => {
  const { low, high } = normalInterval(3, 0.5);
  assertAllClose([low!, high!], [3 - 0.979982, 3 + 0.979982], 1e-6);
});

Deno.test("ratioOfMedians() has the order statistics of tables as bounds", () => {
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  for (const [n, rank] of [[6, 1], [10, 2], [20, 6], [200, 86]] as const) {
    const constant = new Array(n).fill(1);
    const { ratio, low, high } = ratioOfMedians(constant, upTo(n).reverse());
    assertAllClose([ratio, low!, high!], [(n + 1) / 2, rank, n + 1 - rank], 1e-9);
  }
  assert.deepEqual(ratioOfMedians([2], [3, 3]), { ratio: 1.5, low: null, high: null });
  assert.equal(ratioOfMedians(upTo(5), upTo(200)).low, null);
});

Deno.test("ratioOfMedians() holds the true ratio 19 times in 20", () => {
  const rng = new Rng(0);
  const times = (n: number, median: number) =>
    Array.from(rng.normal(n), (z) => median * Math.exp(0.5 * z));
  let held = 0;
  for (let i = 0; i < 400; i++) {
    const { low, high } = ratioOfMedians(times(21, 2), times(40, 3));
    if (low! <= 1.5 && 1.5 <= high!) held++;
  }
  assert.ok(held >= 370 && held <= 396, `${held} of 400`);
});
