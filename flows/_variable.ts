import * as tf from "../engine/tf.ts";

let instances = 0;

/** How many numbers of a variable can have an influence, where that is not all of them. */
const used = new WeakMap<tf.Variable, number>();

/**
 * A variable with a name of its own. TensorFlow.js wants names that are unique in the process, a
 * saved flow wants names that are the same in every process: the part after the colon.
 *
 * @param name Path inside the flow: `layer0/coupling/kernel1`.
 * @param values One number per element, row-major; copied.
 * @param options `trainable` false marks what is drawn once and kept; `used` says how many of the numbers
 *   have an influence, where a mask or a triangle leaves some out.
 */
export function createVariable(
  name: string,
  shape: number[],
  values: Float32Array | Int32Array,
  options: { trainable?: boolean; used?: number } = {},
): tf.Variable {
  const variable = tf.tidy(() =>
    tf.variable(
      tf.tensor(values, shape, values instanceof Int32Array ? "int32" : "float32"),
      options.trainable ?? true,
      `${instances++}:${name}`,
    )
  );
  if (options.used !== undefined) used.set(variable, options.used);
  return variable;
}

/** How many numbers of a variable are parameters: 0 of what is not trained. */
export function countParams(variable: tf.Variable): number {
  return variable.trainable ? used.get(variable) ?? variable.size : 0;
}

/** The name inside the flow, as given to {@link createVariable}. */
export function variableName(variable: tf.Variable): string {
  return variable.name.slice(variable.name.indexOf(":") + 1);
}

/** Frees a list of variables. */
export function disposeVariables(variables: readonly tf.Variable[]): void {
  for (const variable of variables) variable.dispose();
}
