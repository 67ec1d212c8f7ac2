import {
  activate,
  activateInPlace,
  type LayerActivation,
  timesSlope,
  timesSlopeInPlace,
} from "./activation.ts";
import { allocate, asMatrix, matrixOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import type { Mask } from "./mask.ts";
import { installedKernels } from "./matmul.ts";
import { columnsOf, type Matrix, transposed } from "./matrix.ts";
import { multiply, multiplyInto, multiplyMasked, multiplyMaskedTransposed } from "./product.ts";
import * as tf from "./tf.ts";

/** Some neighbouring columns of a matrix. */
export interface Columns {
  readonly start: number;
  readonly count: number;
}

/** One layer of a perceptron; the tensors are borrowed. */
export interface DenseLayer {
  /** Shape [in, out]. */
  readonly kernel: tf.Tensor;
  /** Shape [out]; null: 0. */
  readonly bias: tf.Tensor | null;
  readonly activation: LayerActivation;
  /** Which of the kernel's connections exist; null: all. */
  readonly mask: Mask | null;
  /** Which columns of x it reads; null: all. */
  readonly columns: Columns | null;
}

/**
 * A dense or masked layer, without a gradient of its own: see {@link denseGradients}.
 *
 *     activation(x (W * M) + b)
 *
 * @param x Shape [..., in], or more columns where the layer reads a part of them.
 * @returns Shape [..., out].
 */
export function dense(x: tf.Tensor, layer: DenseLayer): tf.Tensor {
  const kernels = installedKernels();
  if (kernels) return denseInPlace(kernels, x, layer);
  return tf.reshape(denseByOperations(asMatrix(x), layer), shapeOf(x, layer.kernel));
}

/** What {@link denseGradients} returns. */
export interface DenseGradients {
  /** Shape of x; 0 in columns that the layer does not read. */
  readonly dx: tf.Tensor;
  readonly dKernel: tf.Tensor;
  /** Shape [out]. */
  readonly dBias: tf.Tensor;
}

/**
 * The gradients of {@link dense} before its activation.
 *
 *     dx = (delta (W * M)^T) * slope(x),   dW = (x^T delta) * M,   db = sum of delta's rows
 *
 * @param x What the layer read.
 * @param delta The gradient of its sums x (W * M) + b, shape [..., out].
 * @param layer As in {@link dense}; its own activation is not looked at.
 * @param before The activation that made x, whose slope follows from x; "linear" if there was none.
 */
export function denseGradients(
  x: tf.Tensor,
  delta: tf.Tensor,
  layer: DenseLayer,
  before: LayerActivation,
): DenseGradients {
  const kernels = installedKernels();
  if (kernels) return gradientsInPlace(kernels, x, delta, layer, before);
  const gradients = gradientsByOperations(asMatrix(x), asMatrix(delta), layer, before);
  return { ...gradients, dx: tf.reshape(gradients.dx, x.shape) };
}

/** Of what the layer makes of x. */
function shapeOf(x: tf.Tensor, kernel: tf.Tensor): number[] {
  return [...x.shape.slice(0, -1), kernel.shape[1]!];
}

function denseInPlace(
  kernels: Kernels,
  x: tf.Tensor,
  { kernel, bias, activation, mask, columns }: DenseLayer,
): tf.Tensor {
  const y = allocate(kernels, shapeOf(x, kernel));
  const [a, b] = [inputOf(kernels, x, columns), matrixOf(kernels, kernel)];
  const c = matrixOf(kernels, y);
  const options = { bias: bias ? kernels.address(bias) : 0, relu: activation === "relu" };
  if (mask) multiplyMasked(kernels, a, b, mask, c, options);
  else multiply(kernels, a, b, c, options);
  if (activation === "tanh") activateInPlace(kernels, y, activation);
  return y;
}

function gradientsInPlace(
  kernels: Kernels,
  x: tf.Tensor,
  delta: tf.Tensor,
  { kernel, mask, columns }: DenseLayer,
  before: LayerActivation,
): DenseGradients {
  const [dx, dKernel] = [allocate(kernels, x.shape), allocate(kernels, kernel.shape)];
  const dBias = allocate(kernels, [kernel.shape[1]!]);
  const input = inputOf(kernels, x, columns);
  const output = matrixOf(kernels, delta);
  const weights = matrixOf(kernels, kernel);
  const dInput = inputOf(kernels, dx, columns);
  const dWeights = matrixOf(kernels, dKernel);
  if (columns) kernels.fillRows(kernels.address(dx), 0, 1, dx.size, 0);
  if (mask) {
    multiplyMaskedTransposed(kernels, output, weights, mask, dInput);
    multiplyInto(kernels, transposed(input), output, mask, dWeights);
  } else {
    multiply(kernels, output, transposed(weights), dInput);
    multiply(kernels, transposed(input), output, dWeights);
  }
  kernels.sumRows(output.address, output.rows, output.columns, kernels.address(dBias));
  timesSlopeInPlace(kernels, dx, x, before);
  return { dx, dKernel, dBias };
}

function denseByOperations(
  x: tf.Tensor,
  { kernel, bias, activation, mask, columns }: DenseLayer,
): tf.Tensor2D {
  const input = columns ? tf.slice(x, [0, columns.start], [-1, columns.count]) : x;
  const weights = mask ? tf.mul(kernel, mask.dense) : kernel;
  const product = tf.matMul(input, weights);
  return activate(bias ? tf.add(product, bias) : product, activation) as tf.Tensor2D;
}

function gradientsByOperations(
  x: tf.Tensor,
  delta: tf.Tensor,
  { kernel, mask, columns }: DenseLayer,
  before: LayerActivation,
): DenseGradients {
  const input = columns ? tf.slice(x, [0, columns.start], [-1, columns.count]) : x;
  const weights = mask ? tf.mul(kernel, mask.dense) : kernel;
  let dx = tf.matMul(delta, weights, false, true);
  if (columns) {
    const { start, count } = columns;
    dx = tf.pad(dx, [[0, 0], [start, x.shape[1]! - start - count]]);
  }
  const product = tf.matMul(input, delta, true);
  return {
    dx: timesSlope(dx, x, before),
    dKernel: mask ? tf.mul(product, mask.dense) : product,
    dBias: tf.sum(delta, 0),
  };
}

function inputOf(kernels: Kernels, x: tf.Tensor, columns: Columns | null): Matrix {
  const whole = matrixOf(kernels, x);
  return columns ? columnsOf(whole, columns.start, columns.count) : whole;
}
