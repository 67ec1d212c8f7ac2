import type { VNode } from "npm:preact@10.29.0";
import type { Record } from "../../benchmarks/record.ts";
import { withoutLong } from "../../benchmarks/tables/models.ts";
import { findings } from "../findings.tsx";
import type { Site } from "../site.tsx";
import { imageTable, toyTable } from "./quality.tsx";
import { directionsFigure, scalingFigure } from "./tradeoff.tsx";
import type { Published } from "../published.ts";

/** The page that people see first. */
export function overview(
  site: Site,
  records: readonly Record[],
  published: readonly Published[],
  citation: string,
): VNode {
  const scaling = scalingFigure(site, "", records);
  const environments = new Map(records.map(({ environment }) => [
    [environment.cpu, environment.cores, environment.backend, environment.gemm].join(),
    environment,
  ]));
  const dates = records.map(({ startedAt }) => startedAt.slice(0, 10)).sort();
  const commits = [...new Set(records.map(({ environment }) => environment.commit))];
  return (
    <>
      <h1>Flow-based generative models, measured</h1>
      <p class="lead">
        Test likelihood, sampling time and density-evaluation time of normalizing flows, side by
        side. Every number comes from a record that says how it was made.
      </p>
      <section aria-labelledby="findings">
        <h2 id="findings">Findings</h2>
        <ul class="findings">
          {findings(withoutLong(records)).map((finding) => <li>{finding}</li>)}
        </ul>
      </section>
      {scaling}
      {directionsFigure(site, "", records)}
      <section aria-labelledby="images">
        <h2 id="images">Images</h2>
        {imageTable(records, published, true)}
        <p class="note">
          With parameters, budgets and logit nats: <a href="quality.html">Quality</a>.
        </p>
      </section>
      <section aria-labelledby="toys">
        <h2 id="toys">Toy densities</h2>
        {toyTable(withoutLong(records))}
      </section>
      <section aria-labelledby="made">
        <h2 id="made">How it was made</h2>
        <p>
          {records.length} runs from {dates[0]} to {dates.at(-1)}, profiles{" "}
          {[...new Set(records.map(({ run }) => run.profile))].join(", ")}; commits{" "}
          {commits.join(", ")}.
        </p>
        <ul>
          {[...environments.values()].map(({ cpu, cores, os, backend, gemm, deno, tfjs }) => (
            <li>
              {cpu}, {cores} cores, {os}; {backend} ({gemm}), Deno {deno}, TensorFlow.js {tfjs}
            </li>
          ))}
        </ul>
        <p>
          Tables: <a href="data/quality.csv">quality.csv</a>,{" "}
          <a href="data/energy.csv">energy.csv</a>, <a href="data/timing.csv">timing.csv</a>,{" "}
          <a href="data/summary.csv">summary.csv</a>, <a href="data/scaling.csv">scaling.csv</a>,
          {" "}
          <a href="data/jacobi.csv">jacobi.csv</a>; all in one:{" "}
          <a href="data/results.json">results.json</a>.
        </p>
        <h3>To cite</h3>
        <pre tabIndex={0}><code>{citation}</code></pre>
      </section>
    </>
  );
}
