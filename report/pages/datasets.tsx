import type { VNode } from "npm:preact@10.29.0";
import type { Record } from "../../benchmarks/record.ts";
import { type DatasetDefinition, DATASETS, ENERGIES, type Energy } from "../../datasets/mod.ts";
import { DataTable, type TableColumn } from "../data_table.tsx";
import { grouped, spaced, withReach } from "../../benchmarks/tables/format.ts";
import { bits, gap, type Model, modelsOf, nats } from "../../benchmarks/tables/models.ts";
import type { Picture } from "./run.tsx";
import { modelName } from "../../benchmarks/plan.ts";
import { uniqueSlug } from "../../benchmarks/tables/unique_slug.ts";

/** A data set or an energy of the registries that records speak of, or null for another. */
function definitionOf(name: string): DatasetDefinition | Energy | null {
  return DATASETS[name] ?? ENERGIES[name] ?? null;
}

/** The data sets and energies of some records, in the order of their registries. */
export function datasetsOf(records: readonly Record[]): string[] {
  const used = new Set(
    records.filter(({ run }) => run.kind !== "timing").map(({ run }) => run.dataset),
  );
  const known = [...Object.keys(DATASETS), ...Object.keys(ENERGIES)];
  return [
    ...known.filter((name) => used.has(name)),
    ...[...used].filter((name) => !known.includes(name)),
  ];
}

/** All data sets, each with its picture. */
export function datasets(
  records: readonly Record[],
  pictures: ReadonlyMap<string, Picture>,
): VNode {
  return (
    <>
      <h1>Data sets</h1>
      <ul class="cards">
        {datasetsOf(records).map((name) => {
          const picture = pictures.get(name);
          return (
            <li>
              <a href={`datasets/${uniqueSlug(name)}.html`}>
                {picture && (
                  <img src={picture.path} alt="" width="120" height="120" loading="lazy" />
                )}
                <span>{spaced(name)}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** One data set: what it is, its true density beside what each family learned, and the scores. */
export function datasetPage(
  name: string,
  records: readonly Record[],
  truth: Picture | null,
  learned: readonly (Picture & { readonly record: Record })[],
): VNode {
  const definition = definitionOf(name);
  const models = modelsOf(records).filter(({ run }) => run.dataset === name);
  const entropy = models.flatMap(({ scores }) => scores).find(({ floorNats }) =>
    floorNats !== null
  );
  return (
    <>
      <p class="crumb">
        <a href="../datasets.html">Data sets</a>
      </p>
      <h1>{spaced(name)}</h1>
      {definition && <p class="lead">{definition.description}</p>}
      {definition && <p>Source: {definition.source}</p>}
      {entropy && (
        <p>
          Entropy: {entropy.floorNats!.toFixed(4)} nats, with an error of at most{" "}
          {entropy.floorError!.toExponential(0)}: no density has a lower expected NLL.
        </p>
      )}
      {(truth || learned.length > 0) && (
        <>
          <h2>{definition?.kind === "images" ? "Samples" : "The density, true and learned"}</h2>
          <ul class={definition?.kind === "images" ? "pictures" : "cards"}>
            {truth && (
              <li>
                <img src={`../${truth.path}`} alt={truth.alt} width="180" height="180" />
                <span>true</span>
              </li>
            )}
            {learned.map(({ path, alt, record: { run, runId } }) => (
              <li>
                <a href={`../runs/${runId}.html`}>
                  <img src={`../${path}`} alt={alt} loading="lazy" />
                  <span>
                    {modelName(run)}
                    {run.profile !== "quick" && `, ${run.profile}`}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {definition?.kind !== "images" && (
            <p class="note">
              One scale of colours for all: black is no density, yellow the highest of the true one.
            </p>
          )}
        </>
      )}
      <DataTable caption="Scores on test data" columns={COLUMNS} rows={models} />
    </>
  );
}

const COLUMNS: readonly TableColumn<Model>[] = [
  {
    name: "model",
    value: ({ name }) => name,
    show: ({ name, records }) => <a href={`../runs/${records[0]!.runId}.html`}>{name}</a>,
  },
  { name: "suite", value: ({ run }) => run.suite },
  { name: "profile", value: ({ setting }) => setting },
  { name: "seeds", value: ({ records }) => records.length },
  {
    name: "NLL, nats",
    title: "Of toy densities the entropy and the gap",
    value: (model) => nats(model)?.mean ?? model.status,
    show: (model) => {
      const found = nats(model);
      return found ? withReach(found) : model.status;
    },
  },
  {
    name: "bits/dim",
    value: (model) => bits(model)?.mean ?? null,
    show: (model) => bits(model)?.mean.toFixed(3) ?? "",
  },
  {
    name: "gap, nats",
    title: "KL of the true density to the flow's, estimated on test data",
    value: (model) => gap(model)?.mean ?? null,
    show: (model) => {
      const found = gap(model);
      return found ? withReach(found) : "";
    },
  },
  {
    name: "parameters",
    value: ({ scores }) => scores[0]?.params ?? null,
    show: ({ scores }) => scores[0] ? grouped(scores[0].params) : "",
  },
];
