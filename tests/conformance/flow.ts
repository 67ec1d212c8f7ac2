/**
 * What every family passes beyond the suite of bijectors: a density that integrates to 1, samples
 * that follow it, a saved file that gives the same bits.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { type Flow, loadFlow, oneHot, saveFlow } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { classesInTurn } from "./bijector.ts";

/** A square that holds all but a negligible part of a density, and points a side. */
export interface Grid {
  readonly halfWidth: number;
  readonly points: number;
}

/** The integral of a 2-D density over a square around the origin, by the midpoint rule. */
export function integrate(flow: Flow, { halfWidth, points }: Grid, ofClass?: number): number {
  const step = 2 * halfWidth / points;
  let sum = 0;
  for (let row = 0; row < points; row++) {
    const line = new Float32Array(2 * points);
    for (let column = 0; column < points; column++) {
      line[2 * column] = -halfWidth + (column + 0.5) * step;
      line[2 * column + 1] = -halfWidth + (row + 0.5) * step;
    }
    const logProbs = tf.tidy(() => {
      const context = contextOf(flow, points, ofClass);
      return flow.logProb(tf.tensor2d(line, [points, 2]), context).dataSync();
    });
    for (const logProb of logProbs) sum += Math.exp(logProb);
  }
  return sum * step * step;
}

/** One class for all examples; without it the classes in turn. Undefined for a flow without classes. */
function contextOf(flow: Flow, count: number, ofClass?: number): tf.Tensor2D | undefined {
  if (flow.classes === null) return undefined;
  const { classes } = flow;
  return ofClass === undefined
    ? classesInTurn(count, classes)
    : oneHot(new Uint8Array(count).fill(ofClass), classes);
}

/** The 2-D density integrates to 1; that of one class where the flow has classes. */
export function assertIntegratesToOne(flow: Flow, grid: Grid, ofClass?: number): void {
  const integral = integrate(flow, grid, ofClass);
  assertAllClose([integral], [1], TOLERANCES.integral, "integral of the density");
}

/**
 * `sample` and `logProb` describe one distribution: for samples x of the flow and a box B around
 * the origin, the mean of 1{x in B} / p(x) is the volume of B. Fails at 5 standard errors, which a
 * correct flow does once in two million.
 */
export function assertSamplesFollowDensity(flow: Flow, rng: Rng, halfWidth = 0.5): void {
  const count = 20_000;
  const { dim } = flow;
  const [x, logProbs] = tf.tidy(() => {
    const context = contextOf(flow, count);
    const x = flow.sample(count, rng, { context });
    return [x.dataSync(), flow.logProb(x, context).dataSync()];
  });
  let sum = 0, squares = 0, inside = 0;
  for (let i = 0; i < count; i++) {
    if (x.subarray(i * dim, (i + 1) * dim).some((value) => Math.abs(value) > halfWidth)) continue;
    const weight = Math.exp(-logProbs[i]!);
    sum += weight;
    squares += weight * weight;
    inside++;
  }
  assert.ok(inside >= 100, `only ${inside} of ${count} samples fell into the box`);
  const mean = sum / count;
  const error = Math.sqrt((squares / count - mean * mean) / count);
  const volume = (2 * halfWidth) ** dim;
  assert.ok(
    Math.abs(mean - volume) <= 5 * error,
    `the box has volume ${volume}, the samples say ${mean} +- ${error}`,
  );
}

/** A flow saved and loaded has the same config, densities and samples, bit for bit. */
export async function assertSameWhenLoaded(flow: Flow): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await saveFlow(flow, `${folder}/flow.safetensors`);
    using loaded = await loadFlow(`${folder}/flow.safetensors`);
    assert.deepEqual(loaded.config, flow.config);
    const evaluate = (flow: Flow): number[] =>
      tf.tidy(() => {
        const x = tf.tensor(new Rng(3).uniform(10 * flow.dim), [10, ...flow.eventShape]);
        const context = contextOf(flow, 10);
        const samples = flow.sample(10, new Rng(4), { context });
        return [...flow.logProb(x, context).dataSync(), ...samples.dataSync()];
      });
    assert.deepEqual(evaluate(loaded), evaluate(flow));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
