let writes = 0;

/**
 * Writes a file under a temporary name beside it and renames it: a reader sees the old file or the
 * whole new one, never a part.
 *
 * @param path Where the file is to be; its folder is made.
 * @param content Text or bytes.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
  if (folder !== "") await Deno.mkdir(folder, { recursive: true });
  const temporary = `${path}.${Deno.pid}-${writes++}.tmp`;
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    using file = await Deno.open(temporary, { write: true, createNew: true });
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
