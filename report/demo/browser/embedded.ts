import { gunzip } from "../gzip.ts";

/** What the script beside the page holds, each a gzip file in base64. */
export interface Embedded {
  /** TensorFlow.js's wasm binary: a page that was opened as a file may not fetch one. */
  readonly wasm: string;
  /** Flows, as safetensors. */
  readonly toy: string;
  readonly images: string;
}

/** Where that script puts it. */
export const EMBEDDED = "flowbenchDemo";

/** The bytes of one of them. */
export async function unpack(name: keyof Embedded): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = (globalThis as unknown as { [EMBEDDED]?: Embedded })[EMBEDDED];
  if (embedded === undefined) throw new Error("its data did not load");
  return await gunzip(bytesOf(embedded[name]));
}

/** The bytes of base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
