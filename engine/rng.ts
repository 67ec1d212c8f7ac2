import { xoroshiro128plusFromState } from "npm:pure-rand@8.4.2/generator/xoroshiro128plus";

/** Position of an {@link Rng} in its stream: enough to continue it. */
export interface RngState {
  readonly path: string;
  readonly words: readonly number[];
}

/**
 * A seeded source of random numbers that is split by label instead of shared.
 *
 * `rng.split("batches")` depends on the seed and on the labels that led to it, never on how many
 * numbers were drawn before: one more batch does not change the weights. Seed 0 is as good as any.
 * The numbers are made in TypeScript, so that they are the same on every backend.
 *
 * Source: xoroshiro128+ (Blackman and Vigna 2018) as implemented by `pure-rand`; its state is a
 * 128-bit hash of the path `seed/label/label`.
 *
 * @example Same seed, same numbers
 * ```ts
 * import { Rng } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * const draw = () => new Rng(0).split("init").normal(3);
 * assert.deepEqual(draw(), draw());
 * assert.notDeepEqual(draw(), new Rng(0).split("batches").normal(3));
 * ```
 */
export class Rng {
  /** `seed/label/label`: the identity of the stream. */
  readonly path: string;
  #generator: ReturnType<typeof xoroshiro128plusFromState>;

  /**
   * @param seed A safe integer >= 0.
   * @throws {RangeError} If the seed is not a safe integer >= 0.
   */
  constructor(seed: number | RngState) {
    if (typeof seed === "object") {
      this.path = seed.path;
      this.#generator = xoroshiro128plusFromState([...seed.words]);
      return;
    }
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(
        `Cannot create Rng as seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}: current value is ${seed}`,
      );
    }
    this.path = String(seed);
    this.#generator = xoroshiro128plusFromState(hash128(this.path));
  }

  /**
   * The stream of a named purpose.
   *
   * @param label Any text without a slash.
   * @returns A new generator, the same for the same seed and labels, whatever was drawn here.
   */
  split(label: string | number): Rng {
    const path = `${this.path}/${String(label).replaceAll("/", "_")}`;
    return new Rng({ path, words: hash128(path) });
  }

  /** Where this generator stands; `new Rng(state)` continues from there. */
  get state(): RngState {
    return { path: this.path, words: [...this.#generator.getState()] };
  }

  /** One number, uniform on [0, 1), with 24 random bits: exact in float32. */
  next(): number {
    return (this.#generator.next() >>> 8) * 2 ** -24;
  }

  /**
   * @param bound Integer from 1 to 2^24.
   * @returns An integer, uniform on 0 … bound - 1, without modulo bias.
   */
  integer(bound: number): number {
    const limit = Math.floor(2 ** 32 / bound) * bound;
    let word = this.#generator.next() >>> 0;
    while (word >= limit) word = this.#generator.next() >>> 0;
    return word % bound;
  }

  /** @returns `count` numbers, uniform on [0, 1). */
  uniform(count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.next();
    return out;
  }

  /**
   * Standard normals by the polar method of Marsaglia and Bray (1964).
   *
   * @returns `count` numbers of N(0, 1).
   */
  normal(count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      let u: number, v: number, s: number;
      do {
        u = 2 * this.next() - 1;
        v = 2 * this.next() - 1;
        s = u * u + v * v;
      } while (s >= 1 || s === 0);
      const r = Math.sqrt(-2 * Math.log(s) / s);
      out[i] = u * r;
      if (i + 1 < count) out[i + 1] = v * r;
    }
    return out;
  }

  /** @returns The integers 0 … count - 1 in random order (Fisher and Yates). */
  permutation(count: number): Int32Array<ArrayBuffer> {
    const out = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** Four FNV-1a lanes with different offsets, each finished by the fmix32 of MurmurHash3. */
function hash128(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [0x811c9dc5, 0x9e3779b9, 0x7f4a7c15, 0x94d049bb].map((offset, lane) => {
    let h = offset;
    for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
    h ^= bytes.length + lane;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) | 0;
  });
}
