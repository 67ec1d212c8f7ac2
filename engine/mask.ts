import * as tf from "./tf.ts";

/** Columns of a mask in which the ones of every column and of every row are neighbours. */
export interface MaskSegment {
  /** The first of its columns. */
  readonly start: number;
  readonly columns: number;
  /** For each column the rows where it is 1. */
  readonly byColumn: Staircase;
  /** For each row the columns where it is 1, counted from `start`. */
  readonly byRow: Staircase;
}

/**
 * For each line of a matrix the first place and the last + 1 that count, as int32 [2 * lines]; and
 * the same places once more as rectangles and what is left beside them.
 */
export interface Staircase {
  readonly bounds: tf.Tensor1D;
  readonly blocks: readonly Block[];
  readonly rests: readonly tf.Tensor1D[];
}

/** Lines that count at all of some places. */
export interface Block {
  readonly line: number;
  readonly lines: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Which connections of a layer exist: a 0/1 matrix [rows, columns] = [in, out], made of a few
 * staircases side by side, as the masks of sorted degrees are. Products skip what is 0, and what a
 * kernel holds there has no influence and gets no gradient.
 */
export class Mask implements Disposable {
  readonly rows: number;
  readonly columns: number;
  /** How many connections exist. */
  readonly count: number;
  readonly #values: Uint8Array;
  readonly #bounds: readonly Bounds[];
  #dense: tf.Tensor2D | undefined;
  #segments: readonly MaskSegment[] | undefined;

  /**
   * @param values Row-major, each 0 or 1.
   * @throws {RangeError} If the ones of a column are not neighbours.
   */
  constructor(values: Uint8Array, rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.#values = values;
    this.count = values.reduce((sum, value) => sum + value, 0);
    this.#bounds = findSegments(values, rows, columns);
  }

  /** Whether the connection from `row` to `column` exists. */
  has(row: number, column: number): boolean {
    return this.#values[row * this.columns + column] === 1;
  }

  /** As a tensor, for backends that multiply by it. Owned by the mask. */
  get dense(): tf.Tensor2D {
    return this.#dense ??= tf.keep(
      tf.tensor2d(Float32Array.from(this.#values), [this.rows, this.columns]),
    );
  }

  /** As bounds, for kernels that skip what is 0. Owned by the mask. */
  get segments(): readonly MaskSegment[] {
    return this.#segments ??= this.#bounds.map(({ start, columns, ofColumns, ofRows }) => ({
      start,
      columns,
      byColumn: staircase(ofColumns),
      byRow: staircase(ofRows),
    }));
  }

  [Symbol.dispose](): void {
    this.#dense?.dispose();
    for (const { byColumn, byRow } of this.#segments ?? []) {
      for (const { bounds, rests } of [byColumn, byRow]) tf.dispose([bounds, ...rests]);
    }
  }
}

interface Bounds {
  readonly start: number;
  readonly columns: number;
  readonly ofColumns: Int32Array;
  readonly ofRows: Int32Array;
}

/** Lines of a block: more make the rectangles larger, and what is left beside them too. */
const BLOCK_LINES = 96;

function staircase(bounds: Int32Array): Staircase {
  const lines = bounds.length / 2;
  const blocks: Block[] = [];
  const rests = [new Int32Array(bounds.length), new Int32Array(bounds.length)] as const;
  for (let line = 0; line < lines; line += BLOCK_LINES) {
    const end = Math.min(line + BLOCK_LINES, lines);
    let from = 0, to = Infinity;
    for (let i = line; i < end; i++) {
      from = Math.max(from, bounds[2 * i]!);
      to = Math.min(to, bounds[2 * i + 1]!);
    }
    const isEmpty = from >= to;
    if (!isEmpty) blocks.push({ line, lines: end - line, from, to });
    for (let i = line; i < end; i++) {
      const [first, last] = [bounds[2 * i]!, bounds[2 * i + 1]!];
      const beside = isEmpty ? [[first, last]] : [[first, from], [to, last]];
      const used = beside.filter(([from, to]) => from! < to!);
      used.forEach((rest, side) => rests[side]!.set(rest, 2 * i));
    }
  }
  const keep = (values: Int32Array) => tf.keep(tf.tensor1d(values, "int32"));
  const isUsed = (values: Int32Array) => values.some((v, i) => i % 2 === 1 && values[i - 1]! < v);
  return { bounds: keep(bounds), blocks, rests: rests.filter(isUsed).map(keep) };
}

/** Takes columns into a segment as long as the ones of every row stay neighbours. */
function findSegments(values: Uint8Array, rows: number, columns: number): Bounds[] {
  const segments: Bounds[] = [];
  const ofColumns = columnBounds(values, rows, columns);
  let start = 0;
  let ofRows = new Int32Array(2 * rows);
  const close = (end: number) => {
    segments.push({
      start,
      columns: end - start,
      ofColumns: ofColumns.slice(2 * start, 2 * end),
      ofRows,
    });
    start = end;
    ofRows = new Int32Array(2 * rows);
  };
  for (let j = 0; j < columns; j++) {
    const [from, to] = [ofColumns[2 * j]!, ofColumns[2 * j + 1]!];
    for (let i = from; i < to; i++) {
      const isEmpty = ofRows[2 * i] === ofRows[2 * i + 1];
      if (!isEmpty && ofRows[2 * i + 1] !== j - start) {
        close(j);
        break;
      }
    }
    for (let i = from; i < to; i++) {
      if (ofRows[2 * i] === ofRows[2 * i + 1]) ofRows[2 * i] = j - start;
      ofRows[2 * i + 1] = j - start + 1;
    }
  }
  close(columns);
  return segments;
}

/** First row and last + 1 of each column; 0 and 0 for one without ones. */
function columnBounds(values: Uint8Array, rows: number, columns: number): Int32Array {
  const bounds = new Int32Array(2 * columns);
  for (let j = 0; j < columns; j++) {
    let from = 0;
    while (from < rows && values[from * columns + j] === 0) from++;
    let to = from;
    while (to < rows && values[to * columns + j] === 1) to++;
    for (let i = to; i < rows; i++) {
      if (values[i * columns + j] !== 0) {
        throw new RangeError(
          `Cannot create Mask as the ones of a column must be neighbours: column ${j} has rows ` +
            `${to - 1} and ${i} but not ${to}`,
        );
      }
    }
    if (from < to) bounds.set([from, to], 2 * j);
  }
  return bounds;
}
