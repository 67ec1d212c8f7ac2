/**
 * Reads a whole file that must not be larger than any of its kind is: nothing is allocated for one that
 * is.
 *
 * @param path The file.
 * @param maxBytes The most that it may have.
 * @throws {SyntaxError} If it has more.
 */
export async function readBounded(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await Deno.stat(path);
  if (size > maxBytes) {
    throw new SyntaxError(
      `Cannot read ${path} as it must have at most ${maxBytes} bytes: current size is ${size}`,
    );
  }
  return await Deno.readFile(path);
}
