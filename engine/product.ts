import type { Kernels } from "./kernels/kernels.ts";
import type { Mask } from "./mask.ts";

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

/** How {@link multiply} finishes. */
export interface ProductOptions {
  /** Address of one number per column that is added, or 0. */
  readonly bias?: number;
  readonly relu?: boolean;
  /** Adds to what C holds; not with a bias. */
  readonly accumulate?: boolean;
}

/** What bounds speak of, as assembly/matmul.ts has it. */
const NONE = 0, INNER = 1, ROWS = 2;

/** C = A B + bias; the columns of C must be neighbours in memory. */
export function multiply(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  options: ProductOptions = {},
): void {
  run(kernels, a, b, c, options, 0, NONE);
}

/** C = A (B * M) + bias, for a mask M of B. */
export function multiplyMasked(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  mask: Mask,
  c: Matrix,
  { bias = 0, relu = false }: ProductOptions,
): void {
  for (const { start, columns, rowsOfColumns, columnsOfRows } of mask.segments) {
    const own = { bias: bias && bias + 4 * start, relu };
    const [bPart, cPart] = [columnsOf(b, start, columns), columnsOf(c, start, columns)];
    if (a.rows <= FEW_ROWS) multiplyRowsWithin(kernels, a, bPart, cPart, own, columnsOfRows);
    else run(kernels, a, bPart, cPart, own, kernels.address(rowsOfColumns), INNER);
  }
}

/** C = A (B * M)^T, for a mask M of B. */
export function multiplyMaskedTransposed(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  mask: Mask,
  c: Matrix,
): void {
  for (const [i, { start, columns, columnsOfRows }] of mask.segments.entries()) {
    const bPart = transposed(columnsOf(b, start, columns));
    const options = { accumulate: i > 0 };
    run(
      kernels,
      columnsOf(a, start, columns),
      bPart,
      c,
      options,
      kernels.address(columnsOfRows),
      INNER,
    );
  }
}

/** C = (A B) * M: what the mask leaves out is 0. */
export function multiplyInto(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  mask: Mask,
  c: Matrix,
): void {
  for (const { start, columns, rowsOfColumns } of mask.segments) {
    const bounds = kernels.address(rowsOfColumns);
    run(kernels, a, columnsOf(b, start, columns), columnsOf(c, start, columns), {}, bounds, ROWS);
  }
}

/** With so few rows of A, the panels that {@link run} makes of B cost more than the product. */
const FEW_ROWS = 3;

function multiplyRowsWithin(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  { bias = 0, relu = false }: ProductOptions,
  columnsOfRows: Mask["segments"][number]["columnsOfRows"],
): void {
  kernels.fillRows(c.address, c.rowBytes, c.rows, c.columns, bias);
  const bounds = kernels.address(columnsOfRows);
  for (let i = 0; i < a.rows; i++) {
    const [from, to] = [a.address + i * a.rowBytes, c.address + i * c.rowBytes];
    kernels.multiplyRowWithin(from, b.address, to, a.columns, a.columnBytes, b.rowBytes, bounds);
  }
  if (relu) kernels.reluRows(c.address, c.rowBytes, c.rows, c.columns);
}

function run(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  { bias = 0, relu = false, accumulate = false }: ProductOptions,
  bounds: number,
  kind: number,
): void {
  // deno-fmt-ignore
  kernels.matmul(
    a.address, a.rowBytes, a.columnBytes, b.address, b.columnBytes, b.rowBytes, c.address, c.rowBytes,
    a.rows, b.columns, a.columns, bias, Number(relu), Number(accumulate), bounds, kind, kernels.scratch,
  );
}
