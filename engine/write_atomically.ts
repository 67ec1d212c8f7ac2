let writes = 0;

/** A file could not be written: the disk is full, the folder is read-only, a permission is missing. */
export class WriteError extends Error {
  override readonly name = "WriteError";
}

/**
 * Writes a file under a temporary name beside it and renames it: a reader sees the old file or the
 * whole new one, never a part.
 *
 * @param path Where the file is to be; its folder is made.
 * @param content Text or bytes.
 * @throws {WriteError} If that fails; what was there before is still there.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  const temporary = `${path}.${Deno.pid}-${writes++}.tmp`;
  try {
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WriteError(`Cannot write ${path} as ${why}`, { cause });
  }
}
