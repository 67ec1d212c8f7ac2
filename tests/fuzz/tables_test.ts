/**
 * Files of numbers that anyone may have made: each is read, or refused with a documented error.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseCsvTable } from "../../datasets/csv_table.ts";
import { parseNpyTable } from "../../datasets/npy_table.ts";
import type { NumberTable } from "../../datasets/number_table.ts";
import { fc } from "../_fast_check.ts";
import { npyBytes, npyOf } from "../datasets/_npy_files.ts";
import { cases, mutated } from "./_mutations.ts";
import { survives, Tally } from "./_survives.ts";

const numbers = Array.from({ length: 24 }, (_, i) => i / 7 - 1);
const tableFiles: Record<string, Uint8Array<ArrayBuffer>[]> = {
  csv: ["u,v\n1,2\n3,4\n", '"a b",c,d\r\n-1.5e-3,"2",+.5\r\n', "0.25\n1e9\n\n-7\n"]
    .map((text) => new TextEncoder().encode(text)),
  npy: [
    npyBytes(2, 3, numbers.slice(0, 6)),
    npyBytes(24, 1, numbers),
    npyOf(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }",
      new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
      2,
    ),
  ],
};

for (const [kind, parse] of [["csv", parseCsvTable], ["npy", parseNpyTable]] as const) {
  Deno.test(`${parse.name}() reads or refuses any change to valid files`, async () => {
    const tally = new Tally();
    const files = tableFiles[kind]!;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.constantFrom(...files),
          mutated(files),
          fc.uint8Array({ maxLength: 64 }).map((bytes) => bytes.slice()),
        ),
        async (bytes) => {
          let table: NumberTable | undefined;
          tally.add(await survives(() => table = parse(bytes, "a file")));
          if (!table) return;
          assert.equal(table.values.length, table.count * table.dim);
          assert.ok(table.values.every(Number.isFinite));
        },
      ),
      cases(3_000),
    );
    tally.check();
  });
}

Deno.test("parseNpyTable() refuses absurd sizes before it allocates for them", async () => {
  for (const shape of ["(16777216, 4)", "(1, 999999999999999)", "(999999999999999, 4096)"]) {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
    const before = Deno.memoryUsage().rss;
    assert.ok(!await survives(() => parseNpyTable(npyOf(header, new Uint8Array(8)), "a file")));
    assert.ok(Deno.memoryUsage().rss - before < 2 ** 26);
  }
});
