import type { NumberTable } from "./number_table.ts";

/** What is left of a column that follows from others, over its deviation. */
export const DEPENDENT = 1e-5;

/** With more columns the search takes many seconds. */
export const MOST_COLUMNS = 1_000;

/** More rows than columns: of as many all columns follow. */
const SPARE_ROWS = 100;

/** Multiplications of a look over some rows that takes a few seconds. */
const MOST_WORK = 4e9;

/**
 * A column that the ones before it determine linearly: rows on a plane have no density, and a flow's grows as
 * long as it is trained. It is searched for over some rows. What follows there, a constant one too, is held
 * against all rows; where it does not hold, a row that shows it joins, and as many others as there are.
 *
 * @param rows Those that count.
 * @param mostWork Multiplications of a look, at most.
 * @returns Null where there is none, more than 1,000 columns, no more rows than columns, or no answer within
 *   some seconds.
 */
export function dependentColumn(
  table: NumberTable,
  rows: Int32Array,
  mostWork = MOST_WORK,
): number | null {
  const { dim } = table;
  if (rows.length <= dim || dim > MOST_COLUMNS) return null;
  const deviations = deviationsOf(table, rows);
  const some = new Set<number>();
  for (let count = dim + SPARE_ROWS;; count *= 2) {
    for (const row of rows.subarray(0, count)) some.add(row);
    if (some.size * dim ** 2 > mostWork) return null;
    const missed: number[] = [];
    for (const suspect of dependentOver(table, Int32Array.from(some), deviations)) {
      const row = missedBy(table, rows, suspect, deviations[suspect.column]!);
      if (row === null || some.size === rows.length) return suspect.column;
      missed.push(row);
    }
    if (missed.length === 0) return null;
    for (const row of missed) some.add(row);
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
 *
 * @param deviations Of each column over all rows, which little is measured by.
 */
function* dependentOver(
  { values, dim }: NumberTable,
  rows: Int32Array,
  deviations: Float64Array,
): Generator<Dependence> {
  const basis: { column: number; mean: number; direction: Float64Array; r: number[] }[] = [];
  for (let column = 0; column < dim; column++) {
    const rest = Float64Array.from(rows, (row) => values[row * dim + column]!);
    const mean = rest.reduce((sum, x) => sum + x, 0) / rest.length;
    for (let i = 0; i < rest.length; i++) rest[i]! -= mean;
    const r = basis.map(({ direction }) => {
      const share = dot(rest, direction);
      for (let i = 0; i < rest.length; i++) rest[i]! -= share * direction[i]!;
      return share;
    });
    const left = Math.sqrt(dot(rest, rest));
    if (left > DEPENDENT * deviations[column]! * Math.sqrt(rows.length)) {
      basis.push({ column, mean, direction: rest.map((x) => x / left), r: [...r, left] });
      continue;
    }
    const terms = basis.map(({ column, mean }, i) => ({ column, mean, weight: r[i]! }));
    for (let k = basis.length - 1; k >= 0; k--) {
      const weight = terms[k]!.weight /= basis[k]!.r[k]!;
      for (let i = 0; i < k; i++) terms[i]!.weight -= weight * basis[k]!.r[i]!;
    }
    yield { column, mean, terms: terms.filter(({ weight }) => weight !== 0) };
  }
}

/** The row by which a dependence misses a column by more than little; null where it holds over all rows. */
function missedBy(
  { values, dim }: NumberTable,
  rows: Int32Array,
  { column, mean, terms }: Dependence,
  deviation: number,
): number | null {
  const little = rows.length * (DEPENDENT * deviation) ** 2;
  let missed = 0;
  for (const row of rows) {
    let rest = values[row * dim + column]! - mean;
    for (const { column, mean, weight } of terms) {
      rest -= weight * (values[row * dim + column]! - mean);
    }
    missed += rest ** 2;
    if (missed > little) return row;
  }
  return null;
}

/** The standard deviation of each column. */
function deviationsOf({ values, dim }: NumberTable, rows: Int32Array): Float64Array {
  const sums = new Float64Array(dim), squares = new Float64Array(dim);
  for (const row of rows) {
    for (let j = 0; j < dim; j++) sums[j]! += values[row * dim + j]!;
  }
  for (const row of rows) {
    for (let j = 0; j < dim; j++) {
      squares[j]! += (values[row * dim + j]! - sums[j]! / rows.length) ** 2;
    }
  }
  return squares.map((sum) => Math.sqrt(sum / rows.length));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
