import type { Rng } from "../engine/rng.ts";

/** Examples of one split, row after row. */
export interface Rows {
  /** count x dim numbers, row-major: real coordinates, or integers 0 … levels - 1. */
  readonly values: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly dim: number;
  /** Number of integer levels (256 for 8-bit images); null where the values are continuous. */
  readonly levels: number | null;
  /** One class per row; null where there are none. */
  readonly labels: Uint8Array<ArrayBuffer> | null;
}

/** Train is learned from, validation selects, test is only scored. */
export interface Splits {
  readonly train: Rows;
  readonly validation: Rows;
  readonly test: Rows;
}

/**
 * Chosen rows as a flow sees them: continuous ones copied, integer ones dequantised uniformly.
 *
 *     x = (k + u) / levels,   u ~ U[0, 1),   so that floor(levels x) = k and 0 <= x < 1, in float32
 *
 * Source: uniform dequantisation as in Theis, van den Oord and Bethge 2016, section 3.1.
 *
 * @param rows Where to take them from.
 * @param indices Row numbers, in the order wanted.
 * @param noise Source of u, one number per value; not drawn from where the rows are continuous.
 * @returns indices.length x dim numbers, row-major.
 * @throws {RangeError} If an index is not a row number, or there are fewer than count x dim values.
 */
export function exampleBatch(
  rows: Rows,
  indices: ArrayLike<number>,
  noise: Rng,
): Float32Array<ArrayBuffer> {
  const { values, count, dim, levels } = rows;
  if (values.length < count * dim) {
    throw new RangeError(
      `Cannot take examples as there must be count x dim values at least, ${count} x ${dim}: current count is ` +
        values.length,
    );
  }
  const batch = new Float32Array(indices.length * dim);
  const ceilings = levels === null ? null : ceilingsOf(levels);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= count) {
      throw new RangeError(
        `Cannot take examples as an index must be an integer from 0 to ${
          count - 1
        }: current value is ${row}`,
      );
    }
    const from = row * dim, to = i * dim;
    if (ceilings === null || levels === null) {
      batch.set(values.subarray(from, from + dim), to);
    } else {
      for (let j = 0; j < dim; j++) {
        const k = values[from + j]!;
        const x = (k + noise.next()) / levels;
        const ceiling = ceilings[k]!;
        batch[to + j] = x < ceiling ? x : ceiling;
      }
    }
  }
  return batch;
}

const ceilingsByLevels = new Map<number, Float32Array>();

/** For each k the largest float32 below (k + 1) / levels: rounding must not reach the next level. */
function ceilingsOf(levels: number): Float32Array {
  let ceilings = ceilingsByLevels.get(levels);
  if (ceilings === undefined) {
    ceilings = Float32Array.from({ length: levels }, (_, k) => (k + 1) / levels * (1 - 2 ** -24));
    ceilingsByLevels.set(levels, ceilings);
  }
  return ceilings;
}
