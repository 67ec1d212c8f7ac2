// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { first, last, zeroOutsideRows, zeroOutsideSteps } from "./bounds.ts";
import { pack } from "./pack.ts";
import { fillRows, multiplyRow, reluRows } from "./row.ts";
import { multiplyTile } from "./tile.ts";

/*
 * C = op(A) op(B) + bias for float32, after Goto and van de Geijn 2008 ("Anatomy of
 * High-Performance Matrix Multiplication").
 *
 * Blocks of A and B are copied to panels in the order in which they are read: a panel of A is
 * TILE_ROWS rows, a panel of B TILE_COLUMNS columns, both step by step along the inner dimension.
 * A panel that is too narrow is filled with zeros; what they produce is never stored, so NaN and
 * infinity stay where they belong. The twelve accumulators of a tile, two vectors of B and one of A
 * are 15 registers: all that V8 has to give on x86-64.
 *
 * Every number of C starts from its bias and is summed in the order of the inner dimension, so it
 * depends on its row of op(A) and its column of op(B) alone: not on the batch it is in, nor on how the
 * operands are stored. With relaxed SIMD the processor decides whether a multiply-add is rounded once
 * or twice: bits repeat on one kind of machine.
 */

const TILE_ROWS: i32 = 6;
const TILE_COLUMNS: i32 = 8;
const BLOCK_ROWS: i32 = 192;
const BLOCK_COLUMNS: i32 = 512;
const BLOCK_STEPS: i32 = 256;

/** With so few rows of A, reading B once a row costs less than copying it to panels. */
const FEW_ROWS: i32 = 3;

/** What `kind` of {@link matmul} says of the bounds. */
const INNER: i32 = 1;
const ROWS: i32 = 2;

const BIAS_BYTES: i32 = BLOCK_COLUMNS * 4;
const TILE_BYTES: i32 = TILE_ROWS * TILE_COLUMNS * 4;
const A_BYTES: i32 = BLOCK_ROWS * BLOCK_STEPS * 4;
const B_BYTES: i32 = BLOCK_COLUMNS * BLOCK_STEPS * 4;

/** What matmul needs at `scratch`, whose address must be a multiple of 16. */
export function scratchBytes(): i32 {
  return BIAS_BYTES + TILE_BYTES + A_BYTES + B_BYTES;
}

/**
 * C [m, n] = op(A) [m, k] op(B) [k, n] + bias [n].
 *
 * A line is a row of op(A) or C and a column of op(B), a step goes along the inner dimension: a
 * matrix that is stored transposed, or is a part of a larger one, has other distances.
 *
 * @param aLine Bytes from one row of op(A) to the next; aStep: from one column to the next.
 * @param bLine Bytes from one column of op(B) to the next; bStep: from one row to the next.
 * @param cLine Bytes from one row of C to the next; its columns are neighbours.
 * @param bias Address of n numbers, or 0.
 * @param relu Not 0: max(C, 0), where NaN stays NaN.
 * @param accumulate Not 0: added to what C holds, and bias must be 0.
 * @param bounds 0, or for each column of C two int32, first and last + 1, of what counts there:
 *   for kind INNER the steps of the inner dimension (whatever op(B) holds outside counts as 0), for
 *   kind ROWS the rows of C (the others become 0, and need no work).
 */
export function matmul(
  a: usize,
  aLine: i32,
  aStep: i32,
  b: usize,
  bLine: i32,
  bStep: i32,
  c: usize,
  cLine: i32,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  relu: i32,
  accumulate: i32,
  bounds: usize,
  kind: i32,
  scratch: usize,
): void {
  const tile = scratch + BIAS_BYTES;
  const aPanels = tile + TILE_BYTES;
  const bPanels = aPanels + A_BYTES;
  const isMasked = bounds != 0;
  if (!accumulate && isMasked) fillRows(c, cLine, m, n, bias);

  if (m <= FEW_ROWS && bLine == 4 && !isMasked) {
    if (!accumulate) fillRows(c, cLine, m, n, bias);
    for (let i = 0; i < m; i++) multiplyRow(a + i * aLine, b, c + i * cLine, n, k, aStep, bStep);
    if (relu) reluRows(c, cLine, m, n);
    return;
  }
  for (let j = 0; j < n; j += BLOCK_COLUMNS) {
    const columns = min(BLOCK_COLUMNS, n - j);
    packBias(scratch, bias ? bias + (j << 2) : 0, columns);
    let p = 0;
    do { // Also once if k is 0: then C is the bias.
      const steps = min(BLOCK_STEPS, k - p);
      const isLast = p + steps >= k;
      for (let q = 0; q < columns; q += TILE_COLUMNS) {
        const width = min(TILE_COLUMNS, columns - q);
        const panel = bPanels + q * (steps << 2);
        const line = b + (j + q) * bLine;
        if (kind != INNER) pack(panel, line + p * bStep, width, steps, bLine, bStep, TILE_COLUMNS);
        else {
          const own = bounds + ((j + q) << 3);
          const from = max(p, first(own, width));
          const to = min(p + steps, last(own, width));
          if (from >= to) continue;
          const start = panel + ((from - p) << 5);
          pack(start, line + from * bStep, width, to - from, bLine, bStep, TILE_COLUMNS);
          zeroOutsideSteps(start, own, width, from, to);
        }
      }
      for (let i = 0; i < m; i += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, m - i);
        pack(aPanels, a + i * aLine + p * aStep, rows, steps, aLine, aStep, TILE_ROWS);
        multiplyBlock(
          aPanels,
          bPanels,
          c + i * cLine + (j << 2),
          rows,
          columns,
          steps,
          cLine,
          p || accumulate || isMasked ? 0 : scratch,
          relu && isLast && !isMasked,
          tile,
          isMasked ? bounds + (j << 3) : 0,
          kind,
          kind == INNER ? p : i,
        );
      }
      p += BLOCK_STEPS;
    } while (p < k);
  }
  if (relu && isMasked) reluRows(c, cLine, m, n);
}

/** The bias of one block, or zeros, filled up to whole panels. */
function packBias(to: usize, bias: usize, columns: i32): void {
  memory.fill(to, 0, BIAS_BYTES);
  if (bias) memory.copy(to, bias, columns << 2);
}

/**
 * One packed block of A times one of B: each panel of B meets all panels of A while it is in cache.
 *
 * @param offset The block's first step (kind INNER) or first row (kind ROWS): where bounds count from.
 */
function multiplyBlock(
  aPanels: usize,
  bPanels: usize,
  c: usize,
  rows: i32,
  columns: i32,
  steps: i32,
  cLine: i32,
  bias: usize,
  relu: i32,
  tile: usize,
  bounds: usize,
  kind: i32,
  offset: i32,
): void {
  for (let j = 0; j < columns; j += TILE_COLUMNS) {
    const tileColumns = min(TILE_COLUMNS, columns - j);
    const own = bounds + (j << 3);
    let fromStep = 0, toStep = steps, fromRow = 0, toRow = rows;
    if (kind == INNER) {
      fromStep = max(0, first(own, tileColumns) - offset);
      toStep = min(steps, last(own, tileColumns) - offset);
      if (fromStep >= toStep) continue;
    } else if (kind == ROWS) {
      // Whole panels of A, from the one that holds the first row.
      fromRow = max(0, first(own, tileColumns) - offset) / TILE_ROWS * TILE_ROWS;
      toRow = min(rows, last(own, tileColumns) - offset);
    }
    const b = bPanels + j * (steps << 2) + (fromStep << 5);
    const start = bias ? bias + (j << 2) : 0;
    for (let i = fromRow; i < toRow; i += TILE_ROWS) {
      const a = aPanels + i * (steps << 2) + fromStep * (TILE_ROWS << 2);
      const tileRows = min(TILE_ROWS, rows - i);
      const corner = c + i * cLine + (j << 2);
      if (tileRows == TILE_ROWS && tileColumns == TILE_COLUMNS) {
        multiplyTile(a, b, corner, toStep - fromStep, cLine, start, relu);
      } else {
        if (!start) copyTile(tile, 32, corner, cLine, tileRows, tileColumns);
        multiplyTile(a, b, tile, toStep - fromStep, 32, start, relu);
        copyTile(corner, cLine, tile, 32, tileRows, tileColumns);
      }
      if (kind == ROWS) zeroOutsideRows(corner, cLine, own, tileColumns, offset + i, tileRows);
    }
  }
}

function copyTile(
  to: usize,
  toLine: i32,
  from: usize,
  fromLine: i32,
  rows: i32,
  columns: i32,
): void {
  for (let i = 0; i < rows; i++) memory.copy(to + i * toLine, from + i * fromLine, columns << 2);
}
