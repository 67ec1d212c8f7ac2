import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";

Deno.test("Rng gives the known answers of its seed, also of seed 0", () => {
  const words = (rng: Rng): number[] => Array.from({ length: 4 }, () => rng.integer(1_000_000));
  // Made by this implementation when it was first checked in: a change makes every result stale.
  assert.deepEqual(words(new Rng(0)), KNOWN.seed0);
  assert.deepEqual(words(new Rng(1)), KNOWN.seed1);
  assert.deepEqual(words(new Rng(0).split("init").split(3)), KNOWN.split);
  assert.deepEqual(Array.from(new Rng(0).permutation(8)), KNOWN.permutation);
  assert.deepEqual(Array.from(new Rng(0).normal(3)), KNOWN.normal);
});

Deno.test("Rng.next() is bits 8 to 31 of xoroshiro128+, computed in 64 bits", () => {
  const mask = (1n << 64n) - 1n;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (64n - k))) & mask;
  let s0 = 0x0123456789abcdefn, s1 = 0xfedcba9876543211n;
  const words = [s0 >> 32n, s0, s1 >> 32n, s1].map((word) => Number(BigInt.asIntN(32, word)));
  const rng = new Rng({ path: "test", words });
  for (let i = 0; i < 50; i++) {
    assert.equal(rng.next(), Number(((s0 + s1) >> 8n) & 0xffffffn) * 2 ** -24);
    // Blackman and Vigna 2018, with the constants 24, 16, 37.
    s1 ^= s0;
    s0 = rotate(s0, 24n) ^ s1 ^ ((s1 << 16n) & mask);
    s1 = rotate(s1, 37n);
  }
});

Deno.test("Rng.split() depends on seed and labels, not on what was drawn", () => {
  const parent = new Rng(3);
  const before = parent.split("a").uniform(5);
  parent.uniform(100);
  assert.deepEqual(parent.split("a").uniform(5), before);
  assert.notDeepEqual(parent.split("b").uniform(5), before);
  assert.notDeepEqual(new Rng(4).split("a").uniform(5), before);
  assert.notDeepEqual(parent.split("a").split("a").uniform(5), before);
  assert.equal(parent.split("x/y").path, "3/x_y");
});

Deno.test("Rng continues from its state", () => {
  const rng = new Rng(5);
  rng.uniform(7);
  const copy = new Rng(rng.state);
  assert.deepEqual(copy.normal(9), rng.normal(9));
});

Deno.test("Rng.uniform() is uniform on [0, 1)", () => {
  const values = new Rng(11).uniform(100_000);
  const bins = new Array(20).fill(0);
  for (const value of values) {
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 20)]++;
  }
  // Chi-square with 19 degrees of freedom exceeds 50.8 once in ten thousand.
  const chiSquare = bins.reduce((sum, n) => sum + (n - 5_000) ** 2 / 5_000, 0);
  assert.ok(chiSquare < 50.8, `chi-square is ${chiSquare}`);
});

Deno.test("Rng.normal() has the moments of N(0, 1)", () => {
  const n = 200_000;
  const values = new Rng(12).normal(n);
  for (
    const [power, expected, variance] of [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]] as const
  ) {
    const moment = values.reduce((sum, value) => sum + value ** power, 0) / n;
    assert.ok(
      Math.abs(moment - expected) < 5 * Math.sqrt(variance / n),
      `moment ${power}: ${moment}`,
    );
  }
  assert.equal(new Rng(12).normal(7).length, 7);
});

Deno.test("Rng.permutation() is fair on three elements", () => {
  const rng = new Rng(13);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const key = rng.permutation(3).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const n of counts.values()) assert.ok(Math.abs(n - 1_000) < 5 * Math.sqrt(1_000 * 5 / 6));
});

Deno.test("Rng refuses a seed that is no integer >= 0", () => {
  for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => new Rng(seed), { name: "RangeError", message: new RegExp(String(seed)) });
  }
});

const KNOWN = {
  seed0: [469699, 430471, 790090, 441739],
  seed1: [716839, 195548, 719151, 515502],
  split: [963307, 21539, 185436, 635806],
  permutation: [1, 0, 7, 2, 5, 6, 4, 3],
  normal: [-1.1974200010299683, 0.9332022666931152, -0.5332959890365601],
};
