import type { Dataset } from "../datasets/mod.ts";
import type { Flow } from "../flows/flow.ts";
import { evaluateFlow } from "./evaluate_flow.ts";
import type { QualityRun } from "./plan.ts";
import type { Scores } from "./record.ts";
import { score, testNoise } from "./score.ts";

/** The scores of a trained flow on the test set of its run: with classes, given the label and without. */
export async function scoreFlow(
  flow: Flow,
  dataset: Dataset,
  run: QualityRun,
  signal?: AbortSignal,
): Promise<Scores> {
  const evaluate = async (marginal: boolean): Promise<Float64Array> => {
    const options = {
      noiseSamples: run.noiseSamples ?? 1,
      marginal,
      ...(signal && { signal }),
    };
    const { test } = dataset.splits;
    return (await evaluateFlow(flow, test, testNoise(run.dataset), options)).logProbs;
  };
  const logProbs = await evaluate(false);
  const marginal = flow.classes === null ? undefined : await evaluate(true);
  return score(dataset, logProbs, flow.params, marginal);
}
