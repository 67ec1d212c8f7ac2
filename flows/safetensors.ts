/**
 * The safetensors format: 8 bytes of header length (little-endian), a JSON header, then the
 * tensors' bytes. A file is checked whole before anything of it is used.
 *
 * Source: format description of the safetensors project, version 0.4.
 *
 * @module
 */
import { sha256 } from "../engine/sha256.ts";

/** One tensor of a file. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Row-major; Int32Array for I32, Float32Array for F32 and F16. */
  readonly values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

/** The content of a file. */
export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";

/**
 * Writes a file's bytes: tensors in the order given, header padded to 8 bytes.
 *
 * @param floats How floats are stored; "F16" rounds them.
 */
export function encodeSafetensors(
  content: Safetensors,
  floats: "F32" | "F16" = "F32",
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { [METADATA]: content.metadata };
  const parts: ArrayBufferView[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of content.tensors) {
    const dtype = values instanceof Int32Array ? "I32" : floats;
    const stored = dtype === "F16" ? new Float16Array(values) : values;
    header[name] = { dtype, shape, data_offsets: [offset, offset + stored.byteLength] };
    offset += stored.byteLength;
    parts.push(stored);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + offset).fill(0x20, 8, 8 + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, 8);
  let position = 8 + headerBytes;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), position);
    position += byteLength;
  }
  return bytes;
}

/**
 * Reads a file's bytes.
 *
 * @param bytes The whole file.
 * @param name The file's name, for messages.
 * @throws {SyntaxError} If the bytes are not a whole safetensors file of F32, F16 and I32 tensors
 *   that fill it without gap or overlap.
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>, name: string): Safetensors {
  const fail = (why: string): never => {
    throw new SyntaxError(`Cannot read ${name} as a safetensors file as ${why}`);
  };
  if (bytes.length < 8) fail(`it is shorter than its first field: it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > bytes.length) {
    fail(`it is truncated or altered: its header claims ${headerBytes} of ${bytes.length} bytes`);
  }
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true });
    header = JSON.parse(text.decode(bytes.subarray(8, 8 + headerBytes)));
  } catch {
    fail("its header is not JSON");
  }
  if (!isObject(header)) return fail("its header is not a JSON object");
  const metadata = header[METADATA] ?? {};
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    fail("its metadata are not texts");
  }
  const tensors = new Map<string, StoredTensor>();
  const data = bytes.subarray(8 + headerBytes);
  let end = 0;
  const entries = Object.entries(header).filter(([key]) => key !== METADATA);
  for (const [key, entry] of entries.sort(byOffset)) {
    if (!isEntry(entry)) return fail(`the entry of tensor "${key}" is malformed`);
    const { dtype, shape, data_offsets: [from, to] } = entry;
    const size = shape.reduce((product, length) => product * length, 1);
    if (from !== end || to - from !== (dtype === "F16" ? 2 : 4) * size) {
      fail(`tensor "${key}" of shape [${shape.join(", ")}] cannot lie at bytes ${from} to ${to}`);
    }
    if (to > data.length) fail(`it is truncated: tensor "${key}" ends after the file`);
    end = to;
    const buffer = data.slice(from, to).buffer;
    tensors.set(key, { shape, values: DECODERS[dtype](buffer) });
  }
  if (end !== data.length) fail(`${data.length - end} bytes follow its last tensor`);
  return { metadata: metadata as Record<string, string>, tensors };
}

/**
 * SHA-256 over a text and tensors with their names, shapes and types, in hexadecimal: what a file
 * carries in its metadata to be told from an altered one.
 */
export async function checksum(
  text: string,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [new TextEncoder().encode(text)];
  for (const [name, { shape, values }] of tensors) {
    parts.push(new TextEncoder().encode(`\n${name} [${shape}] ${values.constructor.name}\n`));
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return await sha256(...parts);
}

const DECODERS = {
  I32: (buffer: ArrayBuffer) => new Int32Array(buffer),
  F32: (buffer: ArrayBuffer) => new Float32Array(buffer),
  F16: (buffer: ArrayBuffer) => Float32Array.from(new Uint16Array(buffer), floatOfHalf),
};

/** The number that 16 bits stand for: not all browsers have Float16Array. */
function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

interface Entry {
  readonly dtype: keyof typeof DECODERS;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

function isEntry(entry: unknown): entry is Entry {
  if (!isObject(entry)) return false;
  const { dtype, shape, data_offsets: offsets } = entry;
  return Object.hasOwn(DECODERS, String(dtype)) && isCounts(shape) && isCounts(offsets) &&
    offsets.length === 2;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byOffset([, a]: [string, unknown], [, b]: [string, unknown]): number {
  return isEntry(a) && isEntry(b) ? a.data_offsets[0] - b.data_offsets[0] : 0;
}
