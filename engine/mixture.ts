import { SCALE_MAPS } from "./affine.ts";
import { allocate, sizesOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { installedKernels } from "./matmul.ts";
import * as tf from "./tf.ts";

/** What {@link mixtureInPlace} does; what the words mean is in flows/mixture.ts. */
export interface MixtureAttributes {
  /** The columns that change: `count` from `start` on. */
  readonly start: number;
  readonly count: number;
  /** At least 2. */
  readonly components: number;
  readonly scaleMap: keyof typeof SCALE_MAPS;
  readonly isInverse: boolean;
}

const NAME = "FlowbenchMixture";

/** Numbers of working memory for each component, of which there are a multiple of 4; see assembly/mixture.ts. */
const LINES = 8;

/**
 * The kernel of a mixture's map, as one operation with a gradient.
 *
 * @param x Shape [batch, ..., dim].
 * @param params Shape [batch, ..., 3 count components].
 * @returns y, of the shape of x, and logDet [batch]; null where the kernels do not run.
 */
export function mixtureInPlace(
  x: tf.Tensor,
  params: tf.Tensor,
  attributes: MixtureAttributes,
): { y: tf.Tensor; logDet: tf.Tensor1D } | null {
  if (!installedKernels()) return null;
  const [y, logDet] = tf.engine().runKernel(
    NAME,
    // A list: TensorFlow.js saves all inputs of a gradient only of lists.
    [x, params] as unknown as tf.NamedTensorMap,
    { ...attributes } as unknown as tf.NamedAttrMap,
  ) as [tf.Tensor, tf.Tensor1D];
  return { y, logDet };
}

/** Registers the kernel and its gradient on backend wasm. */
export function installMixture(kernels: Kernels): void {
  if (tf.getKernel(NAME, "wasm")) tf.unregisterKernel(NAME, "wasm");
  tf.registerKernel({
    kernelName: NAME,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const [x, params] = inputs as unknown as [tf.Tensor, tf.Tensor];
      return forward(kernels, x, params, attrs as unknown as MixtureAttributes);
    },
  });
  if (tf.getGradient(NAME)) tf.unregisterGradient(NAME);
  tf.registerGradient({
    kernelName: NAME,
    saveAllInputs: true,
    outputsToSave: [true, false],
    gradFunc: (dy, saved, attrs) => {
      const [dResult, dLogDet] = dy as [tf.Tensor, tf.Tensor];
      const [x, params, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const attributes = attrs as unknown as MixtureAttributes;
      const data = attributes.isInverse ? y : x;
      return backward(kernels, data, params, dResult, dLogDet, attributes);
    },
  });
}

/** Working memory of a call. */
function linesFor(kernels: Kernels, components: number): tf.TensorInfo {
  return kernels.allocate([LINES * Math.ceil(components / 4) * 4]);
}

function forward(
  kernels: Kernels,
  x: tf.Tensor,
  params: tf.Tensor,
  { start, count, components, scaleMap, isInverse }: MixtureAttributes,
): tf.TensorInfo[] {
  const { batch, rows, dim } = sizesOf(x);
  const y = kernels.allocate(x.shape), logDet = kernels.allocate([batch]);
  const lines = linesFor(kernels, components);
  // deno-fmt-ignore
  kernels.mixture(
    kernels.address(x), kernels.address(params), kernels.address(y), kernels.address(logDet), batch, rows,
    dim, start, count, components, SCALE_MAPS[scaleMap], Number(isInverse), kernels.address(lines),
  );
  kernels.backend.disposeData(lines.dataId);
  return [y, logDet];
}

/** @param x What the map from data to latent is given, or the inverse has found. */
function backward(
  kernels: Kernels,
  x: tf.Tensor,
  params: tf.Tensor,
  dy: tf.Tensor,
  dLogDet: tf.Tensor,
  { start, count, components, scaleMap, isInverse }: MixtureAttributes,
): Record<string, () => tf.Tensor> {
  const { batch, rows, dim } = sizesOf(x);
  const dx = allocate(kernels, x.shape), dParams = allocate(kernels, params.shape);
  const lines = linesFor(kernels, components);
  // deno-fmt-ignore
  kernels.mixtureGradient(
    kernels.address(x), kernels.address(params), kernels.address(dy), kernels.address(dLogDet),
    kernels.address(dx), kernels.address(dParams), batch, rows, dim, start, count, components,
    SCALE_MAPS[scaleMap], Number(isInverse), kernels.address(lines),
  );
  kernels.backend.disposeData(lines.dataId);
  return { 0: () => dx, 1: () => dParams };
}
