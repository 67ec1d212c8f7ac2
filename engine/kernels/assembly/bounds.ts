// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

/*
 * Bounds: two int32 for each column, the first and the last + 1 of the lines that count in it.
 */

/** @returns The first line that counts in any of `columns` columns. */
export function first(bounds: usize, columns: i32): i32 {
  let result = 1 << 30;
  for (let j = 0; j < columns; j++) {
    const from = load<i32>(bounds + (j << 3));
    if (from < load<i32>(bounds + (j << 3), 4)) result = min(result, from);
  }
  return result;
}

/** @returns The last line + 1 that counts in any of `columns` columns. */
export function last(bounds: usize, columns: i32): i32 {
  let result = -1;
  for (let j = 0; j < columns; j++) {
    const to = load<i32>(bounds + (j << 3), 4);
    if (load<i32>(bounds + (j << 3)) < to) result = max(result, to);
  }
  return result;
}

/** Sets to 0 what does not count in a packed panel of 8 columns that holds the lines from … to - 1. */
export function zeroOutsideSteps(
  panel: usize,
  bounds: usize,
  columns: i32,
  from: i32,
  to: i32,
): void {
  for (let j = 0; j < columns; j++) {
    const low = load<i32>(bounds + (j << 3));
    const high = load<i32>(bounds + (j << 3), 4);
    for (let p = from; p < min(low, to); p++) store<f32>(panel + ((p - from) << 5) + (j << 2), 0);
    for (let p = max(high, from); p < to; p++) store<f32>(panel + ((p - from) << 5) + (j << 2), 0);
  }
}

/** Sets to 0 what does not count in a part of a matrix that starts at line `from`. */
export function zeroOutsideRows(
  corner: usize,
  lineBytes: i32,
  bounds: usize,
  columns: i32,
  from: i32,
  rows: i32,
): void {
  for (let j = 0; j < columns; j++) {
    const low = load<i32>(bounds + (j << 3)) - from;
    const high = load<i32>(bounds + (j << 3), 4) - from;
    for (let i = 0; i < min(low, rows); i++) store<f32>(corner + i * lineBytes + (j << 2), 0);
    for (let i = max(high, 0); i < rows; i++) store<f32>(corner + i * lineBytes + (j << 2), 0);
  }
}

/** Copies a part of a matrix that starts at line `from`, with 0 for what does not count. */
export function copyInside(
  to: usize,
  source: usize,
  lineBytes: i32,
  stepBytes: i32,
  bounds: usize,
  columns: i32,
  from: i32,
  rows: i32,
): void {
  for (let j = 0; j < columns; j++) {
    const low = load<i32>(bounds + (j << 3)) - from;
    const high = load<i32>(bounds + (j << 3), 4) - from;
    for (let i = 0; i < rows; i++) {
      const value = i >= low && i < high ? load<f32>(source + i * stepBytes + j * lineBytes) : 0;
      store<f32>(to + ((i * columns + j) << 2), value);
    }
  }
}
