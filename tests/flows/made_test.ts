import assert from "node:assert/strict";
import { madeMasks } from "../../flows/made_masks.ts";

/** The product of the masks: entry [i, o] counts the paths from input i to output o. */
function pathCounts(dim: number, hidden: readonly number[]): number[][] {
  const widths = [dim, ...hidden, 2 * dim];
  let counts: number[][] = Array.from(
    { length: dim },
    (_, i) => Array.from({ length: dim }, (_, j) => i === j ? 1 : 0),
  );
  for (const [layer, mask] of madeMasks(dim, hidden).entries()) {
    const width = widths[layer + 1]!;
    counts = counts.map((row) =>
      Array.from(
        { length: width },
        (_, o) => row.reduce((sum, paths, i) => sum + paths * Number(mask.has(i, o)), 0),
      )
    );
  }
  return counts;
}

Deno.test("madeMasks() connect output i with the inputs before i and with no others", () => {
  for (const dim of [1, 2, 3, 5, 17]) {
    for (const hidden of [[], [dim], [3 * dim + 1], [2 * dim, 5 * dim, 3 * dim]]) {
      for (const [i, row] of pathCounts(dim, hidden).entries()) {
        for (const [o, paths] of row.entries()) {
          assert.equal(paths > 0, i < o % dim, `dim ${dim}, hidden [${hidden}], ${i} -> ${o}`);
        }
      }
    }
  }
});

Deno.test("madeMasks() of narrow layers leave out the inputs since the last degree, and see none after", () => {
  for (const [dim, hidden] of [[5, [2]], [17, [5]], [17, [16, 9]], [17, [16]]] as const) {
    const narrowest = Math.min(...hidden);
    const degrees = Array.from(
      { length: narrowest },
      (_, k) => 1 + Math.floor(k * (dim - 1) / narrowest),
    );
    for (const [i, row] of pathCounts(dim, hidden).entries()) {
      for (const [o, paths] of row.entries()) {
        const last = Math.max(0, ...degrees.filter((degree) => degree <= o % dim));
        assert.equal(paths > 0, i < last, `dim ${dim}, hidden [${hidden}], ${i} -> ${o}`);
      }
    }
  }
});

Deno.test("madeMasks() give degrees in sorted order, spread evenly", () => {
  const [first] = madeMasks(5, [8]);
  const degrees = Array.from(
    { length: 8 },
    (_, k) => [0, 1, 2, 3, 4].reduce((sum, i) => sum + Number(first!.has(i, k)), 0),
  );
  assert.deepEqual(degrees, [1, 1, 2, 2, 3, 3, 4, 4]);
});
