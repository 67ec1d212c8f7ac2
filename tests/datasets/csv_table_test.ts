import assert from "node:assert/strict";
import { parseCsvTable } from "../../datasets/csv_table.ts";
import { fc } from "../_fast_check.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const read = (text: string) => parseCsvTable(bytes(text), "a.csv");

Deno.test("parseCsvTable() returns the numbers of any table, with and without a header", () => {
  const finite = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x === 0 ? 0 : x),
    fc.integer(),
  );
  const tables = fc.integer({ min: 1, max: 5 }).chain((dim) =>
    fc.record({
      rows: fc.array(fc.array(finite, { minLength: dim, maxLength: dim }), { minLength: 1 }),
      header: fc.option(fc.array(fc.string(), { minLength: dim, maxLength: dim })),
      newline: fc.constantFrom("\n", "\r\n"),
      end: fc.boolean(),
      space: fc.constantFrom("", " ", "\t"),
    })
  );
  fc.assert(fc.property(tables, ({ rows, header, newline, end, space }) => {
    // A letter in front: no name is a number.
    const names = header?.map((name) => `"x${name.replaceAll('"', '""')}"`);
    const lines = [...names ? [names] : [], ...rows.map((row) => row.map((x) => `${x}${space}`))];
    const table = read(lines.map((cells) => cells.join(",")).join(newline) + (end ? newline : ""));
    assert.deepEqual([table.count, table.dim], [rows.length, rows[0]!.length]);
    assert.deepEqual([...table.values], rows.flat());
  }));
});

Deno.test("parseCsvTable() takes a header, a byte order mark, empty lines and quotes", () => {
  const { values, count, dim, columns } = read(
    '\ufeffu, "a ""b""",\r\n\r\n1,"2",3\r\n\r\n-4e-1,.5,+6.\n\n',
  );
  assert.deepEqual([...values], [1, 2, 3, -0.4, 0.5, 6]);
  assert.deepEqual([count, dim], [2, 3]);
  assert.deepEqual(columns, ['"u"', '"a \\"b\\""', "3"]);
  assert.deepEqual(read("1,2\n3,4").columns, ["1", "2"]);
  assert.equal(read("a,b").count, 0);
  assert.deepEqual(read(",x\n0,1").columns, ["1", '"x"']); // An index without a name.
  assert.deepEqual(read("RI,Na\n0,1").columns, ['"RI"', '"Na"']); // Sodium.
});

Deno.test("parseCsvTable() names the line and the column of what is wrong", () => {
  const line = (n: number, cells: string) => "1,2,3,4\n".repeat(n - 1) + cells + "\n1,2,3,4\n";
  const cases: [string, RegExp][] = [
    [line(17, "1,2,3"), /as line 17 has 3 numbers where line 1 has 4$/],
    [line(17, "1,2,3,4,5"), /as line 17 has 5 numbers where line 1 has 4$/],
    ["\n\n1,2\n\n3\n", /as line 5 has 1 numbers where line 3 has 2$/],
    ["u,v\n1,2\n3\n", /as line 3 has 1 numbers where line 1 has 2$/],
    [line(5, "1,abc,3,4"), /as line 5, column 2 is no finite number: current value is "abc"$/],
    [line(5, "1,,3,4"), /as line 5, column 2 is no finite number: current value is ""$/],
    [line(2, "0x10,2,3,4"), /line 2, column 1 is no finite number: current value is "0x10"$/],
    [line(2, "1,2,3,1e999"), /line 2, column 4 is no finite number: current value is "1e999"$/],
    [line(2, "1,2,3,-Infinity"), /current value is "-Infinity"$/],
    [line(2, "1 2,2,3,4"), /current value is "1 2"$/],
    ["a,1\n2,3\n", /line 1, column 1 is no finite number: current value is "a"$/],
    ["nan,NaN\n2,3\n", /line 1, column 1 is no finite number: current value is "nan"$/],
    ...["NA,NA", "n/a,None", "null,?", "?,?", "-,-", ","].map((first): [string, RegExp] => [
      `${first}\n2,3\n`,
      /line 1, column 1 is no finite number: current value is/,
    ]),
    ["u,v\nu,v\n1,2\n", /line 2, column 1 is no finite number: current value is "u"$/],
    ["1,2\n" + "x".repeat(99) + ",1", /current value is "x{40}…"$/],
    ['1,2\n"3,4\n', /as it is no CSV: Quote Not Closed/],
    ['1,2\n3"4,5\n', /as it is no CSV: /],
    ["1" + ",1".repeat(4_096), /must have from 1 to 4096 columns, .*: it has 0 rows of 4097$/],
    ["1,2\n" + "7".repeat(2 ** 21), /as it is no CSV: Max Record Size/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => read(text), (error: Error) => {
      assert.equal(error.name, "SyntaxError", String(error.stack));
      assert.match(error.message, /^Cannot read a\.csv as [^\n]*$/);
      assert.match(error.message, message);
      assert.ok(error.message.length < 400);
      return true;
    });
  }
});
