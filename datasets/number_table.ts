/** What a file of numbers holds: rows that are examples, columns that are coordinates. */
export interface NumberTable {
  /** count x dim, row after row, all of them finite. */
  readonly values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  readonly count: number;
  readonly dim: number;
  /** How messages call each column: its name in quotes, or "2". */
  readonly columns: readonly string[];
}

/** No file of a data set that is trained on here comes near. */
export const MAX_FILE_BYTES = 2 ** 28;

/** A flow over more coordinates would not fit into memory. */
export const MAX_COLUMNS = 4_096;

/** As many as are shuffled without bias. */
export const MAX_ROWS = 2 ** 24;

/** Numbers that are kept at once: half a gigabyte. */
export const MAX_NUMBERS = 2 ** 26;

/** @throws {SyntaxError} If a table of so many rows and columns cannot be taken. */
export function checkSize(count: number, dim: number, name: string): void {
  const isFitting = dim >= 1 && dim <= MAX_COLUMNS && count <= MAX_ROWS &&
    count * dim <= MAX_NUMBERS;
  if (!isFitting) {
    throw new SyntaxError(
      `Cannot read ${name} as it must have from 1 to ${MAX_COLUMNS} columns, at most ${MAX_ROWS} rows ` +
        `and at most ${MAX_NUMBERS} numbers: it has ${count} rows of ${dim}`,
    );
  }
}
