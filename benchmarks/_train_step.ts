import type { Adam, AdamStepOptions } from "../engine/adam.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";

/**
 * One step of maximum likelihood: the gradient of the mean -log p(x), and Adam.
 *
 * @param flow Changed.
 * @param trained What is trained of it, in the order that the optimizer knows.
 * @param x Shape [batch, ...eventShape]; borrowed.
 * @returns The loss, nats, and the norm of its gradient, before the step.
 */
export async function trainStep(
  flow: Flow,
  trained: readonly tf.Variable[],
  optimizer: Adam,
  x: tf.Tensor,
  options: AdamStepOptions,
): Promise<{ loss: number; gradientNorm: number }> {
  const { value, grads } = tf.variableGrads(
    () => tf.neg(tf.mean(flow.logProb(x))) as tf.Scalar,
    [...trained],
  );
  const [loss] = await value.data();
  const { gradientNorm } = await optimizer.step(trained.map(({ name }) => grads[name]!), options);
  tf.dispose([value, grads]);
  return { loss: loss!, gradientNorm };
}
