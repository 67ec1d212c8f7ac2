import type * as tf from "../engine/tf.ts";
import { createVariable, variableName } from "./_variable.ts";
import { checkContext } from "./bijector.ts";

/**
 * V of a network with classes, [classes, width of its first layer]: a bias for each class, which starts
 * at zero as biases do. Null without classes.
 *
 * @param name Path of the network's variables: it is `name/context`.
 */
export function createContextKernel(
  name: string,
  classes: number | undefined,
  width: number,
): tf.Variable | null {
  if (classes === undefined) return null;
  return createVariable(`${name}/context`, [classes, width], new Float32Array(classes * width));
}

/** Whether a variable is made by {@link createContextKernel}. */
export function isContextKernel(variable: tf.Variable): boolean {
  return variableName(variable).endsWith("/context");
}

/** The context that a network reads, checked; undefined for one without classes, which reads none. */
export function readContext(
  action: string,
  context: tf.Tensor | undefined,
  kernel: tf.Variable | null,
  batch: number,
): tf.Tensor2D | undefined {
  if (kernel === null) return undefined;
  checkContext(action, context, kernel.shape[0]!, batch);
  return context;
}
