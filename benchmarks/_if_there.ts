/** What reading or removing a file comes to; null where there is none. */
export async function ifThere<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The names of the files of a folder; none where there is no folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await ifThere(Array.fromAsync(Deno.readDir(folder))) ?? [];
  return entries.filter(({ isFile }) => isFile).map(({ name }) => name);
}
