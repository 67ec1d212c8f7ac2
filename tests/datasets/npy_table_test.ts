import assert from "node:assert/strict";
import { parseNpyTable } from "../../datasets/npy_table.ts";
import { fc } from "../_fast_check.ts";
import { npyBytes, npyOf } from "./_npy_files.ts";

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

// Made by NumPy 2.4.6: numpy.lib.format.write_array of x = arange(6).reshape(2, 3) / 4 - 0.5, as float32,
// as float64 in version (2, 0), and as float64 in Fortran order.
const FLOAT32 = bytesOf(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9" +
    "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAC/AACAvgAA" +
    "AAAAAIA+AAAAPwAAQD8=",
);
const FLOAT64 = bytesOf(
  "k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyks" +
    "IH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADgvwAA" +
    "AAAAANC/AAAAAAAAAAAAAAAAAADQPwAAAAAAAOA/AAAAAAAA6D8=",
);
const FORTRAN = bytesOf(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0g" +
    "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADgvwAA" +
    "AAAAANA/AAAAAAAA0L8AAAAAAADgPwAAAAAAAAAAAAAAAAAA6D8=",
);

Deno.test("parseNpyTable() reads what NumPy wrote", () => {
  for (const bytes of [FLOAT32, FLOAT64]) {
    const { values, count, dim } = parseNpyTable(bytes, "a.npy");
    assert.deepEqual([count, dim], [2, 3]);
    assert.deepEqual([...values], [-0.5, -0.25, 0, 0.25, 0.5, 0.75]);
  }
});

Deno.test("parseNpyTable() returns the numbers of any table", () => {
  const tables = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([count, dim]) => {
      const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
      const length = count * dim;
      return fc.array(finite, { minLength: length, maxLength: length })
        .map((values) => ({ count, dim, values }));
    });
  fc.assert(fc.property(tables, ({ count, dim, values }) => {
    const table = parseNpyTable(npyBytes(count, dim, values), "a.npy");
    assert.deepEqual([table.count, table.dim], [count, dim]);
    assert.deepEqual([...table.values], values);
  }));
});

Deno.test("parseNpyTable() refuses every truncation", () => {
  for (const bytes of [FLOAT32, FLOAT64]) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => parseNpyTable(bytes.slice(0, length), "a.npy"), {
        name: "SyntaxError",
        message: /^Cannot read a\.npy as /,
      });
    }
  }
});

Deno.test("parseNpyTable() says what it found", () => {
  const of = (descr: string, order: string, shape: string, bytes = 16) =>
    npyOf(
      `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`,
      new Uint8Array(bytes),
    );
  const long = FLOAT32.slice();
  new DataView(long.buffer).setUint16(8, 999, true);
  const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [new Uint8Array(3), /it must begin with \\x93NUMPY/],
    [new Uint8Array(99), /it must begin with \\x93NUMPY/],
    [npyOf("", new Uint8Array(9), 4), /its version must be from 1 to 3: current value is 4$/],
    [long, /its header cannot have 999 bytes: the file has 152$/],
    [
      npyOf("{}", new Uint8Array(9)),
      /its numbers must be <f4 or <f8, .*: current value is absent$/,
    ],
    [of("<i8", "False", "(1, 2)"), /current value is <i8$/],
    [of(">f8", "False", "(1, 2)"), /little-endian floats: current value is >f8$/],
    [FORTRAN, /it must be in C order: fortran_order is True$/],
    [of("<f8", "False", "(2,)"), /its shape must be \(rows, columns\): current value is \(2,\)$/],
    [of("<f8", "False", "()"), /current value is \(\)$/],
    [of("<f8", "False", "(1, 1, 2)"), /current value is \(1, 1, 2\)$/],
    [of("<f8", "False", "(-1, 2)"), /current value is absent$/],
    [of("<f8", "False", "(1, 3)"), /must have 152 bytes by its header: current size is 144$/],
    [of("<f8", "False", "(1, 1)"), /must have 136 bytes by its header: current size is 144$/],
    [of("<f8", "False", "(1, 0)"), /must have from 1 to 4096 columns, .*: it has 1 rows of 0$/],
    [of("<f8", "False", "(999999999999, 4096)"), /: it has 999999999999 rows of 4096$/],
    [npyBytes(2, 2, [0, 1, 2, NaN]), /row 2, column 2 is no finite number: current value is NaN$/],
    [npyBytes(1, 2, [-Infinity, 1]), /row 1, column 1 is no finite number: current value is -Inf/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => parseNpyTable(bytes, "a.npy"), (error: Error) => {
      assert.equal(error.name, "SyntaxError");
      assert.match(error.message, /^Cannot read a\.npy as [^\n]*$/);
      assert.match(error.message, message);
      return true;
    });
  }
});
