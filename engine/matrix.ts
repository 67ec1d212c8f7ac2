/** A float32 matrix in the memory of the kernels. */
export interface Matrix {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
  /** Bytes from one row to the next. */
  readonly rowBytes: number;
  /** Bytes from one column to the next. */
  readonly columnBytes: number;
}

/** A row-major matrix without gaps. */
export function matrix(address: number, rows: number, columns: number): Matrix {
  return { address, rows, columns, rowBytes: 4 * columns, columnBytes: 4 };
}

/** The same numbers read as the transposed matrix. */
export function transposed({ address, rows, columns, rowBytes, columnBytes }: Matrix): Matrix {
  return { address, rows: columns, columns: rows, rowBytes: columnBytes, columnBytes: rowBytes };
}

/** Some neighbouring columns. */
export function columnsOf(m: Matrix, start: number, columns: number): Matrix {
  return { ...m, address: m.address + start * m.columnBytes, columns };
}

/** Some neighbouring rows. */
export function rowsOf(m: Matrix, start: number, rows: number): Matrix {
  return { ...m, address: m.address + start * m.rowBytes, rows };
}
