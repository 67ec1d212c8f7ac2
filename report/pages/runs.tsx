import type { VNode } from "npm:preact@10.29.0";
import type { Record } from "../../benchmarks/record.ts";
import { DataTable, type TableColumn } from "../data_table.tsx";
import { spaced } from "../../benchmarks/tables/format.ts";
import { bitsOf, natsOf } from "../../benchmarks/tables/models.ts";
import { modelName } from "../../benchmarks/plan.ts";

const COLUMNS: readonly TableColumn<Record>[] = [
  {
    name: "run",
    value: ({ runId }) => runId,
    show: ({ runId, run }) => (
      <a href={`runs/${runId}.html`}>
        {modelName(run)} on {spaced(run.dataset)}
      </a>
    ),
  },
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ run }) => run.profile },
  { name: "seed", value: ({ run }) => run.seed },
  { name: "status", value: ({ status }) => status },
  {
    name: "nats",
    title: "Test NLL, of toy densities the entropy and the KL, or KL to an energy",
    value: (record) => natsOfRun(record),
    show: (record) => natsOfRun(record)?.toFixed(3) ?? "",
  },
  {
    name: "bits/dim",
    value: ({ scores }) => scores && bitsOf(scores),
    show: ({ scores }) => scores ? bitsOf(scores).toFixed(3) : "",
  },
  {
    name: "training, s",
    value: ({ training }) => training?.trainSeconds ?? null,
    show: ({ training }) => training?.trainSeconds.toFixed(1) ?? "",
  },
  { name: "backend", value: ({ environment }) => environment.backend },
  { name: "commit", value: ({ environment }) => environment.commit },
  { name: "started", value: ({ startedAt }) => startedAt.slice(0, 16).replace("T", " ") },
];

function natsOfRun({ scores, energy }: Record): number | null {
  return scores ? natsOf(scores).nats : energy?.klNats ?? null;
}

/** Every run, each with a page of its own. */
export function runs(records: readonly Record[]): VNode {
  return (
    <>
      <h1>Runs</h1>
      <p class="lead">
        Each has a page with its configuration, curve, environment, and the command that makes it
        again.
      </p>
      <DataTable caption={`${records.length} runs`} columns={COLUMNS} rows={records} hasFilter />
    </>
  );
}
