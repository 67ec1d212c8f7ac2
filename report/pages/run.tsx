import type { VNode } from "npm:preact@10.29.0";
import { canonical } from "../../benchmarks/canonical.ts";
import type { Record } from "../../benchmarks/record.ts";
import { rerunCommand } from "../../benchmarks/record_schema.ts";
import { chart, PALETTE, Plot, powersOfTen } from "../../benchmarks/figures/chart.ts";
import { DataTable } from "../data_table.tsx";
import { spaced } from "../../benchmarks/tables/format.ts";
import { key, type Site } from "../site.tsx";
import { TIME_COLUMNS } from "./tradeoff.tsx";
import { bitsOf, natsOf } from "../../benchmarks/tables/models.ts";
import { timedOf } from "../../benchmarks/tables/timings.ts";
import { modelName } from "../../benchmarks/plan.ts";

/** A picture of what a run made. */
export interface Picture {
  readonly path: string;
  readonly alt: string;
}

/** The title of a run. */
export function runTitle({ run }: Record): string {
  return `${modelName(run)} on ${spaced(run.dataset)}, seed ${run.seed}`;
}

/** All that is known of one run. */
export function runPage(site: Site, record: Record, pictures: readonly Picture[]): VNode {
  const { run, runId, status, reason, environment } = record;
  const command = rerunCommand(record, "results/again");
  return (
    <>
      <p class="crumb">
        <a href="../runs.html">Runs</a>
      </p>
      <h1>{runTitle(record)}</h1>
      <p class="lead">
        {headline(record)}Suite {run.suite}, profile {run.profile}: <strong>{status}</strong>
        {reason && `: ${reason}`}.
      </p>
      {scores(record)}
      {curve(site, record)}
      {pictures.map(({ path, alt }) => (
        <figure>
          <img src={`../${path}`} alt={alt} loading="lazy" />
          <figcaption>{alt}</figcaption>
        </figure>
      ))}
      {times(site, record)}
      <h2>Run it again</h2>
      {command === ""
        ? (
          <p>
            No command alone makes this run: its family was registered by a program, or other images
            took the place of MNIST's.
          </p>
        )
        : (
          <>
            <p>{promise(record)}</p>
            <pre tabIndex={0}><code>{command}</code></pre>
          </>
        )}
      <h2>Configuration</h2>
      {properties("What was run", flat(run))}
      {record.config && properties("The flow, with every default", flat(record.config))}
      <h2>Environment</h2>
      {properties("What computed it", {
        ...flat(environment),
        started: record.startedAt,
        record: `runs/${runId}.json`,
        "SHA-256 of the record": record.sha256 ?? "none: schema 1",
      })}
    </>
  );
}

/** What the command gives. */
function promise({ run, environment: { commit } }: Record): string {
  const code = commit && !commit.endsWith("-dirty")
    ? `At commit ${commit}`
    : commit
    ? `By the code as it was, which is that of commit ${commit.replace("-dirty", "")} with changes`
    : "By the same version of the code";
  return run.kind === "timing"
    ? `${code} the same is timed:`
    : `${code}, on the same machine and backend, the scores are the same, bit for bit:`;
}

function headline({ scores, energy }: Record): string {
  if (scores?.space === "pixel") return `${bitsOf(scores).toFixed(3)} bits/dim. `;
  if (scores) return `${natsOf(scores).nats.toFixed(3)} nats. `;
  return energy ? `KL ${energy.klNats.toFixed(3)} nats. ` : "";
}

function scores({ run, scores, energy, training }: Record): VNode | null {
  const found = scores ?? energy;
  if (!found) return null;
  const { logProbRange, ...rest } = { logProbRange: null, ...found };
  const values = {
    ...flat(rest),
    ...(logProbRange && { "log p: worst, median, best test example": logProbRange.join(", ") }),
    ...(training && flat(
      // A baseline is fitted, and has no steps.
      run.kind === "quality" && run.train === null
        ? { trainSeconds: training.trainSeconds }
        : { ...training, curve: undefined },
    )),
  };
  return properties("Scores", values);
}

function flat(object: object): { [name: string]: string } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [
    spaced(name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()),
    typeof value === "object" && value !== null ? canonical(value) : String(value ?? "none"),
  ]));
}

function properties(caption: string, values: { readonly [name: string]: string }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Table">
      <table class="properties">
        <caption>{caption}</caption>
        <tbody>
          {Object.entries(values).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What an objective's loss is called, and what selects the weights. */
const LOSSES = {
  likelihood: { loss: "negative log-likelihood", validation: "validation data" },
  reverseKl: { loss: "reverse KL but for log Z", validation: "latent draws kept for validation" },
};

/** Loss on batches and on validation data over steps. */
function curve(site: Site, { run, training, scores, runId }: Record): VNode | null {
  if (!training || training.curve.length < 2) return null;
  const isImage = scores?.space === "pixel";
  const { loss, validation } = LOSSES[run.kind === "energy" ? "reverseKl" : "likelihood"];
  const alt = `Training curve: ${loss} of training batches and of ${validation} over steps`;
  const lines = training.curve.flatMap(({ step, trainNats, validationNats }) => [
    { step, what: "training batches", nats: trainNats, colour: PALETTE.orange },
    { step, what: "validation", nats: validationNats, colour: PALETTE.blue },
  ]);
  const rows = lines.filter(({ nats }) => Number.isFinite(nats)).map((row) => ({
    ...row,
    value: isImage ? row.nats / (scores.dim * Math.LN2) + 8 : row.nats,
  }));
  const unit = isImage ? "bits/dim" : "nats";
  // The first looks are far off, and would leave no room for the others.
  const settled = rows.filter((_, i) => i >= 0.1 * rows.length).map(({ value }) => value);
  const [low, high] = [Math.min(...settled), Math.max(...settled)];
  const svg = chart({
    width: 760,
    height: 300,
    marginLeft: 60,
    marginBottom: 45,
    x: { label: "step" },
    y: {
      label: unit,
      grid: true,
      domain: [low - 0.05 * (high - low), high + 0.05 * (high - low) + 1e-9],
      clamp: true,
    },
    marks: [
      Plot.line(rows, { x: "step", y: "value", z: "what", stroke: "colour", strokeWidth: 2 }),
      Plot.dot(rows, {
        x: "step",
        y: "value",
        fill: "colour",
        r: 2,
        title: ({ what, step, value }) => `${what}, step ${step}: ${value.toFixed(4)} ${unit}`,
      }),
      Plot.ruleX([training.bestStep], {
        stroke: "currentColor",
        strokeOpacity: 0.4,
        strokeDasharray: "4 4",
      }),
    ],
  }, alt);
  return site.picture(
    "../",
    `curve-${runId}`,
    svg,
    alt,
    (
      <>
        {key(PALETTE.blue, "validation")}, {key(PALETTE.orange, "training batches")}: mean {loss},
        {" "}
        {unit}
        {isImage && ", of validation images with the same noise at each look"}. The weights of the
        dashed step were kept, chosen on {validation}. Values beyond the frame stand at its edge.
      </>
    ),
  );
}

/** What a page of one flow need not say, or has no room for. */
const ELSEWHERE = ["flow", "D", "per example", "passes", "profile, backend", "processor"];
const COLUMNS = TIME_COLUMNS.filter(({ name }) => !ELSEWHERE.includes(name));

const REPETITIONS = "Every timed repetition of each operation";

function times(site: Site, record: Record): VNode | null {
  const timed = timedOf([record]);
  if (timed.length === 0) return null;
  // A stroke for each repetition, and one path for all of an operation: pages stay small.
  const strokes = timed.flatMap(({ timing }, row) =>
    timing.samplesMs.flatMap((ms) => [[ms, row - 0.35], [ms, row + 0.35], [NaN, NaN]])
  );
  const names = timed.map(({ timing: { op, method, batch } }) =>
    `${op.replace("_", " ")} ${method}, ${batch}`
  );
  const svg = chart({
    width: 760,
    height: 60 + 20 * names.length,
    marginLeft: 190,
    x: {
      type: "log",
      label: "time of one repetition, ms",
      grid: true,
      ticks: powersOfTen(strokes.map(([ms]) => ms!)),
      tickFormat: String,
    },
    y: {
      label: null,
      domain: [-0.5, names.length - 0.5],
      reverse: true,
      ticks: names.keys().toArray(),
      tickFormat: (row: number) => names[row]!,
    },
    marks: [Plot.line(strokes, { stroke: PALETTE.blue, strokeOpacity: 0.6 })],
  }, REPETITIONS);
  return (
    <>
      <h2>Times</h2>
      <DataTable caption="Of one batch" columns={COLUMNS} rows={timed} />
      {site.picture(
        "../",
        `repetitions-${record.runId}`,
        svg,
        REPETITIONS,
        "Every repetition: operation, method, batch.",
      )}
    </>
  );
}
