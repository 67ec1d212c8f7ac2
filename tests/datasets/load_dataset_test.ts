import assert from "node:assert/strict";
import { DATASETS, loadDataset } from "../../datasets/mod.ts";

const counts = { train: 30, validation: 20, test: 10 };

Deno.test("loadDataset() repeats with the seed, and seed 0 is a seed like any other", async () => {
  for (const { name, kind } of Object.values(DATASETS)) {
    if (kind !== "toy") continue;
    const first = await loadDataset(name, { seed: 0, counts });
    const again = await loadDataset(name, { counts });
    const other = await loadDataset(name, { seed: 1, counts });
    assert.deepEqual(first.splits, again.splits);
    assert.equal(first.hash, again.hash);
    assert.match(first.hash, /^[0-9a-f]{64}$/);
    assert.notEqual(first.hash, other.hash);
    assert.notDeepEqual(first.splits.train.values, other.splits.train.values);
  }
});

Deno.test("loadDataset() draws train, validation and test from streams that differ", async () => {
  const { splits } = await loadDataset("moons", { counts });
  const firsts = [splits.train, splits.validation, splits.test].map(({ values }) => values[0]);
  assert.equal(new Set(firsts).size, 3);
  const alone = await loadDataset("moons", { counts: { train: 1, validation: 1, test: 1 } });
  assert.deepEqual([...alone.splits.test.values], [...splits.test.values.subarray(0, 2)]);
});

Deno.test("loadDataset() draws 20,000, 5,000 and 20,000 points of a toy by default", async () => {
  const dataset = await loadDataset("banana");
  const { train, validation, test } = dataset.splits;
  assert.deepEqual([train.count, validation.count, test.count], [20_000, 5_000, 20_000]);
  assert.equal(train.values.length, 40_000);
  assert.equal(dataset.levels, null);
  assert.ok(dataset.entropyNats !== null && dataset.logDensity !== null);
});

Deno.test("loadDataset() refuses an unknown name and lists the known ones", async () => {
  for (const name of ["moon", "", "toString", "__proto__"]) {
    await assert.rejects(loadDataset(name), {
      name: "RangeError",
      message: "Cannot load data set as name must be one of moons, circles, rings, " +
        "eight_gaussians, pinwheel, swiss_roll, two_spirals, checkerboard, banana, mnist, " +
        `mnist_2, fashion_mnist, or file:PATH: current value is "${name}"`,
    });
  }
});

Deno.test("loadDataset() refuses counts below 1 and an aborted signal", async () => {
  for (const train of [0, -1, 1.5, NaN, Infinity]) {
    await assert.rejects(loadDataset("moons", { counts: { ...counts, train } }), {
      name: "RangeError",
      message:
        `Cannot load moons as counts.train must be an integer >= 1: current value is ${train}`,
    });
  }
  await assert.rejects(loadDataset("moons", { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});
