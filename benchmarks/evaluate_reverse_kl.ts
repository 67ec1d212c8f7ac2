import type { Energy, Estimate } from "../datasets/mod.ts";
import type { Rng } from "../engine/rng.ts";
import type { Flow } from "../flows/flow.ts";
import { breathe } from "./training/_breathe.ts";
import { meanAndError } from "./metrics.ts";

/** How well a flow q fits a normalised target p = exp(-U) / Z, by draws of q. */
export interface ReverseKl {
  /** KL(q || p), nats: mean of log q + U, plus logZ. */
  readonly klNats: number;
  /** Its standard error over draws. */
  readonly klSe: number;
  /**
   * Effective sample size of the importance weights w = exp(-U) / q as a fraction of the draws,
   * (sum w)^2 / (N sum w^2): 1 for a perfect fit of what q covers. It cannot see a mode that q misses.
   */
  readonly essFraction: number;
  /** log of the integral of exp(-U), by quadrature. */
  readonly logZ: number;
  readonly logZError: number;
  /** The same by importance sampling, log mean w: below logZ where q misses a mode. */
  readonly logZEstimate: number;
  /** Its standard error, to first order. */
  readonly logZEstimateSe: number;
  readonly sampleCount: number;
}

/** Points drawn at once. */
const BATCH = 500;

/**
 * The reverse KL of a flow to an energy, and what the importance weights of its draws say.
 *
 * @param flow Borrowed.
 * @param energy Its number form is evaluated, in float64.
 * @param count Fresh draws.
 * @param rng Source of them: the same source, the same numbers.
 * @param options `signal` aborts between batches.
 * @throws {RangeError} If the count is not an integer >= 1, or a log-density or energy not finite.
 */
export async function evaluateReverseKl(
  flow: Flow,
  energy: Pick<Energy, "energy" | "logNormalizerNats">,
  count: number,
  rng: Rng,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ReverseKl> {
  const { logProbs, energies } = await drawWeighted(flow, energy, count, rng, options.signal);
  return scoreDraws(logProbs, energies, energy.logNormalizerNats());
}

/**
 * log q(x) and U(x) of draws x of a flow, nats.
 *
 * @throws {RangeError} If the count is not an integer >= 1.
 * @throws {TypeError} If the flow is not of the plane.
 */
export async function drawWeighted(
  flow: Flow,
  { energy }: Pick<Energy, "energy">,
  count: number,
  rng: Rng,
  signal?: AbortSignal,
): Promise<{ logProbs: Float64Array; energies: Float64Array }> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot draw from flow as count must be an integer >= 1: current value is ${count}`,
    );
  }
  if (flow.eventShape.length !== 1 || flow.eventShape[0] !== 2) {
    throw new TypeError(
      `Cannot draw from flow as energies are of the plane, event shape [2]: current one is [${
        flow.eventShape.join(", ")
      }]`,
    );
  }
  const logProbs = new Float64Array(count), energies = new Float64Array(count);
  for (let start = 0; start < count; start += BATCH) {
    const { x, logProb } = flow.sampleWithLogProb(Math.min(BATCH, count - start), rng);
    logProbs.set(await logProb.data(), start);
    const points = await x.data();
    for (let i = 0; 2 * i < points.length; i++) {
      energies[start + i] = energy(points[2 * i]!, points[2 * i + 1]!);
    }
    x.dispose();
    logProb.dispose();
    await breathe(signal);
  }
  return { logProbs, energies };
}

/**
 * The scores of draws from q.
 *
 *     klNats        = mean(log q + U) + logZ
 *     log w         = -U - log q
 *     logZEstimate  = log mean w
 *     essFraction   = (mean w)^2 / mean w^2
 *     standard error of log mean w = sd(w) / (mean w sqrt N) = sqrt((1 / essFraction - 1) / (N - 1))
 *
 * @param logProbs log q of each draw, nats.
 * @param energies U of each draw, nats.
 * @param logZ log of the integral of exp(-U).
 * @throws {RangeError} If a log-density or an energy is not finite.
 */
export function scoreDraws(
  logProbs: Float64Array,
  energies: Float64Array,
  logZ: Estimate,
): ReverseKl {
  const count = logProbs.length;
  const logWeights = logProbs.map((logProb, i) => -energies[i]! - logProb);
  const bad = logWeights.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot score draws as every log-density and energy must be finite: draw ${bad} has ` +
        `${logProbs[bad]} and ${energies[bad]}`,
    );
  }
  const { mean, error } = meanAndError(logWeights);
  // Divided by the largest weight: nothing overflows, and the sum is at least 1.
  const largest = logWeights.reduce((a, b) => Math.max(a, b));
  let sum = 0, squares = 0;
  for (const logWeight of logWeights) {
    const weight = Math.exp(logWeight - largest);
    sum += weight;
    squares += weight * weight;
  }
  const essFraction = sum * sum / (count * squares);
  return {
    klNats: logZ.value - mean,
    klSe: error,
    essFraction,
    logZ: logZ.value,
    logZError: logZ.error,
    logZEstimate: largest + Math.log(sum / count),
    logZEstimateSe: Math.sqrt(Math.max(0, 1 / essFraction - 1) / (count - 1)),
    sampleCount: count,
  };
}
