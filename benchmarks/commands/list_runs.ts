import { engineInfo } from "../../engine/init_engine.ts";
import { toCsv } from "../tables/csv.ts";
import { identify } from "../make_run.ts";
import { decisiveOf, type Run } from "../plan.ts";
import { canonical } from "../canonical.ts";
import { listRecords, readRecord } from "../record_file.ts";
import type { Record } from "../record.ts";

/**
 * The planned runs as CSV. The status of one is that of its record, "unreadable" where that cannot be
 * used, "stale" where there is only a record of the same run by another version of its family or data
 * set, and else "planned".
 *
 * @param out The output folder with the records.
 * @param mnistDir The folder that the runs would take MNIST from.
 */
export async function listRuns(
  plan: readonly Run[],
  out: string,
  mnistDir?: string,
): Promise<string> {
  const records = new Map<string, Record | "unreadable">();
  const made = new Set<string>();
  for (const id of await listRecords(out)) {
    const record = await readRecord(out, id).catch((error: unknown) => {
      if (error instanceof SyntaxError) return null;
      throw error;
    });
    records.set(id, record ?? "unreadable");
    if (record) made.add(contentOf(record.run, record.environment));
  }
  const rows = await Promise.all(plan.map(async (run) => {
    const id = await identify(run, mnistDir);
    const found = records.get(id);
    const isStale = made.has(contentOf(run, engineInfo()));
    const status = found === "unreadable"
      ? found
      : found?.status ?? (isStale ? "stale" : "planned");
    return { run, id, status };
  }));
  return toCsv(rows, [
    { name: "run_id", value: ({ id }) => id },
    { name: "suite", value: ({ run }) => run.suite },
    { name: "profile", value: ({ run }) => run.profile },
    { name: "kind", value: ({ run }) => run.kind },
    { name: "dataset", value: ({ run }) => run.dataset },
    { name: "family", value: ({ run }) => run.family },
    { name: "variant", value: ({ run }) => run.variant },
    { name: "seed", value: ({ run }) => run.seed },
    { name: "expected_seconds", value: ({ run }) => run.expectedSeconds },
    { name: "status", value: ({ status }) => status },
  ]);
}

function contentOf(
  run: Run,
  { backend, threads }: { readonly backend: string; readonly threads: number },
): string {
  return canonical({ ...decisiveOf(run), backend, ...(run.kind === "timing" && { threads }) });
}
