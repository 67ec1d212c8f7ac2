import { filesIn } from "./_if_there.ts";

/** The name of a file that {@link writeAtomically} had not finished when its process was killed. */
const UNFINISHED = /\.\d+-\d+\.tmp$/;

/** The folders of an output folder that files are written to. */
const FOLDERS = [".", "runs", "checkpoints", "tables", "figures"];

/**
 * Takes an output folder for this process alone, and clears away what killed processes left half
 * written. The system lets go of the lock when the process ends, however it ends: there are no stale
 * ones. The file `.lock` in the folder names the process, and stays. A file system without locks (some
 * of clusters) takes none: there the caller sees to it that folders differ.
 *
 * @param out Is made if it is not there.
 * @returns Lets go of the folder when it is disposed of.
 * @throws {Deno.errors.Busy} If another process has it.
 */
export async function lockFolder(out: string): Promise<Disposable> {
  await Deno.mkdir(out, { recursive: true });
  const path = `${out}/.lock`;
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    if (!await tryLock(file)) {
      const owner = (await Deno.readTextFile(path)).trim();
      throw new Deno.errors.Busy(
        `Cannot write to ${out} as another process does: current one is ${
          owner || "unknown"
        }. Wait for it, or choose another folder`,
      );
    }
    await file.truncate();
    await file.write(new TextEncoder().encode(`process ${Deno.pid}\n`));
    for (const folder of FOLDERS) await clear(`${out}/${folder}`);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** False if another process has the lock. */
async function tryLock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch {
    return true;
  }
}

async function clear(folder: string): Promise<void> {
  for (const name of await filesIn(folder)) {
    if (UNFINISHED.test(name)) await Deno.remove(`${folder}/${name}`);
  }
}
