// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { madd } from "./madd.ts";

/**
 * One row of C += A B: the rows of B are read once, in the order in which they lie in memory, and
 * added up in the row of C. The same bits as from tiles.
 */
export function multiplyRow(
  a: usize,
  b: usize,
  c: usize,
  n: i32,
  k: i32,
  aStep: i32,
  bStep: i32,
): void {
  for (let p = 0; p < k; p++) addMultiple(c, b + p * bStep, n, v128.load_splat<f32>(a + p * aStep));
}

/**
 * The same where of row p of B only the columns in bounds count: two int32 a row, first and
 * last + 1.
 */
export function multiplyRowWithin(
  a: usize,
  b: usize,
  c: usize,
  k: i32,
  aStep: i32,
  bStep: i32,
  bounds: usize,
): void {
  for (let p = 0; p < k; p++) {
    const from = load<i32>(bounds + (p << 3));
    const count = load<i32>(bounds + (p << 3), 4) - from;
    if (count <= 0) continue;
    const start = from << 2;
    addMultiple(c + start, b + p * bStep + start, count, v128.load_splat<f32>(a + p * aStep));
  }
}

/** c += factor b, for n numbers. */
function addMultiple(c: usize, b: usize, n: i32, factor: v128): void {
  const end = c + (<usize> n << 2);
  const whole = c + (<usize> (n & ~3) << 2);
  for (; c < whole; c += 16, b += 16) v128.store(c, madd(factor, v128.load(b), v128.load(c)));
  for (; c < end; c += 4, b += 4) {
    v128.store_lane<f32>(c, madd(factor, v128.load_zero<f32>(b), v128.load_zero<f32>(c)), 0);
  }
}

/** Sets every row of a matrix to the bias, or to 0. */
export function fillRows(c: usize, lineBytes: i32, rows: i32, columns: i32, bias: usize): void {
  for (let i = 0; i < rows; i++) {
    if (bias) memory.copy(c + i * lineBytes, bias, columns << 2);
    else memory.fill(c + i * lineBytes, 0, columns << 2);
  }
}

/** max(C, 0), where NaN stays NaN. */
export function reluRows(c: usize, lineBytes: i32, rows: i32, columns: i32): void {
  const zero = f32x4.splat(0);
  for (let i = 0; i < rows; i++) {
    let to = c + i * lineBytes;
    const end = to + (<usize> columns << 2);
    const whole = to + (<usize> (columns & ~3) << 2);
    for (; to < whole; to += 16) v128.store(to, f32x4.max(v128.load(to), zero));
    for (; to < end; to += 4) store<f32>(to, max<f32>(load<f32>(to), 0));
  }
}
