import assert from "node:assert/strict";
import { dependentColumn, MOST_COLUMNS } from "../../datasets/_dependent_column.ts";
import type { NumberTable } from "../../datasets/number_table.ts";
import { Rng } from "../../engine/rng.ts";
import { fc } from "../_fast_check.ts";

function tableOf(rows: readonly (readonly number[])[]): NumberTable {
  const dim = rows[0]!.length;
  const columns = Array.from({ length: dim }, (_, i) => `${i + 1}`);
  return { values: Float64Array.from(rows.flat()), count: rows.length, dim, columns };
}

function find(rows: readonly (readonly number[])[]): number | null {
  return dependentColumn(tableOf(rows), Int32Array.from(rows, (_, i) => i));
}

/** Columns of which (1, x_1, …) are combinations of those before them, in exact arithmetic. */
function dependentInIntegers(rows: readonly (readonly number[])[]): Set<number> {
  const left = rows.map((row) => [1n, ...row.map(BigInt)]);
  const found = new Set<number>();
  for (let column = 0, rank = 0; column < left[0]!.length; column++) {
    const pivot = left.findIndex((row, i) => i >= rank && row[column] !== 0n);
    if (pivot === -1) {
      found.add(column - 1);
      continue;
    }
    [left[rank], left[pivot]] = [left[pivot]!, left[rank]!];
    const first = left[rank++]!;
    for (const row of left.slice(rank)) {
      const factor = row[column]!;
      if (factor === 0n) continue;
      for (let j = column; j < row.length; j++) {
        row[j] = row[j]! * first[column]! - factor * first[j]!;
      }
      const common = row.reduce(gcd, 0n);
      if (common > 1n) row.forEach((value, j) => row[j] = value / common);
    }
  }
  return found;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

Deno.test("dependentColumn() finds what exact arithmetic does, in tables where little happens", () => {
  const value = fc.oneof(
    { weight: 150, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -2, max: 3 }) },
  );
  const tables = fc.integer({ min: 1, max: 5 }).chain((dim) =>
    fc.array(fc.array(value, { minLength: dim, maxLength: dim }), {
      minLength: 130,
      maxLength: 600,
      size: "max",
    })
  );
  let isFound = 0, isNone = 0;
  fc.assert(
    fc.property(tables, fc.boolean(), (table, isPlanted) => {
      const rows = table.map((row) => isPlanted ? [...row, row[0]! - 3 * row.at(-1)! + 1] : row);
      const [found, wanted] = [find(rows), dependentInIntegers(rows)];
      if (found === null) assert.equal(wanted.size, 0);
      else assert.ok(wanted.has(found), `${found} of ${[...wanted]}`);
      if (found === null) isNone++;
      else isFound++;
    }),
    { numRuns: 100 },
  );
  assert.ok(isFound > 5 && isNone > 5, `${isFound} found, ${isNone} not`);
});

Deno.test("dependentColumn() finds a rare column's copy, wherever its ones are", () => {
  const normal = new Rng(2).normal(3_000);
  for (const at of [[0, 1], [150, 2_900], [2_998, 2_999]]) {
    const rows = Array.from(normal, (a, i) => [a, Number(at.includes(i)), Number(at.includes(i))]);
    assert.equal(find(rows), 2);
    // And takes it where it differs in one row, be it the last.
    for (const other of [0, 1, 1_000, 2_999]) {
      const changed = rows.map((row, i) => i === other ? [row[0]!, row[1]!, 1 - row[2]!] : row);
      assert.equal(find(changed), null, `differs at ${other}`);
    }
  }
});

Deno.test("dependentColumn() finds columns that follow but for little, by codes that few rows have", () => {
  const normal = new Rng(6).normal(8_000);
  for (const at of [[0, 1, 2], [1_000, 2_000, 3_000], [3_997, 3_998, 3_999]]) {
    const rows = Array.from(
      { length: 4_000 },
      (_, i) => at.includes(i) ? [-1e9, -1e9] : [normal[2 * i]!, normal[2 * i + 1]!],
    );
    assert.equal(find(rows), 1);
    // But not where one row has one of the codes alone.
    const others = rows.map(([a, b], i) => i === at[1] ? [a!, 0] : [a!, b!]);
    assert.equal(find(others), null);
  }
});

Deno.test("dependentColumn() gives up where it would take too long", () => {
  const rows = Array.from(
    new Rng(7).normal(1_000),
    (a, i) => [a, Number(i === 999), Number(i > 997)],
  );
  const table = tableOf(rows), all = Int32Array.from(rows, (_, i) => i);
  assert.equal(dependentColumn(table, all), null);
  const copied = tableOf(rows.map(([a, b]) => [a!, b!, b!]));
  assert.equal(dependentColumn(copied, all), 2);
  assert.equal(dependentColumn(copied, all, 110 * 9), null);
});

Deno.test("dependentColumn() takes rare words that are independent, and finds one that is planted", () => {
  const rng = new Rng(3), dim = 60;
  const rows = Array.from(
    { length: 6_000 },
    () => Array.from(rng.uniform(dim), (u, j) => Number(u < 0.3 / (1 + j * j / 8))),
  );
  const varying = Array.from({ length: dim }, (_, j) => j)
    .filter((j) => rows.some((row) => row[j] !== rows[0]![j]));
  const words = rows.map((row) => varying.map((j) => row[j]!));
  assert.ok(varying.length > 50);
  assert.equal(find(words), null);
  assert.equal(find(words.map((row) => [...row, row[3]! - 2 * row[40]! + 7])), varying.length);
});

Deno.test("dependentColumn() says nothing of too many columns, or too few rows", () => {
  const rng = new Rng(4);
  const copied = (dim: number, count: number) =>
    Array.from({ length: count }, () => {
      const row = Array.from(rng.normal(dim - 1));
      return [row[0]!, ...row];
    });
  assert.equal(find(copied(5, 5)), null);
  assert.equal(find(copied(5, 6)), 1);
  assert.equal(find(copied(MOST_COLUMNS + 1, MOST_COLUMNS + 2)), null);
});

Deno.test("dependentColumn() looks at the rows that count alone", () => {
  const normal = new Rng(5).normal(400);
  const table = tableOf(Array.from(normal, (a, i) => [a, i < 300 ? 2 * a : 0]));
  const rows = (from: number, to: number) =>
    Int32Array.from({ length: to - from }, (_, i) => from + i);
  assert.equal(dependentColumn(table, rows(0, 300)), 1);
  assert.equal(dependentColumn(table, rows(200, 400)), null);
});
