/** An array of bytes of any rank, as an IDX file holds it. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** The elements, the last index fastest; a view of the file's bytes. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** What the header of an IDX file promises. */
export interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /** Of the whole file. */
  readonly totalBytes: number;
}

/** Element type of the only kind of IDX file read here: unsigned byte. */
const UNSIGNED_BYTE = 0x08;

/** No file of the MNIST family comes near: a header that promises more is not to be believed. */
const MAX_BYTES = 2 ** 28;

/** Bytes of the longest header: four of magic number and at most 255 dimensions of four bytes. */
export const MAX_HEADER_BYTES = 4 + 4 * 255;

/**
 * Reads an IDX file of unsigned bytes, the format of MNIST.
 *
 *     0 0 type rank | rank big-endian 32-bit sizes | elements
 *
 * Source: Yann LeCun, "The MNIST database of handwritten digits", "The IDX file format".
 *
 * @param bytes The whole file; the result is a view of it.
 * @param name The file's name in messages.
 * @throws {SyntaxError} If the magic number or the size differs from what the format says.
 */
export function parseIdx(bytes: Uint8Array<ArrayBuffer>, name: string): IdxArray {
  const { shape, headerBytes, totalBytes } = parseIdxHeader(bytes, name);
  checkIdxLength(bytes.length, totalBytes, name);
  return { shape, values: bytes.subarray(headerBytes) };
}

/**
 * Reads the header alone, so that a file can be refused before it is read.
 *
 * @param bytes The beginning of the file.
 * @param name The file's name in messages.
 * @throws {SyntaxError} As {@link parseIdx}, and if the sizes are absurd.
 */
export function parseIdxHeader(bytes: Uint8Array<ArrayBuffer>, name: string): IdxHeader {
  if (bytes.length < 4) {
    fail(name, "must begin with a magic number of 4 bytes", `it has ${bytes.length} bytes`);
  }
  const [zero, zeroToo, type, rank = 0] = bytes;
  if (zero !== 0 || zeroToo !== 0 || type !== UNSIGNED_BYTE || rank === 0) {
    const found = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
    fail(
      name,
      "must begin with the magic number of unsigned bytes, 00 00 08 and the number of dimensions",
      `it begins with ${found.join(" ")}${
        zero === 0x1f && zeroToo === 0x8b ? " (a gzip file, whose name must end in .gz)" : ""
      }`,
    );
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    fail(name, `must have a header of ${headerBytes} bytes`, `it has ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const totalBytes = headerBytes + shape.reduce((product, size) => product * size, 1);
  if (!(totalBytes <= MAX_BYTES)) {
    fail(name, `must have at most ${MAX_BYTES} bytes`, `its sizes are ${shape.join(" x ")}`);
  }
  return { shape, headerBytes, totalBytes };
}

/**
 * Compares the length of a file with what its header promises.
 *
 * @throws {SyntaxError} If they differ.
 */
export function checkIdxLength(actual: number, promised: number, name: string): void {
  if (actual < promised) {
    fail(name, `must have ${promised} bytes by its header`, `it is truncated after ${actual}`);
  }
  if (actual > promised) {
    fail(name, `must have ${promised} bytes by its header`, "more bytes follow");
  }
}

function fail(name: string, rule: string, found: string): never {
  throw new SyntaxError(`Cannot read ${name} as an IDX file as it ${rule}: ${found}`);
}
