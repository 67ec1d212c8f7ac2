import { type Dataset, exampleBatch } from "../datasets/mod.ts";
import { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { autoregressiveLayers } from "../flows/autoregressive_layers.ts";
import type { Flow } from "../flows/flow.ts";
import { contextOf } from "./training/_context.ts";

/**
 * Passes of Jacobi iteration in the direction that needs it: samples of a MAF, data under an IAF.
 * Null where a flow has no such layers, or so few coordinates that there is nothing to count.
 */
export function jacobiCounter(
  flow: Flow,
  fastDirection: string,
  dataset: Dataset,
): (() => number[]) | null {
  const layers = autoregressiveLayers(flow.bijector);
  if (layers.length === 0 || flow.dim < 3) return null;
  const rows = dataset.splits.validation;
  const indices = Int32Array.from({ length: Math.min(100, rows.count) }, (_, i) => i);
  return () => {
    for (const layer of layers) layer.inversion = "jacobi";
    tf.tidy(() => {
      const context = contextOf(flow, rows, indices);
      if (fastDirection === "density") flow.sample(indices.length, new Rng(0), { context });
      else {
        const values = exampleBatch(rows, indices, new Rng(0));
        flow.logProb(tf.tensor2d(values, [indices.length, rows.dim]), context);
      }
    });
    for (const layer of layers) layer.inversion = "incremental";
    const passes = layers.map((layer) => layer.passes);
    return fastDirection === "density" ? passes.reverse() : passes;
  };
}
