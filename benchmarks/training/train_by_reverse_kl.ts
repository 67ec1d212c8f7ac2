import type { Energy } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import type { Flow } from "../../flows/flow.ts";
import { drawWeighted } from "../evaluate_reverse_kl.ts";
import { mean } from "../metrics.ts";
import { optimize, type TrainHooks, type TrainResult } from "./optimize.ts";
import { type TrainConfig, trainConfig } from "./train_config.ts";

/** Latent draws that select the weights, where the caller does not say how many. */
const VALIDATION_COUNT = 5_000;

/**
 * The loss of reverse KL: an unbiased estimate of KL(q || p) - log Z, nats.
 *
 *     mean over draws of log q(x) + U(x),   x = inverse(z),   log q(x) = log p_Z(z) - logDet
 *
 * @param flow The density q.
 * @param energy U; p = exp(-U) / Z.
 * @param count Fresh latent draws.
 * @param rng Source of them.
 */
export function reverseKl(
  flow: Flow,
  energy: Pick<Energy, "energies">,
  count: number,
  rng: Rng,
): tf.Scalar {
  return tf.tidy(() => {
    const { x, logProb } = flow.sampleWithLogProb(count, rng);
    return tf.mean(tf.add(logProb, energy.energies(x))) as tf.Scalar;
  });
}

/**
 * Fits a flow to an energy without data: Adam, or Muon, on the reverse KL of fresh latent draws, and the
 * weights of the best reverse KL of fixed validation draws kept. What is initialised from data is
 * initialised from the other side: so that latent draws become points of mean 0 and variance 1.
 *
 * A flow that misses a mode pays only -log of the mass that it covers: reverse KL may settle on some
 * modes where maximum likelihood would cover all.
 *
 * @param flow Trained in place.
 * @param energy Its tensor form is learned from, its number form validates.
 * @param options What differs from 1,000 steps of 256 draws at a learning rate of 1e-3, and the
 *   number of validation draws, 5,000.
 * @param rng Source of the draws.
 * @param hooks See {@link TrainHooks}.
 * @returns Losses in it are KL(q || p) - log Z, nats; there are no epochs.
 * @throws {RangeError} If an option is out of range.
 * @throws {DivergenceError} If a loss or a gradient is not finite.
 *
 * @example
 * ```ts
 * import { createFlow, ENERGIES, evaluateReverseKl, initEngine, Rng, trainByReverseKl } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * const rng = new Rng(0), u2 = ENERGIES["u2"]!;
 * using flow = createFlow("iaf", { eventShape: [2], layers: 2, hidden: [16] }, rng.split("init"));
 * const before = await evaluateReverseKl(flow, u2, 1_000, rng.split("test"));
 * await trainByReverseKl(flow, u2, { maxSteps: 50, learningRate: 1e-2 }, rng.split("train"));
 * const after = await evaluateReverseKl(flow, u2, 1_000, rng.split("test"));
 * assert.ok(after.klNats < before.klNats - 0.5);
 * ```
 */
export async function trainByReverseKl(
  flow: Flow,
  energy: Pick<Energy, "energy" | "energies">,
  options: Partial<TrainConfig> & { readonly validationCount?: number },
  rng: Rng,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const { validationCount = VALIDATION_COUNT, ...rest } = options;
  const config = trainConfig(rest);
  if (!Number.isSafeInteger(validationCount) || validationCount < 1) {
    throw new RangeError(
      `Cannot train flow as validationCount must be an integer >= 1: current value is ${validationCount}`,
    );
  }
  let latents = rng.split("latents");
  const result = await optimize(
    flow,
    {
      initialize: () =>
        tf.tidy(() => flow.bijector.initialize?.(flow.latents(config.batch, latents), "latent")),
      loss: () => reverseKl(flow, energy, config.batch, latents),
      validate: async () => {
        const draws = rng.split("validation latents");
        const { logProbs, energies } = await drawWeighted(flow, energy, validationCount, draws);
        return mean(logProbs.map((logProb, i) => logProb + energies[i]!));
      },
      get draws() {
        return { streams: [latents.state], position: 0 };
      },
      set draws({ streams: [state] }) {
        latents = new Rng(state!);
      },
    },
    config,
    rng.path,
    hooks,
  );
  return { ...result, epochs: null };
}
