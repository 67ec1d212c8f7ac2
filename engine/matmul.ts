import type { Kernels } from "./kernels/kernels.ts";
import { matrix, transposed } from "./matrix.ts";
import { multiply } from "./product.ts";
import * as tf from "./tf.ts";

/*
 * TensorFlow.js's own product on wasm reads transposed operands with a naive loop, and every backward
 * pass has them. It also keeps a packed copy of its second operand under the number of that tensor: see
 * `forgetCopies` in kernels/kernels.ts for what that means to who changes variables in place.
 */

/** The kernels of TensorFlow.js that are replaced. */
const NAMES = ["BatchMatMul", "_FusedMatMul", "Identity"] as const;

const stock = new Map<string, tf.KernelConfig>();
let installed: Kernels | undefined;

/** @returns Our kernels if they run on the current backend. */
export function installedKernels(): Kernels | undefined {
  return tf.getBackend() === "wasm" ? installed : undefined;
}

/**
 * Lets `tf.matMul`, `tf.fused.matMul` and their gradients run on our kernels on backend wasm, and copies
 * of tensors share their memory.
 *
 * @param kernels What {@link loadKernels} returned.
 */
export function installMatMul(kernels: Kernels): void {
  restoreMatMul();
  const ours = {
    BatchMatMul: (call: unknown) => matMul(kernels, call as Call),
    _FusedMatMul: (call: unknown) => fusedMatMul(kernels, call as Call),
    Identity: (call: unknown) => share(kernels, call as { inputs: { x: tf.TensorInfo } }),
  };
  for (const name of NAMES) {
    const config = tf.getKernel(name, "wasm");
    stock.set(name, config);
    replace({ ...config, kernelFunc: ours[name] });
  }
  installed = kernels;
}

/** Puts TensorFlow.js's own kernels back. */
export function restoreMatMul(): void {
  for (const config of stock.values()) replace(config);
  stock.clear();
  installed = undefined;
}

function replace(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}

/**
 * Another tensor of the same numbers in memory. TensorFlow.js's own copies them, and everything that a
 * tape keeps for a gradient goes through it.
 */
function share(
  { backend }: Kernels,
  { inputs: { x: { dataId, shape, dtype } } }: { readonly inputs: { readonly x: tf.TensorInfo } },
): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

/** What TensorFlow.js calls a matrix product with. */
interface Call {
  readonly inputs: {
    readonly a: tf.TensorInfo;
    readonly b: tf.TensorInfo;
    readonly bias?: tf.TensorInfo;
  };
  readonly attrs: {
    readonly transposeA: boolean;
    readonly transposeB: boolean;
    readonly activation?: string;
    readonly leakyreluAlpha?: number;
  };
}

/** C = op(A) op(B), for each matrix of the batch. */
function matMul(
  kernels: Kernels,
  { inputs: { a, b }, attrs: { transposeA, transposeB } }: Call,
  bias?: tf.TensorInfo,
  relu = false,
): tf.TensorInfo {
  checkFloat32(a, b);
  const [m, k] = matrixShape(a, transposeA);
  const [bRows, n] = matrixShape(b, transposeB);
  if (k !== bRows) {
    throw new TypeError(
      `Cannot evaluate matMul as the inner sizes must be equal: current shapes are [${a.shape}]${
        transposeA ? " transposed" : ""
      } and [${b.shape}]${transposeB ? " transposed" : ""}`,
    );
  }
  const aBatch = a.shape.slice(0, -2);
  const bBatch = b.shape.slice(0, -2);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const out = kernels.allocate([...batch, m, n]);
  const [aStart, bStart, cStart] = [a, b, out].map(kernels.address) as [number, number, number];
  const options = { bias: bias ? kernels.address(bias) : 0, relu };
  const aMatrices = operandMatrices(aBatch, batch);
  const bMatrices = operandMatrices(bBatch, batch);
  for (let i = 0; i < aMatrices.length; i++) {
    const aAddress = aStart + aMatrices[i]! * m * k * 4;
    const bAddress = bStart + bMatrices[i]! * k * n * 4;
    multiply(
      kernels,
      transposeA ? transposed(matrix(aAddress, k, m)) : matrix(aAddress, m, k),
      transposeB ? transposed(matrix(bAddress, n, k)) : matrix(bAddress, k, n),
      matrix(cStart + i * m * n * 4, m, n),
      options,
    );
  }
  return out;
}

/** The kernels that finish a fused product where ours does not. */
const ACTIVATIONS = new Map([
  ["relu", "Relu"],
  ["relu6", "Relu6"],
  ["elu", "Elu"],
  ["sigmoid", "Sigmoid"],
  ["leakyrelu", "LeakyRelu"],
]);

/** activation(op(A) op(B) + bias); a bias that is not one number per column is added afterwards. */
function fusedMatMul(kernels: Kernels, call: Call): tf.TensorInfo {
  const { inputs: { b, bias }, attrs: { transposeB, activation = "linear", leakyreluAlpha } } =
    call;
  if (activation !== "linear" && !ACTIVATIONS.has(activation)) {
    throw new RangeError(
      `Cannot evaluate fused.matMul as activation must be one of linear, ${
        [...ACTIVATIONS.keys()].join(", ")
      }: current value is "${activation}"`,
    );
  }
  if (bias) checkFloat32(bias);
  const perColumn = bias?.shape.length === 1 && bias.shape[0] === matrixShape(b, transposeB)[1];
  const finish = (name: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap = {}) => {
    const result = tf.getKernel(name, "wasm").kernelFunc({
      inputs,
      attrs,
      backend: kernels.backend,
    });
    kernels.backend.disposeData(out.dataId);
    return result as tf.TensorInfo;
  };
  const isFused = activation === "relu" && (!bias || perColumn);
  let out = matMul(kernels, call, perColumn ? bias : undefined, isFused);
  if (bias && !perColumn) out = finish("Add", { a: out, b: bias });
  if (activation === "linear" || isFused) return out;
  return finish(ACTIVATIONS.get(activation)!, { x: out }, { alpha: leakyreluAlpha ?? 0.2 });
}

/** @returns Rows and columns of op(tensor). */
function matrixShape({ shape }: tf.TensorInfo, transpose: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transpose ? [columns, rows] : [rows, columns];
}

/**
 * @param own The batch shape of an operand.
 * @param batch What it is broadcast to.
 * @returns For each matrix of the result, which matrix of the operand it takes.
 */
function operandMatrices(own: readonly number[], batch: readonly number[]): number[] {
  let matrices = [0];
  batch.forEach((size, axis) => {
    const ownSize = own[axis - batch.length + own.length] ?? 1;
    matrices = matrices.flatMap((matrix) =>
      Array.from({ length: size }, (_, i) => matrix * ownSize + (ownSize === 1 ? 0 : i))
    );
  });
  return matrices;
}

function checkFloat32(...tensors: tf.TensorInfo[]): void {
  for (const { dtype } of tensors) {
    if (dtype !== "float32") {
      throw new TypeError(
        `Cannot evaluate matMul as operands must be float32: current type is ${dtype}`,
      );
    }
  }
}
