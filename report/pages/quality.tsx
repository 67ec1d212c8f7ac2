import type { VNode } from "npm:preact@10.29.0";
import { DATASETS, ENERGIES } from "../../datasets/mod.ts";
import type { Record } from "../../benchmarks/record.ts";
import { DataTable, type TableColumn } from "../data_table.tsx";
import { grouped, spaced, withReach } from "../../benchmarks/tables/format.ts";
import { LEAST_GAP } from "../../benchmarks/figures/_panels.ts";
import { drawBudgets, LEAST_COMPARED } from "../../benchmarks/figures/budgets_figure.ts";
import { drawConvergence } from "../../benchmarks/figures/convergence_figure.ts";
import { drawGaps } from "../../benchmarks/figures/gaps_figure.ts";
import {
  bits,
  type Interval,
  isBaseline,
  labelNats,
  meanOf,
  type Model,
  modelNames,
  modelsOf,
  nats,
  toyModels,
} from "../../benchmarks/tables/models.ts";
import { type Protocol, PROTOCOLS, type Published } from "../published.ts";
import { CONV_VARIANTS } from "../../benchmarks/plan.ts";
import { SEPARATOR } from "../../benchmarks/tables/pivot.ts";
import { timedWith } from "../../benchmarks/tables/timings.ts";
import { uniqueSlug } from "../../benchmarks/tables/unique_slug.ts";
import type { Site } from "../site.tsx";

/** Scores of all models, beside published ones of the same protocol. */
export function quality(
  site: Site,
  records: readonly Record[],
  published: readonly Published[],
): VNode {
  return (
    <>
      <h1>Quality</h1>
      <p class="lead">
        Negative log-likelihood of test data, which train nothing and select no weights; what is
        owed to them all the same is under{" "}
        <a href="method.html">Method</a>. Lower is better. ±: half of the 95 % interval, over seeds
        where there are several, else over test examples, which says nothing of what another seed
        would give.
      </p>
      <h2>Images</h2>
      {imageTable(records, published)}
      <p class="note">
        Compare within a protocol. A bound by a learned map of the noise, or by several noise
        samples, is lower for the same density; a model that is trained with labels knows more,
        though it is scored without: the mean of its densities for all labels; without a logit the
        model works on other numbers. Published rows are as their sources have them.
      </p>
      <h2>Toy densities</h2>
      {toyTable(records)}
      {gapFigure(site, records)}
      {convergenceFigure(site, records)}
      {budgetsFigure(site, records)}
      {energies(records)}
    </>
  );
}

/** A row of the table of images: ours or published. */
interface ImageRow {
  readonly dataset: string;
  readonly protocol: string;
  readonly order: number;
  readonly model: string;
  readonly from: VNode | string;
  readonly fromText: string;
  readonly bits: Interval | number | null;
  readonly logitNats: number | null;
  readonly parameters: number | null;
  readonly steps: number | null;
  readonly seconds: number | null;
  readonly status: string;
}

const IMAGE_COLUMNS: readonly TableColumn<ImageRow>[] = [
  { name: "model", value: ({ model }) => model },
  { name: "data", value: ({ dataset }) => dataset, show: ({ dataset }) => spaced(dataset) },
  { name: "protocol", value: ({ protocol }) => protocol },
  {
    name: "bits/dim",
    value: ({ bits, status }) =>
      bits === null ? status : typeof bits === "number" ? bits : bits.mean,
    show: ({ bits, status }) =>
      bits === null ? status : typeof bits === "number" ? String(bits) : withReach(bits),
  },
  {
    name: "logit nats",
    title: "Mean of -log p of logit pixels, alpha = 1e-6",
    value: ({ logitNats }) => logitNats,
    show: ({ logitNats }) => logitNats?.toFixed(1) ?? "",
  },
  {
    name: "parameters",
    value: ({ parameters }) => parameters,
    show: ({ parameters }) => parameters === null ? "" : grouped(parameters),
  },
  {
    name: "steps",
    value: ({ steps }) => steps,
    show: ({ steps }) => steps === null ? "" : grouped(steps),
  },
  {
    name: "training, s",
    value: ({ seconds }) => seconds,
    show: ({ seconds }) => seconds === null ? "" : seconds.toFixed(0),
  },
  { name: "from", value: ({ fromText }) => fromText, show: ({ from }) => from },
];

/** What an overview shows of them. */
const BRIEF = ["model", "data", "protocol", "bits/dim", "from"];

/**
 * Our models of images and published ones, by data set and protocol, the best first.
 *
 * @param isBrief Fewer columns, and no filter.
 */
export function imageTable(
  records: readonly Record[],
  published: readonly Published[],
  isBrief = false,
): VNode | null {
  const models = modelsOf(records).filter(({ run }) =>
    run.suite !== "report" && DATASETS[run.dataset]?.kind === "images"
  );
  const datasets = new Set(models.map(({ run }) => run.dataset));
  const rows = [
    ...models.map(ourRow),
    ...published.filter(({ dataset }) => datasets.has(dataset)).map(publishedRow),
  ];
  const bitsOf = ({ bits }: ImageRow) =>
    bits === null ? Infinity : typeof bits === "number" ? bits : bits.mean;
  rows.sort((a, b) =>
    [...datasets].indexOf(a.dataset) - [...datasets].indexOf(b.dataset) ||
    a.order - b.order || bitsOf(a) - bitsOf(b)
  );
  return (
    <DataTable
      caption="Test bits/dim of images"
      columns={isBrief ? IMAGE_COLUMNS.filter(({ name }) => BRIEF.includes(name)) : IMAGE_COLUMNS}
      rows={rows}
      hasFilter={!isBrief}
    />
  );
}

function ourRow(model: Model): ImageRow {
  const { run, name, setting, records, scores } = model;
  const protocol = protocolOf(model);
  const training = records.map(({ training }) => training);
  // As in the tables: a failure is never averaged away.
  const ofAll = (values: readonly (number | null | undefined)[]) =>
    model.status === "ok" ? meanOf(values) : null;
  return {
    dataset: run.dataset,
    protocol: protocol === "baseline" ? "Baseline" : PROTOCOLS[protocol],
    order: protocol === "baseline" ? -1 : Object.keys(PROTOCOLS).indexOf(protocol),
    model: name,
    from: <a href={`runs/${records[0]!.runId}.html`}>this suite, {setting}</a>,
    fromText: `this suite, ${setting}`,
    bits: bits(model),
    logitNats: ofAll(
      scores.map((own) => own.nllNatsLogit === null ? null : own.nllNatsLogit + labelNats(own)),
    ),
    parameters: scores[0]?.params || null,
    steps: ofAll(training.map((training) => training?.steps || null)),
    seconds: ofAll(training.map((training) => training?.trainSeconds || null)),
    status: model.status,
  };
}

function publishedRow(row: Published): ImageRow {
  return {
    dataset: row.dataset,
    protocol: PROTOCOLS[row.protocol],
    order: Object.keys(PROTOCOLS).indexOf(row.protocol),
    model: `${row.model}, ${row.architecture}`,
    from: `${row.source} (${row.read})`,
    fromText: row.source,
    bits: row.bitsPerDim,
    logitNats: row.nllNatsLogit,
    parameters: null,
    steps: null,
    seconds: null,
    status: "",
  };
}

function protocolOf(model: Model): Protocol | "baseline" {
  const { run } = model;
  if (isBaseline(model)) return run.family === "gaussian" ? "flat" : "baseline";
  if (run.flow.classes !== undefined) return "class";
  if (run.flow.dequantization === "variational" || (run.noiseSamples ?? 1) > 1) return "vardeq";
  if ((run.flow.greyLevels ?? "equal") !== "equal") return "grey";
  if (run.flow.logitAlpha === undefined || run.flow.logitAlpha === null) return "paper";
  return CONV_VARIANTS.includes(run.variant) ? "conv" : "flat";
}

function floorOf(models: readonly Model[]): number | null {
  return models.flatMap(({ scores }) => scores)[0]?.floorNats ?? null;
}

/** A row for each data set (and profile, where there are several), a column for each model. */
export function toyTable(records: readonly Record[]): VNode | null {
  const models = toyModels(modelsOf(records));
  const settings = new Set(models.map(({ setting }) => setting));
  const groups = [
    ...Map.groupBy(models, ({ run, setting }) => `${run.dataset} ${setting}`).values(),
  ];
  const names = modelNames(models);
  // Of seeds that are not taken together, as of several versions, there are several.
  const find = (group: readonly Model[], name: string) =>
    group.filter((model) => model.name === name);
  const columns: TableColumn<readonly Model[]>[] = [
    {
      name: "data",
      value: ([first]) => first!.run.dataset + (settings.size > 1 ? `, ${first!.setting}` : ""),
      show: ([first]) => (
        <>
          <a href={`datasets/${uniqueSlug(first!.run.dataset)}.html`}>
            {spaced(first!.run.dataset)}
          </a>
          {settings.size > 1 && `, ${first!.setting}`}
        </>
      ),
    },
    {
      name: "entropy",
      title: "The floor: no density has a lower expected NLL",
      value: (group) => floorOf(group),
      show: (group) => floorOf(group)?.toFixed(3),
    },
    ...names.map((name): TableColumn<readonly Model[]> => ({
      name,
      value: (group) => {
        const [model, ...others] = find(group, name);
        if (!model) return null;
        return others.length > 0
          ? find(group, name).map(natsText).join(SEPARATOR)
          : nats(model)?.mean ?? model.status;
      },
      show: (group) =>
        find(group, name).map((model, i) => (
          <>
            {i > 0 && SEPARATOR}
            <a href={`runs/${model.records[0]!.runId}.html`}>{natsText(model)}</a>
          </>
        )),
    })),
  ];
  const caption = "Test NLL of toy densities, nats: the entropy and the KL";
  return <DataTable caption={caption} columns={columns} rows={groups} />;
}

function natsText(model: Model): string {
  return nats(model)?.mean.toFixed(3) ?? model.status;
}

/** Of captions of figures with a logarithmic axis of gaps. */
const LEAST_DRAWN = `Values below ${LEAST_GAP} are drawn there.`;

function gapFigure(site: Site, records: readonly Record[]): VNode | null {
  return site.figure(
    "",
    "gaps",
    drawGaps(records),
    "Gap to the entropy: KL of the true density to the flow's, estimated on test points, 95 % " +
      "intervals. " +
      LEAST_DRAWN,
  );
}

function convergenceFigure(site: Site, records: readonly Record[]): VNode | null {
  return site.figure(
    "",
    "convergence",
    drawConvergence(records),
    "How the gap falls in training: validation loss minus that of the true density, the median over seeds. " +
      "Curves flatten as the learning rate falls, to 1 % of its first value, and not only where nothing is left to gain. " +
      LEAST_DRAWN,
  );
}

function budgetsFigure(site: Site, records: readonly Record[]): VNode | null {
  return site.figure(
    "",
    "budgets",
    drawBudgets(records),
    "What more steps gain, left of 1: the KL of each flow of variant long, four times the steps, over that of the flat " +
      "flow of its seed, and in small dots over those of the flat flows of other seeds. Scored are the weights of the " +
      `best look. A KL below ${LEAST_COMPARED} nats counts as that.`,
  );
}

function energies(records: readonly Record[]): VNode | null {
  const fitted = records.filter(({ run }) => run.kind === "energy");
  if (fitted.length === 0) return null;
  const columns: TableColumn<Record>[] = [
    {
      name: "flow",
      value: ({ run }) => run.family,
      show: ({ run, runId }) => <a href={`runs/${runId}.html`}>{run.family}</a>,
    },
    { name: "energy", value: ({ run }) => run.dataset },
    { name: "seed", value: ({ run }) => run.seed },
    { name: "profile, backend", value: (record) => timedWith(record) },
    {
      name: "KL, nats",
      title: "KL of the flow to the normalised target",
      value: ({ energy, status }) => status === "ok" ? energy!.klNats : status,
      show: ({ energy, status }) =>
        status === "ok"
          ? `${energy!.klNats.toFixed(3)} ± ${(1.96 * energy!.klSe).toPrecision(2)}`
          : status,
    },
    {
      name: "ESS, %",
      title: "Effective sample size of the flow's importance weights, a share of the draws",
      value: ({ energy }) => energy ? 100 * energy.essFraction : null,
      show: ({ energy }) => energy ? (100 * energy.essFraction).toFixed(1) : "",
    },
    {
      name: "log Z by the flow",
      value: ({ energy }) => energy?.logZEstimate ?? null,
      show: ({ energy }) =>
        energy
          ? `${energy.logZEstimate.toFixed(3)} ± ${(1.96 * energy.logZEstimateSe).toPrecision(2)}`
          : "",
    },
    {
      name: "log Z",
      title: "By quadrature",
      value: ({ energy }) => energy?.logZ ?? null,
      show: ({ energy }) => energy?.logZ.toFixed(3) ?? "",
    },
  ];
  const sources = [...new Set(fitted.map(({ run }) => ENERGIES[run.dataset]?.source))];
  return (
    <>
      <h2>Energies</h2>
      <p>
        Flows fitted without data, by reverse KL, to energies of{" "}
        {sources.join("; ")}. The effective sample size cannot see what a flow misses.
      </p>
      <DataTable caption="Reverse KL to energies" columns={columns} rows={fitted} hasFilter />
    </>
  );
}
