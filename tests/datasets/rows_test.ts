import assert from "node:assert/strict";
import { exampleBatch, type Rows } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";

const continuous: Rows = {
  values: Float32Array.of(0, 1, 2, 3, 4, 5),
  count: 3,
  dim: 2,
  levels: null,
  labels: null,
};

Deno.test("exampleBatch() copies continuous rows in the order of the indices", () => {
  const noise = new Rng(0);
  const before = noise.state;
  assert.deepEqual([...exampleBatch(continuous, [2, 0, 2], noise)], [4, 5, 0, 1, 4, 5]);
  assert.deepEqual(noise.state, before);
});

Deno.test("exampleBatch() dequantises within the level, uniformly, never reaching the next", () => {
  const values = Uint8Array.from({ length: 256 }, (_, k) => k);
  const rows: Rows = { values, count: 1, dim: 256, levels: 256, labels: null };
  const noise = new Rng(3);
  let sum = 0;
  const repeats = 200;
  for (let i = 0; i < repeats; i++) {
    for (const [k, x] of exampleBatch(rows, [0], noise).entries()) {
      assert.ok(Math.floor(256 * x) === k && x < 1, `level ${k} became ${256 * x}`);
      sum += 256 * x - k;
    }
  }
  const mean = sum / (repeats * 256);
  assert.ok(Math.abs(mean - 0.5) < 4.5 * Math.sqrt(1 / 12 / (repeats * 256)), `mean ${mean}`);
});

Deno.test("exampleBatch() stays within the level for the largest noise there is", () => {
  const values = Uint8Array.from({ length: 256 }, (_, k) => k);
  const rows: Rows = { values, count: 1, dim: 256, levels: 256, labels: null };
  const noise = { next: () => 1 - 2 ** -24 } as Rng;
  for (const [k, x] of exampleBatch(rows, [0], noise).entries()) {
    assert.equal(Math.floor(256 * x), k);
  }
});

Deno.test("exampleBatch() refuses an index that is no row", () => {
  for (const index of [3, -1, 0.5, NaN]) {
    assert.throws(() => exampleBatch(continuous, [index], new Rng(0)), {
      name: "RangeError",
      message:
        `Cannot take examples as an index must be an integer from 0 to 2: current value is ${index}`,
    });
  }
});

Deno.test("exampleBatch() refuses fewer values than rows say, and takes the first of more", () => {
  assert.throws(() => exampleBatch({ ...continuous, count: 4 }, [0], new Rng(0)), {
    name: "RangeError",
    message:
      "Cannot take examples as there must be count x dim values at least, 4 x 2: current count is 6",
  });
  assert.deepEqual([...exampleBatch({ ...continuous, count: 2 }, [1], new Rng(0))], [2, 3]);
});
