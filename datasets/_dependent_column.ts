import type { NumberTable } from "./number_table.ts";

/** What is left of a column that follows from others, over its deviation. */
export const DEPENDENT = 1e-5;

/** With more columns the search takes many seconds. */
const MOST_COLUMNS = 1_000;

/** Multiplications of the search: it takes a second or two. */
const MOST_WORK = 1e9;

/**
 * The first column that the ones before it determine linearly: rows on a plane have no density, and a flow's
 * grows as long as it is trained. What looks so over some rows is looked at over more.
 *
 * @returns Null where there is none, more than 1,000 columns, or no more rows than columns.
 */
export function dependentColumn(table: NumberTable, rows: Int32Array): number | null {
  const { dim } = table;
  const first = 2 * dim + 100;
  const most = Math.min(rows.length, Math.max(first, Math.floor(MOST_WORK / dim ** 2)));
  if (most <= dim || dim > MOST_COLUMNS) return null;
  for (let count = Math.min(first, most);; count = Math.min(2 * count, most)) {
    const column = dependentOver(table, rows.subarray(0, count));
    if (column === null || count === most) return column;
  }
}

/** Gram-Schmidt on the columns: one of which next to nothing is left follows from those before it. */
function dependentOver({ values, dim }: NumberTable, rows: Int32Array): number | null {
  const basis: Float64Array[] = [];
  for (let column = 0; column < dim; column++) {
    const rest = Float64Array.from(rows, (row) => values[row * dim + column]!);
    const mean = rest.reduce((sum, x) => sum + x, 0) / rest.length;
    for (let i = 0; i < rest.length; i++) rest[i]! -= mean;
    const size = Math.sqrt(dot(rest, rest));
    if (size === 0) continue; // Constant over these rows: nothing is known of it.
    for (const direction of basis) {
      const share = dot(rest, direction);
      for (let i = 0; i < rest.length; i++) rest[i]! -= share * direction[i]!;
    }
    const left = Math.sqrt(dot(rest, rest));
    if (left <= DEPENDENT * size) return column;
    basis.push(rest.map((x) => x / left));
  }
  return null;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
