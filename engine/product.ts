import type { Blas, Kernels } from "./kernels/kernels.ts";
import type { Mask, Staircase } from "./mask.ts";
import { columnsOf, type Matrix, rowsOf, transposed } from "./matrix.ts";

/** How {@link multiply} finishes. */
export interface ProductOptions {
  /** Address of one number per column that is added, or 0. */
  readonly bias?: number;
  readonly relu?: boolean;
  /** Adds to what C holds; not with a bias. */
  readonly accumulate?: boolean;
}

/** C = A B + bias; the columns of C must be neighbours in memory. */
export function multiply(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  options: ProductOptions = {},
): void {
  const { bias = 0, relu = false, accumulate = false } = options;
  if (!isForBlas(kernels, a, b)) return multiplyHere(kernels, a, b, c, options);
  if (bias) kernels.fillRows(c.address, c.rowBytes, c.rows, c.columns, bias);
  kernels.blas.multiply(a, b, c, accumulate || bias !== 0);
  if (relu) kernels.reluRows(c.address, c.rowBytes, c.rows, c.columns);
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
  for (const { start, columns, byColumn, byRow } of mask.segments) {
    const options = { bias: bias && bias + 4 * start, relu };
    const [bPart, cPart] = [columnsOf(b, start, columns), columnsOf(c, start, columns)];
    if (a.rows <= FEW_ROWS) multiplyRowsWithin(kernels, a, bPart, cPart, options, byRow);
    else multiplyWithin(kernels, a, bPart, cPart, options, byColumn);
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
  for (const [i, { start, columns, byRow }] of mask.segments.entries()) {
    const bPart = transposed(columnsOf(b, start, columns));
    const options = { accumulate: i > 0 };
    multiplyWithin(kernels, columnsOf(a, start, columns), bPart, c, options, byRow);
  }
}

/** C = (A B) * M: what the mask leaves out is 0, and takes no work. */
export function multiplyInto(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  mask: Mask,
  c: Matrix,
): void {
  for (const { start, columns, byColumn } of mask.segments) {
    const [bPart, cPart] = [columnsOf(b, start, columns), columnsOf(c, start, columns)];
    // Two rests could meet in one tile, and each would clear what the other wrote.
    if (!isForBlas(kernels, a, bPart) || byColumn.rests.length > 1) {
      multiplyHere(kernels, a, bPart, cPart, {}, byColumn.bounds, ROWS);
      continue;
    }
    kernels.fillRows(c.address + 4 * start, c.rowBytes, c.rows, columns, 0);
    for (const rest of byColumn.rests) {
      multiplyHere(kernels, a, bPart, cPart, { accumulate: true }, rest, ROWS);
    }
    for (const { line, lines, from, to } of byColumn.blocks) {
      const target = rowsOf(columnsOf(cPart, line, lines), from, to - from);
      const own = columnsOf(bPart, line, lines);
      kernels.blas.multiply(rowsOf(a, from, to - from), own, target, false);
    }
  }
}

/** C = A B + bias, where only the staircase of each column of B counts. */
function multiplyWithin(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  options: ProductOptions,
  { bounds, blocks, rests }: Staircase,
): void {
  if (!isForBlas(kernels, a, b)) {
    return multiplyHere(kernels, a, b, c, options, bounds, INNER);
  }
  const { bias = 0, relu = false, accumulate = false } = options;
  if (!accumulate) kernels.fillRows(c.address, c.rowBytes, c.rows, c.columns, bias);
  for (const rest of rests) multiplyHere(kernels, a, b, c, { accumulate: true }, rest, INNER);
  for (const { line, lines, from, to } of blocks) {
    const own = rowsOf(columnsOf(b, line, lines), from, to - from);
    kernels.blas.multiply(columnsOf(a, from, to - from), own, columnsOf(c, line, lines), true);
  }
  if (relu) kernels.reluRows(c.address, c.rowBytes, c.rows, c.columns);
}

/** With so few rows of A, the panels that the kernel makes of B cost more than the product. */
const FEW_ROWS = 3;

function multiplyRowsWithin(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  { bias = 0, relu = false }: ProductOptions,
  { bounds }: Staircase,
): void {
  kernels.fillRows(c.address, c.rowBytes, c.rows, c.columns, bias);
  const at = kernels.address(bounds);
  for (let i = 0; i < a.rows; i++) {
    const [from, to] = [a.address + i * a.rowBytes, c.address + i * c.rowBytes];
    kernels.multiplyRowWithin(from, b.address, to, a.columns, a.columnBytes, b.rowBytes, at);
  }
  if (relu) kernels.reluRows(c.address, c.rowBytes, c.rows, c.columns);
}

/** Multiplications from which on a BLAS is faster, threads and all: 64 x 64 x 64 of Muon's are. */
const BLAS_WORK = 250_000;

function isForBlas(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
): kernels is Kernels & { readonly blas: Blas } {
  return kernels.blas !== null && a.rows > FEW_ROWS && a.rows * a.columns * b.columns >= BLAS_WORK;
}

/** What bounds speak of, as assembly/matmul.ts has it. */
const NONE = 0, INNER = 1, ROWS = 2;

/** The kernel itself. */
function multiplyHere(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  { bias = 0, relu = false, accumulate = false }: ProductOptions,
  bounds: Staircase["bounds"] | null = null,
  kind = NONE,
): void {
  // deno-fmt-ignore
  kernels.matmul(
    a.address, a.rowBytes, a.columnBytes, b.address, b.columnBytes, b.rowBytes, c.address, c.rowBytes,
    a.rows, b.columns, a.columns, bias, Number(relu), Number(accumulate),
    bounds ? kernels.address(bounds) : 0, kind, kernels.scratch,
  );
}
