import { allocate, sizesOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { installedKernels } from "./matmul.ts";
import * as tf from "./tf.ts";

/** What {@link affineInPlace} does; what the words mean is in flows/affine.ts. */
export interface AffineAttributes {
  /** The columns that change: `count` from `start` on. */
  readonly start: number;
  readonly count: number;
  /** Null: no scale. */
  readonly scaleMap: keyof typeof SCALE_MAPS | null;
  /** (x - t) / s in place of x s + t. */
  readonly standardise: boolean;
}

/**
 * x [batch, ..., dim] and its parameters: `params` [batch, ..., 2 count] with t before a (or t alone,
 * [batch, ..., count]), a row for each row of x; or `shift` and `raw`, each [count] or absent, one row for all.
 */
export interface AffineInputs {
  readonly x: tf.Tensor;
  readonly params?: tf.Tensor;
  readonly shift?: tf.Tensor;
  readonly raw?: tf.Tensor;
}

const NAME = "FlowbenchAffine";

/** The codes that the kernels have for scale maps. */
export const SCALE_MAPS = { exp: 0, tanh: 1, sigmoid2: 2 } as const;

/**
 * The kernel of an affine layer, as one operation with a gradient.
 *
 * @returns y, of the shape of x, and logDet [batch]; null where the kernels do not run.
 */
export function affineInPlace(
  inputs: AffineInputs,
  attributes: AffineAttributes,
): { y: tf.Tensor; logDet: tf.Tensor1D } | null {
  if (!installedKernels()) return null;
  const [y, logDet] = tf.engine().runKernel(
    NAME,
    // A list: TensorFlow.js saves all inputs of a gradient only of lists.
    Object.values(inputs) as unknown as tf.NamedTensorMap,
    { ...attributes, names: Object.keys(inputs) } as unknown as tf.NamedAttrMap,
  ) as [tf.Tensor, tf.Tensor1D];
  return { y, logDet };
}

/** Registers the kernel and its gradient on backend wasm. */
export function installAffine(kernels: Kernels): void {
  if (tf.getKernel(NAME, "wasm")) tf.unregisterKernel(NAME, "wasm");
  tf.registerKernel({
    kernelName: NAME,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const attributes = attrs as unknown as Attributes;
      return forward(kernels, named(inputs as unknown as tf.Tensor[], attributes), attributes);
    },
  });
  if (tf.getGradient(NAME)) tf.unregisterGradient(NAME);
  tf.registerGradient({
    kernelName: NAME,
    saveAllInputs: true,
    gradFunc: (dy, saved, attrs) => {
      const attributes = attrs as unknown as Attributes;
      const [dResult, dLogDet] = dy as [tf.Tensor, tf.Tensor];
      return backward(kernels, named(saved, attributes), dResult, dLogDet, attributes);
    },
  });
}

/** With the names of the inputs, in their order. */
interface Attributes extends AffineAttributes {
  readonly names: readonly (keyof AffineInputs)[];
}

function named(tensors: readonly tf.Tensor[], { names }: Attributes): AffineInputs {
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]!])) as unknown as AffineInputs;
}

/** Where the parameters are, or what has their shape, and the bytes from one row to the next. */
function addresses(
  kernels: Kernels,
  { params, shift, raw }: Omit<AffineInputs, "x">,
  { count, scaleMap }: AffineAttributes,
): { shiftAt: number; rawAt: number; line: number } {
  if (params) {
    const shiftAt = kernels.address(params);
    return { shiftAt, rawAt: scaleMap ? shiftAt + 4 * count : 0, line: 4 * params.shape.at(-1)! };
  }
  return {
    shiftAt: shift ? kernels.address(shift) : 0,
    rawAt: raw ? kernels.address(raw) : 0,
    line: 0,
  };
}

function forward(kernels: Kernels, inputs: AffineInputs, attributes: Attributes): tf.TensorInfo[] {
  const { x } = inputs;
  const { batch, rows, dim } = sizesOf(x);
  const { start, count, scaleMap, standardise } = attributes;
  const y = kernels.allocate(x.shape), logDet = kernels.allocate([batch]);
  const { shiftAt, rawAt, line } = addresses(kernels, inputs, attributes);
  // deno-fmt-ignore
  kernels.affine(
    kernels.address(x), shiftAt, rawAt, line, kernels.address(y), kernels.address(logDet), batch, rows,
    dim, start, count, scaleMap ? SCALE_MAPS[scaleMap] : 0, Number(standardise),
  );
  return [y, logDet];
}

function backward(
  kernels: Kernels,
  inputs: AffineInputs,
  dy: tf.Tensor,
  dLogDet: tf.Tensor,
  attributes: Attributes,
): Record<string, () => tf.Tensor> {
  const { batch, rows, dim } = sizesOf(inputs.x);
  const { start, count, scaleMap, standardise, names } = attributes;
  const tensors = names.map((name) => allocate(kernels, inputs[name]!.shape));
  const gradients = named(tensors, attributes);
  const from = addresses(kernels, inputs, attributes);
  const to = addresses(kernels, gradients, attributes);
  // deno-fmt-ignore
  kernels.affineGradient(
    kernels.address(inputs.x), from.shiftAt, from.rawAt, from.line, kernels.address(dy),
    kernels.address(dLogDet), kernels.address(gradients.x), to.shiftAt, to.rawAt, batch, rows, dim,
    start, count, scaleMap ? SCALE_MAPS[scaleMap] : 0, Number(standardise),
  );
  return Object.fromEntries(tensors.map((tensor, i) => [i, () => tensor]));
}
