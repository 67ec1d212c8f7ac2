import { checkSize, type NumberTable } from "./number_table.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** No header of a table comes near. */
const MAX_HEADER_BYTES = 2 ** 16;

/**
 * Reads a table of numbers from a NumPy file: 2-D, float32 or float64, little endian, C order.
 *
 *     \x93NUMPY major minor | header length | header, a Python dictionary | elements
 *
 * Source: "NPY format" of the NumPy manual, versions 1.0 to 3.0.
 *
 * @param bytes The whole file.
 * @param name The file's name in messages.
 * @throws {SyntaxError} If it is no such file, or a number is not finite; says which.
 */
export function parseNpyTable(bytes: Uint8Array<ArrayBuffer>, name: string): NumberTable {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail(name, "it must begin with \\x93NUMPY, as NumPy files do");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const major = bytes[6]!;
  if (major < 1 || major > 3) {
    fail(name, `its version must be from 1 to 3: current value is ${major}`);
  }
  const start = major === 1 ? 10 : 12;
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAX_HEADER_BYTES || start + headerBytes > bytes.length) {
    fail(name, `its header cannot have ${headerBytes} bytes: the file has ${bytes.length}`);
  }
  const from = start + headerBytes;
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, from));
  const field = (key: string, value: RegExp): string =>
    new RegExp(`['"]${key}['"]\\s*:\\s*(${value.source})`).exec(header)?.[1] ?? "absent";

  const type = field("descr", /['"][\w<>=|]{0,20}['"]/).replace(/['"]/g, "");
  if (type !== "<f4" && type !== "<f8") {
    fail(name, `its numbers must be <f4 or <f8, little-endian floats: current value is ${type}`);
  }
  const isFortran = field("fortran_order", /True|False/);
  if (isFortran !== "False") fail(name, `it must be in C order: fortran_order is ${isFortran}`);
  const shape = field("shape", /\([\d, ]{0,40}\)/);
  const [, rows, columns] = /^\( *(\d{1,15}) *, *(\d{1,15}) *,? *\)$/.exec(shape) ?? [];
  if (rows === undefined || columns === undefined) {
    fail(name, `its shape must be (rows, columns): current value is ${shape}`);
  }
  const count = Number(rows), dim = Number(columns);
  checkSize(count, dim, name);
  const promised = from + count * dim * (type === "<f4" ? 4 : 8);
  if (bytes.length !== promised) {
    fail(name, `it must have ${promised} bytes by its header: current size is ${bytes.length}`);
  }
  const { buffer } = bytes.slice(from);
  const values = type === "<f4" ? new Float32Array(buffer) : new Float64Array(buffer);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const place = `row ${Math.floor(bad / dim) + 1}, column ${bad % dim + 1}`;
    fail(name, `${place} is no finite number: current value is ${values[bad]}`);
  }
  return { values, count, dim, columns: Array.from({ length: dim }, (_, i) => String(i + 1)) };
}

function fail(name: string, why: string): never {
  throw new SyntaxError(`Cannot read ${name} as ${why}`);
}
