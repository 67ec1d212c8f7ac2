import { exampleBatch, type Rows } from "../datasets/mod.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { logitInPlace } from "./_logit.ts";
import { choleskyFactor, solveLowerInPlace } from "./_cholesky.ts";
import { mean } from "./metrics.ts";

/** What a baseline learned. */
export interface FittedBaseline {
  readonly params: number;
  /** What was chosen on the validation set, for the record. */
  readonly config: { readonly [option: string]: number };
  /**
   * @param rows As in the data set.
   * @param noise Source of the dequantisation noise, where a baseline needs it.
   * @returns log p(x) of each row, nats; of x in [0, 1) for 8-bit data.
   */
  logProbs(rows: Rows, noise: Rng): Float64Array;
}

/** A density to compare flows with: fitted in closed form, tuned on the validation set only. */
export interface Baseline {
  readonly name: string;
  readonly version: number;
  fit(
    data: { readonly train: Rows; readonly validation: Rows },
    rng: Rng,
  ): FittedBaseline | Promise<FittedBaseline>;
}

/** The best of a few settings by validation log-likelihood. */
function select<Setting>(
  settings: readonly Setting[],
  score: (setting: Setting) => number,
): Setting {
  const scores = settings.map(score);
  return settings[scores.indexOf(Math.max(...scores))]!;
}

/**
 * What is made of the settings that are possible: those that lead to a RangeError are left out.
 *
 * @throws {RangeError} If none is possible.
 */
function usable<Setting, Made>(
  settings: readonly Setting[],
  make: (setting: Setting) => Made,
): Made[] {
  let problem: unknown;
  const made = settings.flatMap((setting) => {
    try {
      return [make(setting)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problem = error;
      return [];
    }
  });
  if (made.length === 0) throw problem;
  return made;
}

/** Every pixel value alike: log2(levels) bits per dimension. */
const uniform: Baseline = {
  name: "uniform",
  version: 1,
  fit: () => ({ params: 0, config: {}, logProbs: ({ count }) => new Float64Array(count) }),
};

/**
 * Independent pixels, each with its own histogram over the levels.
 *
 *     p(x) = prod_i levels (n_i(k_i) + s) / (N + levels s),   k_i = floor(levels x_i)
 *
 * The smoothing s is the best of a few on the validation set. It is a density of the discrete
 * data and needs no dequantisation.
 */
const histogram: Baseline = {
  name: "histogram",
  version: 1,
  fit({ train, validation }) {
    const { dim, count, values } = train;
    const levels = requireLevels(train);
    const counts = new Float64Array(dim * levels);
    for (let i = 0; i < count * dim; i++) counts[(i % dim) * levels + values[i]!]!++;
    const logProbs = (rows: Rows, smoothing: number): Float64Array => {
      const table = counts.map((n) =>
        Math.log(levels * (n + smoothing) / (count + levels * smoothing))
      );
      return Float64Array.from({ length: rows.count }, (_, row) => {
        let sum = 0;
        for (let i = 0; i < dim; i++) sum += table[i * levels + rows.values[row * dim + i]!]!;
        return sum;
      });
    };
    const smoothing = select(
      [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
      (candidate) => mean(logProbs(validation, candidate)),
    );
    return {
      params: dim * (levels - 1),
      config: { smoothing },
      logProbs: (rows) => logProbs(rows, smoothing),
    };
  },
};

/** Validation rows that choose the ridge. */
const RIDGE_ROWS = 1_000;

/**
 * One Gaussian with a full covariance: over the data, or over logit pixels for 8-bit data.
 *
 *     y = x  or  y = logit(alpha + (1 - 2 alpha) x),   log p(x) = log N(y; mu, C + r I) + log |dy/dx|
 *
 * Mean and covariance of the training set, dequantised once; the ridge r is the best of a few on
 * the validation set.
 *
 * Source: the "Gaussian" row of Papamakarios et al. 2017, Table 1.
 */
const gaussian: Baseline = {
  name: "gaussian",
  version: 1,
  async fit({ train, validation }, rng) {
    const { dim } = train;
    const { mu, covariance } = await moments(train, rng.split("fit noise"));
    const factor = (ridge: number): Float64Array => {
      const matrix = covariance.slice();
      for (let i = 0; i < dim; i++) matrix[i * dim + i]! += ridge;
      return choleskyFactor(matrix, dim);
    };
    const logProbs = (rows: Rows, noise: Rng, lower: Float64Array): Float64Array => {
      let logNormaliser = -0.5 * dim * Math.log(2 * Math.PI);
      for (let i = 0; i < dim; i++) logNormaliser -= Math.log(lower[i * dim + i]!);
      return Float64Array.from({ length: rows.count }, (_, row) => {
        const { y, logDet } = transformed(rows, row, noise);
        for (let i = 0; i < dim; i++) y[i]! -= mu[i]!;
        solveLowerInPlace(lower, y);
        return logNormaliser + logDet - 0.5 * y.reduce((sum, value) => sum + value * value, 0);
      });
    };
    const few = { ...validation, count: Math.min(RIDGE_ROWS, validation.count) };
    const { ridge, lower } = select(
      usable([1e-6, 1e-3, 1e-2, 0.1], (ridge) => ({ ridge, lower: factor(ridge) })),
      ({ lower }) => mean(logProbs(few, rng.split("validation noise"), lower)),
    );
    return {
      params: dim + dim * (dim + 1) / 2,
      config: { ridge },
      logProbs: (rows, noise) => logProbs(rows, noise, lower),
    };
  },
};

/** The baselines by name. */
export const BASELINES: Readonly<Record<string, Baseline>> = { uniform, histogram, gaussian };

function requireLevels({ levels }: Rows): number {
  if (levels === null) {
    throw new TypeError("Cannot fit histogram as its data must be 8-bit: current data are real");
  }
  return levels;
}

/** A row as the Gaussian sees it, and log |dy/dx|. */
function transformed(
  rows: Rows,
  row: number,
  noise: Rng,
): { y: Float64Array; logDet: number } {
  const y = Float64Array.from(exampleBatch(rows, Int32Array.of(row), noise));
  return { y, logDet: rows.levels === null ? 0 : logitInPlace(y) };
}

/** Rows multiplied at once, in float32; sums over blocks are float64. */
const BLOCK = 1_000;

async function moments(
  rows: Rows,
  noise: Rng,
): Promise<{ mu: Float64Array; covariance: Float64Array }> {
  const { count, dim } = rows;
  const mu = new Float64Array(dim);
  const centred = new Float32Array(count * dim);
  for (let row = 0; row < count; row++) {
    const { y } = transformed(rows, row, noise);
    centred.set(y, row * dim);
    for (let i = 0; i < dim; i++) mu[i]! += y[i]! / count;
  }
  for (let i = 0; i < centred.length; i++) centred[i]! -= mu[i % dim]!;
  const covariance = new Float64Array(dim * dim);
  for (let start = 0; start < count; start += BLOCK) {
    const block = centred.subarray(start * dim, Math.min(start + BLOCK, count) * dim);
    const product = tf.tidy(() => {
      const x = tf.tensor2d(block, [block.length / dim, dim]);
      return tf.matMul(x, x, true);
    });
    const products = await product.data();
    product.dispose();
    for (let i = 0; i < covariance.length; i++) covariance[i]! += products[i]! / count;
  }
  return { mu, covariance };
}
