import {
  activate,
  activateInPlace,
  type LayerActivation,
  timesSlope,
  timesSlopeInPlace,
} from "./activation.ts";
import { dense, type DenseGradients, denseGradients } from "./dense.ts";
import { allocate, asMatrix, matrixOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { installedKernels } from "./matmul.ts";
import { type Matrix, rowsOf, transposed } from "./matrix.ts";
import { fold, patches } from "./patches.ts";
import { multiply } from "./product.ts";
import * as tf from "./tf.ts";

/** One layer of a convolutional network; the tensors are borrowed. */
export interface ConvLayer {
  /** Shape [9 in, out] for 3 x 3, rows ordered by line, column, input channel; [in, out] for 1 x 1. */
  readonly kernel: tf.Tensor;
  /** Shape [out]. */
  readonly bias: tf.Tensor;
  readonly activation: LayerActivation;
}

/** [batch, height, width, channels]. */
type Shape = [number, number, number, number];

/**
 * A convolution of stride 1, with zeros outside of the image so that its result is as large; without
 * a gradient of its own: see {@link convGradients}.
 *
 *     1 x 1:  y = activation(x W + b)             for each pixel
 *     3 x 3:  y = activation(patches(x) W + b)    a row of patches(x) is what a pixel sees, 9 in numbers
 *               = activation(fold(x W') + b)      a row of x W' is what a pixel gives, 9 out numbers
 *
 * Our kernels take the form with fewer numbers in between.
 *
 * @param x Shape [batch, height, width, in].
 * @returns Shape [batch, height, width, out].
 */
export function conv(x: tf.Tensor, layer: ConvLayer): tf.Tensor4D {
  const { kernel, bias, activation } = layer;
  if (isPointwise(x, kernel)) return dense(x, asDense(layer)) as tf.Tensor4D;
  const shape: Shape = [...x.shape.slice(0, 3), kernel.shape[1]!] as Shape;
  const kernels = installedKernels();
  if (!kernels) {
    const sums = tf.add(tf.matMul(patches(x), kernel as tf.Tensor2D), bias);
    return tf.reshape(activate(sums, activation), shape);
  }
  const y = allocate(kernels, shape) as tf.Tensor4D;
  if (narrows(kernel, x)) byFolding(kernels, x, layer, y);
  else byPatches(kernels, x, layer, y);
  activateInPlace(kernels, y, activation);
  return y;
}

/**
 * The gradients of {@link conv} before its activation.
 *
 *     dx = fold(delta W^T) * slope(x),   dW = patches(x)^T delta,   db = sum of delta's rows
 *        = patches(delta) W'^T * …             dW' = x^T patches(delta)
 *
 * @param x What the layer read.
 * @param delta The gradient of its sums, shape [batch, height, width, out].
 * @param layer As in {@link conv}; its own activation is not looked at.
 * @param before The activation that made x, whose slope follows from x; "linear" if there was none.
 */
export function convGradients(
  x: tf.Tensor,
  delta: tf.Tensor,
  layer: ConvLayer,
  before: LayerActivation,
): DenseGradients {
  const kernel = layer.kernel as tf.Tensor2D;
  if (isPointwise(x, kernel)) return denseGradients(x, delta, asDense(layer), before);
  const kernels = installedKernels();
  if (!kernels) {
    return {
      dx: timesSlope(fold(tf.matMul(asMatrix(delta), kernel, false, true), x.shape), x, before),
      dKernel: tf.matMul(patches(x), asMatrix(delta), true),
      dBias: tf.sum(asMatrix(delta), 0),
    };
  }
  const [dx, dKernel] = [allocate(kernels, x.shape), allocate(kernels, kernel.shape)];
  const dBias = allocate(kernels, layer.bias.shape);
  if (narrows(kernel, x)) gradientsByFolding(kernels, x, delta, kernel, dx, dKernel);
  else gradientsByPatches(kernels, x, delta, kernel, dx, dKernel);
  timesSlopeInPlace(kernels, dx, x, before);
  const from = matrixOf(kernels, delta);
  kernels.sumRows(from.address, from.rows, from.columns, kernels.address(dBias));
  return { dx, dKernel, dBias };
}

function isPointwise(x: tf.Tensor, kernel: tf.Tensor): boolean {
  return kernel.shape[0] === x.shape[3];
}

/** Whether there are fewer channels behind the layer than before it. */
function narrows(kernel: tf.Tensor, x: tf.Tensor): boolean {
  return kernel.shape[1]! < x.shape[3]!;
}

function asDense(layer: ConvLayer): Parameters<typeof dense>[1] {
  return { ...layer, mask: null, columns: null };
}

function byPatches(kernels: Kernels, x: tf.Tensor, layer: ConvLayer, y: tf.Tensor): void {
  const [weights, to] = [matrixOf(kernels, layer.kernel), matrixOf(kernels, y)];
  const bias = kernels.address(layer.bias);
  inBlocks(kernels, x, (block) => {
    block.gather(x);
    multiply(kernels, block.wide, weights, block.of(to), { bias });
  });
}

function byFolding(kernels: Kernels, x: tf.Tensor, layer: ConvLayer, y: tf.Tensor): void {
  const turned = turn(kernels, layer.kernel, x.shape[3]!);
  const [weights, from] = [matrixOf(kernels, turned), matrixOf(kernels, x)];
  inBlocks(kernels, y, (block) => {
    multiply(kernels, block.of(from), weights, block.wide);
    block.scatter(y, layer.bias);
  });
  turned.dispose();
}

function gradientsByPatches(
  kernels: Kernels,
  x: tf.Tensor,
  delta: tf.Tensor,
  kernel: tf.Tensor,
  dx: tf.Tensor,
  dKernel: tf.Tensor,
): void {
  const [weights, dWeights] = [transposed(matrixOf(kernels, kernel)), matrixOf(kernels, dKernel)];
  const output = matrixOf(kernels, delta);
  inBlocks(kernels, x, (block) => {
    const own = block.of(output);
    block.gather(x);
    multiply(kernels, transposed(block.wide), own, dWeights, { accumulate: !block.isFirst });
    multiply(kernels, own, weights, block.wide);
    block.scatter(dx);
  });
}

function gradientsByFolding(
  kernels: Kernels,
  x: tf.Tensor,
  delta: tf.Tensor,
  kernel: tf.Tensor,
  dx: tf.Tensor,
  dKernel: tf.Tensor,
): void {
  const turned = turn(kernels, kernel, x.shape[3]!);
  const dTurned = allocate(kernels, turned.shape);
  const [weights, dWeights] = [transposed(matrixOf(kernels, turned)), matrixOf(kernels, dTurned)];
  const [input, dInput] = [matrixOf(kernels, x), matrixOf(kernels, dx)];
  inBlocks(kernels, delta, (block) => {
    block.gather(delta);
    const options = { accumulate: !block.isFirst };
    multiply(kernels, transposed(block.of(input)), block.wide, dWeights, options);
    multiply(kernels, block.wide, weights, block.of(dInput));
  });
  turnBack(kernels, dTurned, dKernel);
  tf.dispose([turned, dTurned]);
}

/** Some neighbouring images of a batch, and a working matrix of 9 columns for each of their channels. */
interface Block {
  readonly isFirst: boolean;
  /** A row for each pixel of the block. */
  readonly wide: Matrix;
  /** The rows of the block, of a matrix with a row for each pixel of the batch. */
  of(pixels: Matrix): Matrix;
  /** wide = patches(x). */
  gather(x: tf.Tensor): void;
  /** y = fold(wide) + bias. */
  scatter(y: tf.Tensor, bias?: tf.Tensor): void;
}

/** Numbers of a working matrix: it should stay in the processor's cache. */
const BLOCK_SIZE = 1 << 18;

/** Goes through the images of a batch in blocks. */
function inBlocks(kernels: Kernels, images: tf.Tensor, work: (block: Block) => void): void {
  const [batch, height, width, channels] = images.shape as Shape;
  const pixels = height * width;
  const size = Math.min(batch, Math.max(1, Math.floor(BLOCK_SIZE / (pixels * 9 * channels))));
  const wide = allocate(kernels, [size * pixels, 9 * channels]);
  for (let start = 0; start < batch; start += size) {
    const count = Math.min(size, batch - start);
    const at = (x: tf.Tensor) => kernels.address(x) + 4 * start * pixels * channels;
    const matrix = rowsOf(matrixOf(kernels, wide), 0, count * pixels);
    work({
      isFirst: start === 0,
      wide: matrix,
      of: (all) => rowsOf(all, start * pixels, count * pixels),
      gather: (x) => kernels.gatherPatches(at(x), matrix.address, count, height, width, channels),
      scatter: (y, bias) => {
        const from = bias ? kernels.address(bias) : 0;
        kernels.foldPatches(matrix.address, at(y), count, height, width, channels, from);
      },
    });
  }
  wide.dispose();
}

/**
 * W' [in, 9 out] of W [9 in, out]: what pixel p sees through part k of W, that pixel gives to p through
 * part 8 - k, the place of p seen from there.
 */
function turn(kernels: Kernels, kernel: tf.Tensor, inputs: number): tf.Tensor {
  const outputs = kernel.shape[1]!;
  const turned = allocate(kernels, [inputs, 9 * outputs]);
  const [from, to] = [numbersOf(kernels, kernel), numbersOf(kernels, turned)];
  eachPart(inputs, outputs, (plain, other) => {
    for (let i = 0; i < outputs; i++) to[other + i] = from[plain + i]!;
  });
  return turned;
}

function turnBack(kernels: Kernels, turned: tf.Tensor, kernel: tf.Tensor): void {
  const outputs = kernel.shape[1]!;
  const [from, to] = [numbersOf(kernels, turned), numbersOf(kernels, kernel)];
  eachPart(turned.shape[0]!, outputs, (plain, other) => {
    for (let i = 0; i < outputs; i++) to[plain + i] = from[other + i]!;
  });
}

function eachPart(
  inputs: number,
  outputs: number,
  move: (plain: number, turned: number) => void,
): void {
  for (let k = 0; k < 9; k++) {
    for (let i = 0; i < inputs; i++) {
      move((k * inputs + i) * outputs, (i * 9 + 8 - k) * outputs);
    }
  }
}

function numbersOf(kernels: Kernels, tensor: tf.Tensor): Float32Array {
  return new Float32Array(kernels.memory.buffer, kernels.address(tensor), tensor.size);
}
