import { createHash } from "node:crypto";
import { readBounded } from "../engine/read_bounded.ts";
import { Rng } from "../engine/rng.ts";
import { DEPENDENT, dependentColumn } from "./_dependent_column.ts";
import { whyNotOpened } from "./_read_idx.ts";
import { parseCsvTable } from "./csv_table.ts";
import type { SplitCounts, Standardization } from "./dataset.ts";
import { parseNpyTable } from "./npy_table.ts";
import { MAX_FILE_BYTES, type NumberTable } from "./number_table.ts";
import type { Rows, Splits } from "./rows.ts";

/** Raised when the same file and seed would give other data: older results are then stale. */
export const FILE_VERSION = 1;

/** One of so many rows validates, and one is in the test set. */
const FOLDS = 10;

/** With fewer a single one would be in the test set, whose score has no error. */
const FEWEST_ROWS = 2 * FOLDS;

/** What a file holds as a flow sees it. */
export interface FileData {
  readonly dim: number;
  readonly splits: Splits;
  readonly standardization: Standardization;
}

/**
 * Reads a CSV or NumPy file, splits its rows by seed and standardises its columns:
 *
 *     x = (value - mean) / deviation      of each column over the training rows
 *
 * @param counts Rows per split; default: a tenth of the rows each for validation and test, the rest to
 *   train. More rows to train leave the others as they are.
 * @throws {SyntaxError} If the file is not what its name says, a column cannot be standardised, or the columns
 *   before it determine it.
 * @throws {RangeError} If it has fewer rows than asked for.
 * @throws {Error} If it cannot be read; says why.
 */
export async function readFileData(
  path: string,
  seed: number,
  counts?: SplitCounts,
): Promise<FileData> {
  const bytes = await reading(path, () => readBounded(path, MAX_FILE_BYTES));
  const table = /\.npy$/i.test(path) ? parseNpyTable(bytes, path) : parseCsvTable(bytes, path);
  if (table.count < FEWEST_ROWS) {
    throw new SyntaxError(
      `Cannot read ${path} as it must have at least ${FEWEST_ROWS} rows: current count is ${table.count}`,
    );
  }
  const { train, validation, test } = counts ?? defaultCounts(table.count);
  if (train + validation + test > table.count) {
    throw new RangeError(
      `Cannot load ${path} as counts must add up to at most ${table.count}: ` +
        `current sum is ${train + validation + test}`,
    );
  }
  const order = new Rng(seed).split("split").permutation(table.count);
  const held = test + validation;
  const trained = order.subarray(held, held + train);
  const standardization = measure(table, trained, path);
  const dependent = dependentColumn(table, trained);
  if (dependent !== null) {
    throw new SyntaxError(
      `Cannot use ${path} as column ${
        table.columns[dependent]
      } must not follow linearly from those before it, ` +
        `to ${DEPENDENT} of its deviation: rows on a plane have no density. Leave it out, or codes for missing ` +
        "values that it shares with another",
    );
  }
  const rows = (chosen: Int32Array): Rows => standardise(table, chosen, standardization, path);
  return {
    dim: table.dim,
    splits: {
      train: rows(trained),
      validation: rows(order.subarray(test, held)),
      test: rows(order.subarray(0, test)),
    },
    standardization,
  };
}

/** SHA-256 of the bytes of a file, in hexadecimal; of a file of any size in little memory. */
export async function hashOfFile(path: string): Promise<string> {
  return await reading(path, async () => {
    const hash = createHash("sha256");
    for await (const chunk of (await Deno.open(path)).readable) hash.update(chunk);
    return hash.digest("hex");
  });
}

function defaultCounts(count: number): SplitCounts {
  const tenth = Math.floor(count / FOLDS);
  return { train: count - 2 * tenth, validation: tenth, test: tenth };
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof SyntaxError) throw cause;
    throw new Error(`Cannot open ${path} as ${whyNotOpened(path, cause)}`, { cause });
  }
}

/** Mean and standard deviation of each column over some rows. */
function measure(table: NumberTable, rows: Int32Array, path: string): Standardization {
  const { values, dim, columns } = table;
  const means: number[] = [], standardDeviations: number[] = [];
  for (let column = 0; column < dim; column++) {
    const refuse = (why: string): never => {
      throw new SyntaxError(`Cannot standardise ${path} as column ${columns[column]} ${why}`);
    };
    const at = (row: number): number => values[row * dim + column]!;
    const first = at(rows[0]!);
    let isConstant = true, sum = 0, squares = 0;
    for (const row of rows) {
      sum += at(row);
      isConstant &&= at(row) === first;
    }
    if (isConstant) refuse(`must vary over the training rows: all ${rows.length} are ${first}`);
    const mean = sum / rows.length;
    for (const row of rows) squares += (at(row) - mean) ** 2;
    const deviation = Math.sqrt(squares / rows.length);
    if (!(deviation > 0 && deviation < Infinity)) {
      refuse(`must have a standard deviation above 0 and finite in float64: it is ${deviation}`);
    }
    means.push(mean);
    standardDeviations.push(deviation);
  }
  return { means, standardDeviations };
}

function standardise(
  table: NumberTable,
  rows: Int32Array,
  { means, standardDeviations }: Standardization,
  path: string,
): Rows {
  const { values, dim, columns } = table;
  const standardised = new Float32Array(rows.length * dim);
  for (const [i, row] of rows.entries()) {
    for (let column = 0; column < dim; column++) {
      const value = values[row * dim + column]!;
      const x = Math.fround((value - means[column]!) / standardDeviations[column]!);
      if (!Number.isFinite(x)) {
        throw new SyntaxError(
          `Cannot standardise ${path} as column ${
            columns[column]
          } has ${value} beside training rows of ` +
            `mean ${means[column]} and standard deviation ${standardDeviations[column]}`,
        );
      }
      standardised[i * dim + column] = x;
    }
  }
  return { values: standardised, count: rows.length, dim, levels: null, labels: null };
}
