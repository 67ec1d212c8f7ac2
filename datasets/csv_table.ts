import { Buffer } from "node:buffer";
import { CsvError, parse } from "./_csv_parse.ts";
import { checkSize, type NumberTable } from "./number_table.ts";

/** Decimal, as every program writes it. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What programs write for no number: a line of them is no header. */
const NO_NUMBER = /^([+-]?(nan|inf|infinity)|na|n\/a|null|none)$/i;

/** No line of numbers comes near. */
const MAX_LINE_BYTES = 2 ** 20;

/**
 * Reads a table of numbers from CSV (RFC 4180): a line is a row, and the first one names the columns where it has
 * words and no numbers.
 *
 * @param bytes The whole file, UTF-8.
 * @param name The file's name in messages.
 * @throws {SyntaxError} If a line has another number of cells than the first, or a cell is no finite
 *   number; says which.
 */
export function parseCsvTable(bytes: Uint8Array<ArrayBuffer>, name: string): NumberTable {
  let columns: string[] = [], firstLine = 0, count = 0, values = new Float64Array(1_024);
  const take = (cells: string[], line: number): void => {
    if (firstLine === 0) {
      firstLine = line;
      const isHeader = !cells.some((cell) => NUMBER.test(cell)) &&
        cells.some((cell) => /\p{L}/u.test(cell) && !NO_NUMBER.test(cell));
      columns = cells.map((cell, i) =>
        isHeader && cell !== "" ? JSON.stringify(cell.slice(0, 40)) : String(i + 1)
      );
      checkSize(0, columns.length, name);
      if (isHeader) return;
    }
    const dim = columns.length;
    if (cells.length !== dim) {
      fail(name, `line ${line} has ${cells.length} numbers where line ${firstLine} has ${dim}`);
    }
    checkSize(count + 1, dim, name);
    if ((count + 1) * dim > values.length) values = grown(values, (count + 1) * dim);
    for (const [i, cell] of cells.entries()) {
      const value = NUMBER.test(cell) ? Number(cell) : NaN;
      if (!Number.isFinite(value)) {
        const quoted = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
        fail(name, `line ${line}, column ${i + 1} is no finite number: current value is ${quoted}`);
      }
      values[count * dim + i] = value;
    }
    count++;
  };
  try {
    parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true, // We say by ourselves which line is wrong.
      max_record_size: MAX_LINE_BYTES,
      on_record: (cells: string[], { lines }: { lines: number }) => void take(cells, lines),
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    fail(name, `it is no CSV: ${error.message.slice(0, 200).replaceAll(/\p{C}/gu, "?")}`);
  }
  return {
    values: values.subarray(0, count * columns.length),
    count,
    dim: columns.length,
    columns,
  };
}

function grown(values: Float64Array<ArrayBuffer>, least: number): Float64Array<ArrayBuffer> {
  const more = new Float64Array(Math.max(least, 2 * values.length));
  more.set(values);
  return more;
}

function fail(name: string, why: string): never {
  throw new SyntaxError(`Cannot read ${name} as ${why}`);
}
