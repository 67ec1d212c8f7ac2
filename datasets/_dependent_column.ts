import type { NumberTable } from "./number_table.ts";

/** What is left of a column that follows from others, over its deviation. */
export const DEPENDENT = 1e-5;

/** With more columns the search takes many seconds. */
export const MOST_COLUMNS = 1_000;

/** More rows than columns: of as many all columns follow. */
const SPARE_ROWS = 100;

/**
 * A column that the ones before it determine linearly: rows on a plane have no density, and a flow's grows as
 * long as it is trained. It is searched for over some rows. What follows there, a constant one too, is held
 * against all rows; where it does not hold, the row that it misses most joins, and as many others as there are.
 *
 * @param rows Those that count.
 * @returns Null where there is none, more than 1,000 columns, or no more rows than columns.
 */
export function dependentColumn(table: NumberTable, rows: Int32Array): number | null {
  const { dim } = table;
  if (rows.length <= dim || dim > MOST_COLUMNS) return null;
  const some = new Set<number>();
  for (let count = dim + SPARE_ROWS;; count *= 2) {
    for (const row of rows.subarray(0, count)) some.add(row);
    const suspects = dependentOver(table, Int32Array.from(some));
    const missed = suspects.map((suspect) => missedMost(table, rows, suspect));
    const isAll = some.size === rows.length;
    const found = suspects.find((_, i) => isAll || missed[i] === null);
    if (found) return found.column;
    if (suspects.length === 0) return null;
    for (const row of missed) some.add(row!);
  }
}

/** How a column follows: x_column = mean + sum_i weight_i (x_i - mean_i). */
interface Dependence {
  readonly column: number;
  readonly mean: number;
  readonly terms: readonly { readonly column: number; readonly mean: number; weight: number }[];
}

/**
 * Gram-Schmidt on the columns, X = Q R: one of which next to nothing is left follows from those before it, with
 * weights w by R w = Q^T x.
 */
function dependentOver({ values, dim }: NumberTable, rows: Int32Array): Dependence[] {
  const basis: { column: number; mean: number; direction: Float64Array; r: number[] }[] = [];
  const found: Dependence[] = [];
  for (let column = 0; column < dim; column++) {
    const rest = Float64Array.from(rows, (row) => values[row * dim + column]!);
    const mean = rest.reduce((sum, x) => sum + x, 0) / rest.length;
    for (let i = 0; i < rest.length; i++) rest[i]! -= mean;
    const size = Math.sqrt(dot(rest, rest));
    const r = basis.map(({ direction }) => {
      const share = dot(rest, direction);
      for (let i = 0; i < rest.length; i++) rest[i]! -= share * direction[i]!;
      return share;
    });
    const left = Math.sqrt(dot(rest, rest));
    if (left > DEPENDENT * size) {
      basis.push({ column, mean, direction: rest.map((x) => x / left), r: [...r, left] });
      continue;
    }
    const terms = basis.map(({ column, mean }, i) => ({ column, mean, weight: r[i]! }));
    for (let k = basis.length - 1; k >= 0; k--) {
      const weight = terms[k]!.weight /= basis[k]!.r[k]!;
      for (let i = 0; i < k; i++) terms[i]!.weight -= weight * basis[k]!.r[i]!;
    }
    found.push({ column, mean, terms: terms.filter(({ weight }) => weight !== 0) });
  }
  return found;
}

/** The row where a dependence is furthest from true; null where it is true to the tolerance. */
function missedMost(
  { values, dim }: NumberTable,
  rows: Int32Array,
  { column, mean, terms }: Dependence,
): number | null {
  let worst = rows[0]!, most = 0, missed = 0, size = 0;
  for (const row of rows) {
    const x = values[row * dim + column]! - mean;
    let rest = x;
    for (const { column, mean, weight } of terms) {
      rest -= weight * (values[row * dim + column]! - mean);
    }
    missed += rest ** 2;
    size += x ** 2;
    if (Math.abs(rest) > most) [worst, most] = [row, Math.abs(rest)];
  }
  return missed <= DEPENDENT ** 2 * size ? null : worst;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
