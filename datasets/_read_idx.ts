import { checkIdxLength, MAX_HEADER_BYTES, parseIdxHeader } from "./idx.ts";

/**
 * Reads an IDX file, plain or compressed with gzip, and never more of it than its header promises.
 *
 * @param path The file; one that ends in .gz is inflated.
 * @param signal Aborts the reading.
 * @returns The bytes of the (inflated) file.
 * @throws {SyntaxError} If it is no IDX file, or is truncated or too long, or cannot be inflated.
 * @throws {Error} If it cannot be opened or read; says why.
 */
export async function readIdxBytes(
  path: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  signal?.throwIfAborted();
  const file = await openForReading(path);
  const { size } = await file.stat();
  const { readable } = file;
  const compressed = path.endsWith(".gz");
  const most = compressed ? MAX_INFLATION * size : size;
  try {
    const stream = compressed
      ? readable.pipeThrough(inSlices()).pipeThrough(new DecompressionStream("gzip"))
      : readable;
    return await collect(stream, path, most, signal);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw cause;
    signal?.throwIfAborted();
    if (!compressed) throw new Error(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
    throw new SyntaxError(
      `Cannot read ${path} as a gzip file as it is damaged or truncated: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** The error's message, or what was thrown instead of an error. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function openForReading(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw new Error(`Cannot open ${path} as ${whyNotOpened(path, cause)}`, { cause });
  }
}

/** Why a file could not be opened, and what to do about it. */
export function whyNotOpened(path: string, cause: unknown): string {
  return cause instanceof Deno.errors.NotFound
    ? "there is no such file"
    : cause instanceof Deno.errors.NotCapable
    ? `read permission is missing: run with --allow-read=${path}`
    : messageOf(cause);
}

/** What is inflated at once, so that a few bytes that stand for very many are seen early. */
const SLICE_BYTES = 4_096;

function inSlices(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(chunk, controller) {
      for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
        controller.enqueue(chunk.subarray(start, start + SLICE_BYTES));
      }
    },
  });
}

/** Deflate stores at least a bit for 129 bytes: 1,032 bytes of a byte, but for what frames them. */
const MAX_INFLATION = 1_032;

/** Reads the header, allocates what it promises, and fills it. Leaving the loop closes the file. */
async function collect(
  stream: ReadableStream<Uint8Array>,
  path: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  let whole = new Uint8Array(MAX_HEADER_BYTES);
  let length = 0, promised = Infinity;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    if (promised === Infinity) {
      const head = new Uint8Array(length + chunk.length);
      head.set(whole.subarray(0, length));
      head.set(chunk, length);
      if (head.length < 4 + 4 * (head[3] ?? 255)) {
        whole.set(head);
        length = head.length;
        continue;
      }
      promised = parseIdxHeader(head, path).totalBytes;
      if (promised > most) checkIdxLength(most, promised, path);
      if (head.length > promised) checkIdxLength(head.length, promised, path);
      whole = new Uint8Array(promised);
      whole.set(head);
      length = head.length;
      continue;
    }
    if (length + chunk.length > promised) checkIdxLength(length + chunk.length, promised, path);
    whole.set(chunk, length);
    length += chunk.length;
  }
  if (promised === Infinity) promised = parseIdxHeader(whole.slice(0, length), path).totalBytes;
  checkIdxLength(length, promised, path);
  return whole;
}
