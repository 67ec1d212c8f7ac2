import { bitsPerDim } from "../../../benchmarks/metrics.ts";
import { exampleBatch } from "../../../datasets/rows.ts";
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import type { Flow } from "../../../flows/flow.ts";

/**
 * The bits/dim of one image of 8 bits, dequantised with the same noise whatever the image.
 *
 * @param flow Borrowed.
 * @param levels Its pixels, 0 … 255.
 */
export async function scoreImage(flow: Flow, levels: Uint8Array<ArrayBuffer>): Promise<number> {
  const rows = { values: levels, count: 1, dim: flow.dim, levels: 256, labels: null };
  const x = exampleBatch(rows, [0], new Rng(0).split("noise"));
  const logProb = tf.tidy(() => flow.logProb(tf.tensor(x, [1, ...flow.eventShape])));
  const [nats] = await logProb.data();
  logProb.dispose();
  return bitsPerDim(-nats!, flow.dim, 256);
}
