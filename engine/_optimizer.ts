import { addAll } from "./add_all.ts";
import * as tf from "./tf.ts";

/** The sum of the squares of all numbers. */
export async function sumSquares(tensors: readonly tf.Tensor[]): Promise<number> {
  if (tensors.length === 0) return 0;
  const sum = tf.tidy(() => addAll(tensors.map((tensor) => tensor.square().sum())));
  const [value] = await sum.data();
  sum.dispose();
  return value!;
}

/** Gives a variable the numbers of a tensor, in memory of its own. */
export function assignCopy(to: tf.Variable, from: tf.Tensor): void {
  tf.tidy(() => to.assign(tf.mul(from, 1)));
}

/** Whether it is in [0, infinity). */
export function isFiniteSize(x: number): boolean {
  return x >= 0 && Number.isFinite(x);
}

/** Whether it is a number of steps. */
export function isCount(x: number): boolean {
  return Number.isSafeInteger(x) && x >= 0;
}

/**
 * Refuses what is no step of the variables.
 *
 * @throws {TypeError} If the gradients do not match the variables.
 * @throws {RangeError} If learningRate or clipNorm is out of its range.
 */
export function checkStep(
  action: string,
  gradients: readonly tf.Tensor[],
  variables: readonly tf.Variable[],
  { learningRate, clipNorm }: { readonly learningRate: number; readonly clipNorm: number },
): void {
  checkShapes(`${action} as gradients`, gradients, variables);
  checkRange(action, { learningRate }, "finite and >= 0", isFiniteSize);
  checkRange(action, { clipNorm }, "> 0", (x) => x > 0);
}

/** @throws {RangeError} Where a value is not in the range, saying which. */
export function checkRange(
  action: string,
  values: Record<string, number>,
  range: string,
  isIn: (x: number) => boolean,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (!isIn(value)) {
      throw new RangeError(
        `Cannot ${action} as ${name} must be ${range}: current value is ${value}`,
      );
    }
  }
}

/** @throws {TypeError} If the tensors have not the shapes of the wanted ones, in float32. */
export function checkShapes(
  subject: string,
  tensors: readonly tf.Tensor[],
  wanted: readonly tf.Tensor[],
): void {
  if (
    tensors.length !== wanted.length ||
    tensors.some(({ shape, dtype }, i) =>
      dtype !== "float32" || !tf.util.arraysEqual(shape, wanted[i]!.shape)
    )
  ) {
    const describe = (list: readonly tf.Tensor[]) =>
      list.map(({ dtype, shape }) => `${dtype} [${shape.join(", ")}]`).join("; ");
    throw new TypeError(
      `Cannot ${subject} must be ${describe(wanted)}: current are ${describe(tensors)}`,
    );
  }
}
