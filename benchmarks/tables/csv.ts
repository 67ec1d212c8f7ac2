import { stringify } from "npm:csv-stringify@6.9.0/sync";

/** What a cell holds. Null is an empty one. */
export type Cell = string | number | null;

/** A column: its name, and the cell of a row. */
export interface Column<Row> {
  readonly name: string;
  readonly value: (row: Row) => Cell;
}

/**
 * Rows as CSV (RFC 4180), with a header.
 *
 * @throws {RangeError} If a number is not finite: a NaN is a failure with a name, never a cell.
 */
export function toCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => String(cellOf(row, column) ?? "")));
  return stringify([columns.map(({ name }) => name), ...cells], { record_delimiter: "\n" });
}

/**
 * The same rows as objects, with the names of the columns as keys; what is empty in the CSV is null.
 *
 * @throws {RangeError} As {@link toCsv}.
 */
export function toObjects<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): { [column: string]: Cell }[] {
  return rows.map((row) =>
    Object.fromEntries(columns.map((column) => [column.name, cellOf(row, column)]))
  );
}

function cellOf<Row>(row: Row, { name, value }: Column<Row>): Cell {
  const cell = value(row);
  if (typeof cell === "number" && !Number.isFinite(cell)) {
    throw new RangeError(`Cannot write column ${name} as its cells must be finite: ${cell}`);
  }
  return cell === "" ? null : cell;
}
