import type { Dataset } from "../datasets/mod.ts";
import type { Flow } from "../flows/flow.ts";
import { evaluateFlow } from "./evaluate_flow.ts";
import type { QualityRun } from "./plan.ts";
import type { Scores } from "./record.ts";
import { score, testNoise } from "./score.ts";

/**
 * The scores of a trained flow on the test set of its run: with classes, given the label and without. A bound
 * by several draws of noise is one of pixels alone: it has no `nllNatsLogit`.
 */
export async function scoreFlow(
  flow: Flow,
  dataset: Dataset,
  run: QualityRun,
  signal?: AbortSignal,
): Promise<Scores> {
  const { noiseSamples = 1 } = run;
  const evaluate = async (marginal: boolean): Promise<Float64Array> => {
    const options = { noiseSamples, marginal, ...(signal && { signal }) };
    const { test } = dataset.splits;
    return (await evaluateFlow(flow, test, testNoise(run.dataset), options)).logProbs;
  };
  const logProbs = await evaluate(false);
  const marginal = flow.classes === null ? undefined : await evaluate(true);
  const scores = score(dataset, logProbs, flow.params, marginal);
  return noiseSamples === 1 ? scores : { ...scores, nllNatsLogit: null };
}
