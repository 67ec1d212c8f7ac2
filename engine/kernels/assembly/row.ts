// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { madd } from "./madd.ts";

/**
 * One row of C = A B + bias: the rows of B are read once, in the order in which they lie in memory,
 * and added up in the row of C. The same bits as from tiles.
 */
export function multiplyRow(
  a: usize,
  b: usize,
  c: usize,
  n: i32,
  k: i32,
  aStep: i32,
  bias: usize,
  relu: i32,
): void {
  const end = c + (<usize> n << 2);
  const whole = c + (<usize> (n & ~3) << 2);
  if (bias) memory.copy(c, bias, end - c);
  else memory.fill(c, 0, end - c);
  for (let p = 0; p < k; p++) {
    const four = v128.load_splat<f32>(a);
    let to = c;
    for (; to < whole; to += 16, b += 16) v128.store(to, madd(four, v128.load(b), v128.load(to)));
    for (; to < end; to += 4, b += 4) {
      const sum = madd(four, v128.load_zero<f32>(b), v128.load_zero<f32>(to));
      v128.store_lane<f32>(to, sum, 0);
    }
    a += aStep;
  }
  if (relu) {
    for (let to = c; to < end; to += 4) store<f32>(to, max<f32>(load<f32>(to), 0));
  }
}
