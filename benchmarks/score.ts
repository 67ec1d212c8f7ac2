import type { Dataset } from "../datasets/mod.ts";
import { Rng } from "../engine/rng.ts";
import { meanLogitLogDet } from "./_logit.ts";
import { bitsPerDim, meanAndError, quantile } from "./metrics.ts";
import type { EnergyScores, Scores } from "./record.ts";

/** Dequantises the test set, the same for all flows, baselines and seeds. */
export function testNoise(dataset: string): Rng {
  return new Rng(784).split("test noise").split(dataset);
}

/** Latent draws that score flows on an energy: the same for all flows of one base, and all seeds. */
export function testLatents(energy: string): Rng {
  return new Rng(784).split("test latents").split(energy);
}

/**
 * The scores that need nothing but the log-densities of the test set.
 *
 * @param logProbs Of each test example; for a flow with classes given its label.
 * @param marginal For a flow with classes: the same whatever the label.
 */
export function score(
  dataset: Dataset,
  logProbs: Float64Array,
  params: number,
  marginal?: Float64Array,
): Scores {
  const { dim, levels, splits: { test }, entropyNats, logDensity, standardization } = dataset;
  const { nllNats, error } = meanNll(dataset, logProbs);
  const kl = logDensity === null
    ? null
    : meanAndError(logProbs.map((logProb, row) =>
      logDensity(test.values[2 * row]!, test.values[2 * row + 1]!) - logProb
    ));
  const sorted = Array.from(logProbs).sort((a, b) => a - b);
  return {
    dim,
    params,
    space: levels === null ? "data" : "pixel",
    nllNats,
    nllSe: error,
    ...(marginal && { nllNatsMarginal: meanNll(dataset, marginal).nllNats }),
    nllNatsLogit: levels === null ? null : nllNats + meanLogitLogDet(test, testNoise(dataset.name)),
    bitsPerDim: bitsPerDim(nllNats, dim, levels),
    floorNats: entropyNats?.value ?? null,
    floorError: entropyNats?.error ?? null,
    gapNats: entropyNats === null ? null : nllNats - entropyNats.value,
    klNats: kl?.mean ?? null,
    klSe: kl?.error ?? null,
    logProbRange: [sorted[0]!, quantile(sorted, 0.5), sorted.at(-1)!],
    roundTripMaxError: null,
    testCount: test.count,
    dataHash: dataset.hash,
    ...(standardization && { standardization }),
  };
}

function meanNll(
  dataset: Dataset,
  logProbs: Float64Array,
): { readonly nllNats: number; readonly error: number } {
  const { mean, error } = meanAndError(logProbs);
  if (!Number.isFinite(mean)) {
    const row = logProbs.findIndex((value) => !Number.isFinite(value));
    throw new RangeError(
      `Cannot score ${dataset.name} as every log-density must be finite: test example ${row} has ${
        logProbs[row]
      }`,
    );
  }
  return { nllNats: -mean, error };
}

/** Why no density can have this score; "" where one can. */
export function impossibility(
  { nllNats, nllSe, floorNats, floorError, bitsPerDim, space }: Scores,
): string {
  if (floorNats !== null && nllNats < floorNats - 4 * Math.hypot(nllSe, floorError ?? 0)) {
    return `The test NLL ${nllNats} lies more than 4 standard errors below the entropy ${floorNats}`;
  }
  if (space === "pixel" && bitsPerDim < 0) {
    return `${bitsPerDim} bits/dim is impossible for discrete data: the least is 0`;
  }
  return "";
}

/** Why no density can have this KL; "" where one can. */
export function impossibleKl({ klNats, klSe, logZError }: EnergyScores): string {
  return klNats < -4 * Math.hypot(klSe, logZError)
    ? `The KL ${klNats} lies more than 4 standard errors below 0`
    : "";
}
