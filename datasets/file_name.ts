/**
 * How data sets that are files are named: `file:` and a path, as typed.
 *
 * @module
 */

/** A path that is whole in a line, in a list with commas and in a cell of a Markdown table. */
const FILE_NAME = /^file:[^\p{C}\p{Z}|,]([^\p{C}\p{Zl}\p{Zp}|,]{0,299})$/u;

/** Whether a name is of a file that can be a data set. */
export function isFileName(name: string): boolean {
  return FILE_NAME.test(name) && /\.(csv|npy)$/i.test(name);
}

/**
 * The path in the name of a data set.
 *
 * @returns Null if the name is not of a file.
 * @throws {RangeError} If a path cannot be such a name.
 */
export function filePath(name: string): string | null {
  if (!name.startsWith("file:")) return null;
  if (isFileName(name)) return name.slice("file:".length);
  throw new RangeError(
    "Cannot use a file as a data set as its name must be file: and a path of at most 300 characters, " +
      `without commas, bars and control characters, that ends in .csv or .npy: current value is ${
        JSON.stringify(name.slice(0, 320))
      }`,
  );
}

/** A data set's name as part of a file's name: the path of a file does not go into it. */
export function slugOf(name: string): string {
  if (!name.startsWith("file:")) return name;
  const base = name.slice(name.search(/[^/\\:]*$/)).replace(/\.\w+$/, "");
  return `file_${base.replace(/[^A-Za-z0-9]+/g, "_").slice(0, 40)}`;
}
