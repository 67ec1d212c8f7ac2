// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

/**
 * Solves y (T + diag(d)) = b in place for a small strictly triangular T [n, n], for each row of
 * b [batch, n].
 *
 *     y_j = (b_j - sum over the i that are solved of y_i T_ij) / d_j
 *
 * Steps may be negative: coordinates count in the order in which they are solved.
 *
 * @param b Where the coordinate that is solved first is in the first row; overwritten by y.
 * @param bLine Bytes from one row of b to the next.
 * @param minus Where -y goes, of the same steps.
 * @param minusLine Bytes from one row of it to the next.
 * @param step Bytes from one coordinate to the next, also of d.
 * @param t Address of T_00.
 * @param tRow Bytes from T_ij to T_(i+1)j; tColumn: to T_i(j+1).
 * @param d Address of d_0, or 0: d = 1.
 */
export function solveTriangle(
  b: usize,
  bLine: i32,
  minus: usize,
  minusLine: i32,
  step: i32,
  batch: i32,
  t: usize,
  tRow: i32,
  tColumn: i32,
  d: usize,
  n: i32,
): void {
  for (let row = 0; row < batch; row++, b += bLine, minus += minusLine) {
    for (let j = 0; j < n; j++) {
      let value = load<f32>(b + j * step);
      const column = t + j * tColumn;
      for (let i = 0; i < j; i++) value -= load<f32>(b + i * step) * load<f32>(column + i * tRow);
      if (d) value /= load<f32>(d + j * step);
      store<f32>(b + j * step, value);
      store<f32>(minus + j * step, -value);
    }
  }
}
