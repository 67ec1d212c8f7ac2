// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { madd } from "./madd.ts";

/**
 * A tile of C, 6 x 8: the sum over all steps of (6 numbers of A) x (8 numbers of B).
 *
 * @param a 6 numbers for each step, without gaps.
 * @param b 8 numbers for each step, without gaps.
 * @param bias Where each row starts to sum: 8 numbers, or 0 for what C holds.
 */
export function multiplyTile(
  a: usize,
  b: usize,
  c: usize,
  steps: i32,
  cLine: i32,
  bias: usize,
  relu: i32,
): void {
  const from = bias ? bias : c;
  const line = bias ? 0 : cLine;
  let c00 = v128.load(from), c01 = v128.load(from, 16);
  let c10 = v128.load(from + line), c11 = v128.load(from + line, 16);
  let c20 = v128.load(from + 2 * line), c21 = v128.load(from + 2 * line, 16);
  let c30 = v128.load(from + 3 * line), c31 = v128.load(from + 3 * line, 16);
  let c40 = v128.load(from + 4 * line), c41 = v128.load(from + 4 * line, 16);
  let c50 = v128.load(from + 5 * line), c51 = v128.load(from + 5 * line, 16);
  for (let step = 0; step < steps; step++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load_splat<f32>(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load_splat<f32>(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += 24;
    b += 32;
  }
  storeLine(c, c00, c01, relu);
  storeLine(c + cLine, c10, c11, relu);
  storeLine(c + 2 * cLine, c20, c21, relu);
  storeLine(c + 3 * cLine, c30, c31, relu);
  storeLine(c + 4 * cLine, c40, c41, relu);
  storeLine(c + 5 * cLine, c50, c51, relu);
}

function storeLine(to: usize, low: v128, high: v128, relu: i32): void {
  if (relu) {
    const zero = f32x4.splat(0);
    low = f32x4.max(low, zero);
    high = f32x4.max(high, zero);
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}
