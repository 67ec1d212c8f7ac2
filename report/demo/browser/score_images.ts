import { bitsPerDim } from "../../../benchmarks/metrics.ts";
import { exampleBatch } from "../../../datasets/rows.ts";
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import type { Flow } from "../../../flows/flow.ts";

/**
 * The bits/dim of images of 8 bits, dequantised with noise from a fixed seed.
 *
 * @param flow Borrowed.
 * @param levels Their pixels, 0 … 255, image after image.
 */
export async function scoreImages(flow: Flow, levels: Uint8Array<ArrayBuffer>): Promise<number[]> {
  const count = levels.length / flow.dim;
  const rows = { values: levels, count, dim: flow.dim, levels: 256, labels: null };
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  const x = exampleBatch(rows, indices, new Rng(0).split("noise"));
  const logProb = tf.tidy(() => flow.logProb(tf.tensor(x, [count, ...flow.eventShape])));
  const nats = await logProb.data();
  logProb.dispose();
  return Array.from(nats, (logProb) => bitsPerDim(-logProb, flow.dim, 256));
}
