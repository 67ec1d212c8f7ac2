import Table from "npm:cli-table3@0.6.5";
import { quantile } from "./metrics.ts";
import type { Record } from "./record.ts";

/**
 * The tables that are printed at the end: bits/dim by family and data set, then milliseconds by
 * family, operation and batch size.
 *
 * @param records Of the plan; those that are not "ok" show their status.
 */
export function summarise(records: readonly Record[]): string {
  const quality = records.filter(({ run }) => run.kind === "quality");
  const timing = records.filter(({ run }) => run.kind === "timing");
  const parts: string[] = [];
  if (quality.length > 0) {
    const families = unique(quality.map(({ run }) => run.family));
    const table = newTable(["NLL (nats; mnist: bits/dim)", "floor", ...families]);
    for (const dataset of unique(quality.map(({ run }) => run.dataset))) {
      const rows = quality.filter(({ run }) => run.dataset === dataset);
      const floor = rows.find(({ scores }) => scores?.floorNats != null)?.scores?.floorNats;
      table.push([
        dataset,
        floor == null ? "" : floor.toFixed(3),
        ...families.map((family) => cell(rows.filter(({ run }) => run.family === family))),
      ]);
    }
    parts.push(table.toString());
  }
  if (timing.length > 0) {
    const batches = unique(timing.flatMap(({ timings }) => timings.map(({ batch }) => batch)));
    const ops = ["density", "sample"] as const;
    const table = newTable([
      "median ms",
      "dim",
      ...ops.flatMap((op) => batches.map((batch) => `${op} of ${batch}`)),
    ]);
    for (const { run, timings } of timing) {
      const medians = ops.flatMap((op) =>
        batches.map((batch) => {
          const found = timings.find((timing) => timing.op === op && timing.batch === batch);
          if (!found) return "";
          const median = quantile(found.samplesMs.toSorted((a, b) => a - b), 0.5);
          return median.toPrecision(3) + (found.method === "sequential" ? " *" : "");
        })
      );
      table.push([run.family, run.kind === "timing" ? run.dim : "", ...medians]);
    }
    parts.push(table.toString(), "* one network pass per coordinate");
  }
  return parts.join("\n");
}

/** The mean over seeds, in the unit of the row. */
function cell(records: readonly Record[]): string {
  const bad = records.find(({ status }) => status !== "ok");
  if (bad) return bad.status;
  if (records.length === 0) return "";
  const values = records.map(({ scores }) =>
    scores!.space === "pixel" ? scores!.bitsPerDim : scores!.nllNats
  );
  return (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
}

function newTable(head: string[]): Table.Table {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => i === 0 ? "left" : "right"),
  });
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
