// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { pack } from "./pack.ts";
import { multiplyRow } from "./row.ts";
import { multiplyTile } from "./tile.ts";

/*
 * C = op(A) op(B) + bias for row-major float32, after Goto and van de Geijn 2008 ("Anatomy of
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

const BIAS_BYTES: i32 = BLOCK_COLUMNS * 4;
const TILE_BYTES: i32 = TILE_ROWS * TILE_COLUMNS * 4;
const A_BYTES: i32 = BLOCK_ROWS * BLOCK_STEPS * 4;
const B_BYTES: i32 = BLOCK_COLUMNS * BLOCK_STEPS * 4;

/** What matmul needs at `scratch`, whose address must be a multiple of 16. */
export function scratchBytes(): i32 {
  return BIAS_BYTES + TILE_BYTES + A_BYTES + B_BYTES;
}

/**
 * C [m, n] = op(A) [m, k] op(B) [k, n] + bias [n], all without gaps.
 *
 * @param a A [m, k], or [k, m] if transposeA.
 * @param b B [k, n], or [n, k] if transposeB.
 * @param bias Address of n numbers, or 0.
 * @param relu Not 0: max(C, 0), where NaN stays NaN.
 */
export function matmul(
  a: usize,
  b: usize,
  c: usize,
  m: i32,
  n: i32,
  k: i32,
  transposeA: i32,
  transposeB: i32,
  bias: usize,
  relu: i32,
  scratch: usize,
): void {
  const tile = scratch + BIAS_BYTES;
  const aPanels = tile + TILE_BYTES;
  const bPanels = aPanels + A_BYTES;
  // Bytes from one row or column to the next, and from one step of the inner dimension to the next.
  const aLine = transposeA ? 4 : k << 2;
  const aStep = transposeA ? m << 2 : 4;
  const bLine = transposeB ? k << 2 : 4;
  const bStep = transposeB ? 4 : n << 2;

  if (m <= FEW_ROWS && !transposeB) {
    for (let i = 0; i < m; i++) {
      multiplyRow(a + i * aLine, b, c + i * bStep, n, k, aStep, bias, relu);
    }
    return;
  }
  for (let j = 0; j < n; j += BLOCK_COLUMNS) {
    const columns = min(BLOCK_COLUMNS, n - j);
    packBias(scratch, bias ? bias + (j << 2) : 0, columns);
    let p = 0;
    do { // Also once if k is 0: then C is the bias.
      const steps = min(BLOCK_STEPS, k - p);
      const isLast = p + steps >= k;
      pack(bPanels, b + j * bLine + p * bStep, columns, steps, bLine, bStep, TILE_COLUMNS);
      for (let i = 0; i < m; i += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, m - i);
        pack(aPanels, a + i * aLine + p * aStep, rows, steps, aLine, aStep, TILE_ROWS);
        const corner = c + ((i * n + j) << 2);
        multiplyBlock(
          aPanels,
          bPanels,
          corner,
          rows,
          columns,
          steps,
          n << 2,
          p ? 0 : scratch,
          relu && isLast,
          tile,
        );
      }
      p += BLOCK_STEPS;
    } while (p < k);
  }
}

/** The bias of one block, or zeros, filled up to whole panels. */
function packBias(to: usize, bias: usize, columns: i32): void {
  memory.fill(to, 0, BIAS_BYTES);
  if (bias) memory.copy(to, bias, columns << 2);
}

/** One packed block of A times one of B: each panel of B meets all panels of A while it is in cache. */
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
): void {
  for (let j = 0; j < columns; j += TILE_COLUMNS) {
    const b = bPanels + j * (steps << 2);
    const tileColumns = min(TILE_COLUMNS, columns - j);
    const start = bias ? bias + (j << 2) : 0;
    for (let i = 0; i < rows; i += TILE_ROWS) {
      const a = aPanels + i * (steps << 2);
      const tileRows = min(TILE_ROWS, rows - i);
      const corner = c + i * cLine + (j << 2);
      if (tileRows == TILE_ROWS && tileColumns == TILE_COLUMNS) {
        multiplyTile(a, b, corner, steps, cLine, start, relu);
      } else {
        if (!start) copyTile(tile, 32, corner, cLine, tileRows, tileColumns);
        multiplyTile(a, b, tile, steps, 32, start, relu);
        copyTile(corner, cLine, tile, 32, tileRows, tileColumns);
      }
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
