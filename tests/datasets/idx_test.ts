import assert from "node:assert/strict";
import { parseIdx } from "../../datasets/mod.ts";
import { fc } from "../_fast_check.ts";
import { idxBytes } from "./_idx_files.ts";

const files = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 })
  .chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc.uint8Array({ minLength: length, maxLength: length })
      .map((values) => ({ shape, values, bytes: idxBytes(shape, values) }));
  });

/** Runs parseIdx; anything but a result or the documented error fails the test. */
function parsesOrRefuses(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    const { shape, values } = parseIdx(bytes, "a file");
    assert.equal(values.length, shape.reduce((product, size) => product * size, 1));
    return true;
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    assert.match(error.message, /^Cannot read a file as an IDX file as it must .+: .+[^.]$/);
    return false;
  }
}

Deno.test("parseIdx() returns shape and values of any valid file", () => {
  fc.assert(fc.property(files, ({ shape, values, bytes }) => {
    const parsed = parseIdx(bytes, "a file");
    assert.deepEqual(parsed.shape, shape);
    assert.deepEqual([...parsed.values], [...values]);
  }));
});

Deno.test("parseIdx() refuses every truncation and every continuation", () => {
  fc.assert(fc.property(files, fc.nat(), fc.integer({ min: 1, max: 9 }), (file, cut, more) => {
    const { bytes } = file;
    assert.equal(parsesOrRefuses(bytes.slice(0, cut % bytes.length)), false);
    const longer = new Uint8Array(bytes.length + more);
    longer.set(bytes);
    assert.equal(parsesOrRefuses(longer), false);
  }));
});

Deno.test("parseIdx() parses or refuses whatever bytes are changed", () => {
  fc.assert(fc.property(
    files,
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
    ({ bytes }, changes) => {
      for (const [place, value] of changes) bytes[place % bytes.length] = value;
      parsesOrRefuses(bytes);
    },
  ));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    parsesOrRefuses(Uint8Array.from(bytes));
  }));
});

Deno.test("parseIdx() says what it found", () => {
  const refusal = (bytes: number[], found: string): void =>
    assert.throws(() => parseIdx(Uint8Array.from(bytes), "a file"), {
      name: "SyntaxError",
      message: `Cannot read a file as an IDX file as it ${found}`,
    });
  refusal([0, 0], "must begin with a magic number of 4 bytes: it has 2 bytes");
  const magic = "must begin with the magic number of unsigned bytes, 00 00 08 and the number of " +
    "dimensions: it begins with ";
  refusal([0, 0, 0x0d, 1, 0, 0, 0, 0], `${magic}00 00 0d 01`);
  refusal(
    [0x1f, 0x8b, 8, 0],
    `${magic}1f 8b 08 00 (a gzip file, whose name must end in .gz)`,
  );
  refusal([0, 0, 8, 3, 0, 0], "must have a header of 16 bytes: it has 6 bytes");
  refusal(
    [0, 0, 8, 2, 255, 255, 255, 255, 0, 0, 255, 255],
    "must have at most 268435456 bytes: its sizes are 4294967295 x 65535",
  );
  refusal(
    [0, 0, 8, 1, 0, 0, 0, 3, 1],
    "must have 11 bytes by its header: it is truncated after 9",
  );
  refusal([0, 0, 8, 1, 0, 0, 0, 1, 1, 1], "must have 9 bytes by its header: more bytes follow");
});
