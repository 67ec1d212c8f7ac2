import * as tf from "../engine/tf.ts";

let instances = 0;

/**
 * A variable with a name of its own. TensorFlow.js wants names that are unique in the process, a
 * saved flow wants names that are the same in every process: the part after the colon.
 *
 * @param name Path inside the flow: `layer0/coupling/kernel1`.
 * @param values One number per element, row-major; copied.
 * @param options `trainable` false marks what is drawn once and kept.
 */
export function createVariable(
  name: string,
  shape: number[],
  values: Float32Array | Int32Array,
  options: { trainable?: boolean } = {},
): tf.Variable {
  return tf.tidy(() =>
    tf.variable(
      tf.tensor(values, shape, values instanceof Int32Array ? "int32" : "float32"),
      options.trainable ?? true,
      `${instances++}:${name}`,
    )
  );
}

/** The name inside the flow, as given to {@link createVariable}. */
export function variableName(variable: tf.Variable): string {
  return variable.name.slice(variable.name.indexOf(":") + 1);
}

/** Frees a list of variables. */
export function disposeVariables(variables: readonly tf.Variable[]): void {
  for (const variable of variables) variable.dispose();
}
