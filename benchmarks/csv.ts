import { stringify } from "npm:csv-stringify@6.9.0/sync";

/** A column: its name, and the cell of a row. Null is an empty cell. */
export interface Column<Row> {
  readonly name: string;
  readonly value: (row: Row) => string | number | null;
}

/**
 * Rows as CSV (RFC 4180), with a header.
 *
 * @throws {RangeError} If a number is not finite: a NaN is a failure with a name, never a cell.
 */
export function toCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) =>
    columns.map(({ name, value }) => {
      const cell = value(row);
      if (typeof cell === "number" && !Number.isFinite(cell)) {
        throw new RangeError(`Cannot write column ${name} as its cells must be finite: ${cell}`);
      }
      return cell === null ? "" : String(cell);
    })
  );
  return stringify([columns.map(({ name }) => name), ...cells], { record_delimiter: "\n" });
}
