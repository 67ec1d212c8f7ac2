import type { Adam, AdamStepOptions } from "../../engine/adam.ts";
import type { Muon } from "../../engine/muon.ts";
import * as tf from "../../engine/tf.ts";
import type { Flow } from "../../flows/flow.ts";

/** The loss of maximum likelihood: the mean of -log p(x) over a batch, nats. */
export function nll(flow: Flow, x: tf.Tensor, context?: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.neg(tf.mean(flow.logProb(x, context))) as tf.Scalar);
}

/**
 * One step of training: the gradient of a loss, and the optimizer.
 *
 * @param loss Called once; what it makes is freed.
 * @param trained What is trained, in the order that the optimizer knows.
 * @returns The loss, nats, and the norm of its gradient, before the step.
 */
export async function trainStep(
  loss: () => tf.Scalar,
  trained: readonly tf.Variable[],
  optimizer: Adam | Muon,
  options: AdamStepOptions,
): Promise<{ loss: number; gradientNorm: number }> {
  const { value, grads } = tf.variableGrads(loss, [...trained]);
  const [lossNats] = await value.data();
  const { gradientNorm } = await optimizer.step(trained.map(({ name }) => grads[name]!), options);
  tf.dispose([value, grads]);
  return { loss: lossNats!, gradientNorm };
}
