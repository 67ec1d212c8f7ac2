import { join } from "node:path";

/** The bytes of an IDX file of unsigned bytes. */
export function idxBytes(
  shape: readonly number[],
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  bytes.set([0, 0, 8, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, size] of shape.entries()) view.setUint32(4 + 4 * i, size);
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

/** The bytes, compressed. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A little MNIST, labels 0 to 9 in turn; pixel i of image k is (7 k + i) mod 256. */
export function littleMnist(
  testCount = 3,
  trainCount = 12,
): Record<string, Uint8Array<ArrayBuffer>> {
  const images = (count: number): Uint8Array<ArrayBuffer> =>
    idxBytes(
      [count, 28, 28],
      Array.from({ length: count * 784 }, (_, i) => (7 * Math.floor(i / 784) + i % 784) % 256),
    );
  const labels = (count: number): Uint8Array<ArrayBuffer> =>
    idxBytes([count], Array.from({ length: count }, (_, k) => k % 10));
  return {
    "train-images-idx3-ubyte": images(trainCount),
    "train-labels-idx1-ubyte": labels(trainCount),
    "t10k-images-idx3-ubyte": images(testCount),
    "t10k-labels-idx1-ubyte": labels(testCount),
  };
}

/** Runs with a temporary folder of these files. */
export async function inFolder(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(join(folder, name), bytes);
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
