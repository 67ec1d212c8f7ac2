import { writeAtomically } from "../../engine/write_atomically.ts";
import { ifThere } from "../_if_there.ts";
import { lockFolder } from "../lock_folder.ts";
import { canonical } from "../canonical.ts";
import { readRecords, recordPath } from "../record_file.ts";
import type { Record } from "../record.ts";
import { writeTables } from "../tables.ts";

/** What {@link mergeFolders} did. */
export interface Merged {
  /** Those that the tables show. */
  readonly records: readonly Record[];
  /** Which runs were found more than once, and which record was kept. */
  readonly notes: readonly string[];
}

/**
 * Puts the records and saved flows of output folders into one, and writes its tables. Of a run that was
 * made more than once a record that is ok counts before one that is not, then the later one.
 *
 * @param from Folders that are read; nothing in them changes.
 * @param out Folder that they go to; records that it has take part.
 * @throws {SyntaxError} If a record cannot be read; then nothing was written.
 */
export async function mergeFolders(from: readonly string[], out: string): Promise<Merged> {
  using _ = await lockFolder(out);
  const kept = new Map<string, { record: Record; folder: string }>();
  const notes: string[] = [];
  for (const folder of new Set([out, ...from])) {
    for (const record of await readRecords(folder)) {
      const other = kept.get(record.runId);
      const isBetter = other === undefined || compare(record, other.record) > 0;
      if (other && canonical(record) !== canonical(other.record)) {
        const [best, rest] = isBetter ? [folder, other.folder] : [other.folder, folder];
        notes.push(`${record.runId}: kept that of ${best}, not that of ${rest}`);
      }
      if (isBetter) kept.set(record.runId, { record, folder });
    }
  }
  for (const [id, { folder }] of kept) {
    if (folder === out) continue;
    // The flow first: a record says that all of its run is there.
    const saved = `checkpoints/${id}.safetensors`;
    const bytes = await ifThere(Deno.readFile(`${folder}/${saved}`));
    if (bytes) await writeAtomically(`${out}/${saved}`, bytes);
    else await ifThere(Deno.remove(`${out}/${saved}`)); // Of a record that is replaced.
    await writeAtomically(recordPath(out, id), await Deno.readFile(recordPath(folder, id)));
  }
  return { records: await writeTables(out), notes };
}

function compare(a: Record, b: Record): number {
  const rank = ({ status }: Record): number => status === "ok" ? 1 : 0;
  return rank(a) - rank(b) || (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0);
}
