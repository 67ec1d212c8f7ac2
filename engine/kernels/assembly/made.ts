// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { affineScale, affineSlope } from "./affine.ts";
import { madd } from "./madd.ts";
import { exp4, tanh4 } from "./math.ts";

/*
 * One block of coordinates of the inversion of a masked autoregressive layer, and of the solve that
 * its gradient needs. What these do as a whole, and the products between two blocks, is in
 * ../../made_inverse.ts.
 *
 * Coordinates count in the order in which they are solved, units by their degree: unit u of a layer
 * depends on as many coordinates as its degree says. In here items (coordinates, units) are lines of
 * `lanes` numbers, one for each example, so that all sums run over whole vectors; padding lanes
 * compute on zeros. Few examples are in work at a time, `atOnce`, a multiple of four; no sum runs
 * over examples, so bits do not depend on it.
 *
 * `layers` points to one row of int32 per hidden layer, first to last:
 *   0  address of its sums [batch, units]; final units hold their activations there
 *   1  units
 *   2  address of its kernel [inputs or units before, units]
 *   3  address of int32 [dim]: at d, how many units have a degree of at most d
 *   4  address of working memory, a line for each unit of the block
 *   5  in the gradient: address of the gradients of its sums [batch, units]
 */

const LAYER: i32 = 24;
const RELU: i32 = 1;

function sumsOf(layer: usize): usize {
  return load<u32>(layer);
}
function unitsOf(layer: usize): i32 {
  return load<i32>(layer, 4);
}
function kernelOf(layer: usize): usize {
  return load<u32>(layer, 8);
}
/** How many units have a degree of at most d. */
function countTo(layer: usize, d: i32): i32 {
  return load<i32>(<usize> load<u32>(layer, 12) + (d << 2));
}
function linesOf(layer: usize): usize {
  return load<u32>(layer, 16);
}
function slopesOf(layer: usize): usize {
  return load<u32>(layer, 20);
}

/** The column of a coordinate, and of its shift in the output. */
function columnOf(position: i32, dim: i32, isDescending: i32): i32 {
  return isDescending ? dim - 1 - position : position;
}

/** The lanes for so many rows: vectors are of four. */
function lanesFor(rows: i32): i32 {
  return (rows + 3) & ~3;
}

/** line[r] = matrix[row + r, column], and 0 in the padding. */
function gatherLine(
  line: usize,
  matrix: usize,
  columns: i32,
  column: i32,
  row: i32,
  rows: i32,
): void {
  let from = matrix + (row * columns + column << 2);
  const lanes = lanesFor(rows);
  for (let r = 0; r < rows; r++, from += columns << 2) store<f32>(line + (r << 2), load<f32>(from));
  for (let r = rows; r < lanes; r++) store<f32>(line + (r << 2), 0);
}

/** matrix[row + r, column] = line[r]. */
function scatterLine(
  line: usize,
  matrix: usize,
  columns: i32,
  column: i32,
  row: i32,
  rows: i32,
): void {
  let to = matrix + (row * columns + column << 2);
  for (let r = 0; r < rows; r++, to += columns << 2) store<f32>(to, load<f32>(line + (r << 2)));
}

/** to += the sum over i of weight_i line_i; weights lie `stride` bytes apart, lines side by side. */
function addLines(
  to: usize,
  lines: usize,
  weights: usize,
  stride: i32,
  count: i32,
  lanes: i32,
): void {
  const lineBytes = lanes << 2;
  let b: usize = 0;
  for (; b + 64 <= <usize> lineBytes; b += 64) {
    let s0 = v128.load(to + b), s1 = v128.load(to + b, 16);
    let s2 = v128.load(to + b, 32), s3 = v128.load(to + b, 48);
    let from = lines + b, weight = weights;
    for (let i = 0; i < count; i++, from += lineBytes, weight += stride) {
      const w = v128.load_splat<f32>(weight);
      s0 = madd(w, v128.load(from), s0);
      s1 = madd(w, v128.load(from, 16), s1);
      s2 = madd(w, v128.load(from, 32), s2);
      s3 = madd(w, v128.load(from, 48), s3);
    }
    v128.store(to + b, s0);
    v128.store(to + b, s1, 16);
    v128.store(to + b, s2, 32);
    v128.store(to + b, s3, 48);
  }
  for (; b < <usize> lineBytes; b += 16) {
    let sum = v128.load(to + b);
    let from = lines + b, weight = weights;
    for (let i = 0; i < count; i++, from += lineBytes, weight += stride) {
      sum = madd(v128.load_splat<f32>(weight), v128.load(from), sum);
    }
    v128.store(to + b, sum);
  }
}

/**
 * Solves the coordinates from … to - 1.
 *
 *     x_i = z_i s_i + mu_i,   logDet += log s_i,   then the units of degree i + 1
 *
 * @param z Shape [batch, dim]; x as well, where the result goes.
 * @param params The network's output [batch, 2 dim]: what earlier blocks say; completed.
 * @param outKernel Kernel of the output layer, [units of the last layer, 2 dim].
 * @param logDet Shape [batch]; added to.
 * @param scratch Working memory: 4 lines, and one for each coordinate of the block.
 */
export function madeBlock(
  layers: usize,
  layerCount: i32,
  from: i32,
  to: i32,
  batch: i32,
  atOnce: i32,
  dim: i32,
  isDescending: i32,
  z: usize,
  x: usize,
  params: usize,
  outKernel: usize,
  logDet: usize,
  scaleMap: i32,
  activation: i32,
  scratch: usize,
): void {
  const lastLayer = layers + (layerCount - 1) * LAYER;
  for (let row = 0; row < batch; row += atOnce) {
    const rows = min(atOnce, batch - row), lanes = lanesFor(rows);
    const line = lanes << 2;
    const mu = scratch, raw = scratch + line, zs = scratch + 2 * line, dets = scratch + 3 * line;
    const xs = scratch + 4 * line;
    gatherLine(dets, logDet, 1, 0, row, rows);
    for (let i = from; i < to; i++) {
      const column = columnOf(i, dim, isDescending);
      gatherLine(mu, params, 2 * dim, column, row, rows);
      gatherLine(raw, params, 2 * dim, dim + column, row, rows);
      gatherLine(zs, z, dim, column, row, rows);
      if (layerCount) {
        // What the units that became final in this block say of coordinate i.
        const first = countTo(lastLayer, from);
        const weights = outKernel + first * (dim << 3) + (column << 2);
        const count = countTo(lastLayer, i) - first;
        addLines(mu, linesOf(lastLayer), weights, dim << 3, count, lanes);
        addLines(raw, linesOf(lastLayer), weights + (dim << 2), dim << 3, count, lanes);
      } else {
        const weights = outKernel + columnOf(from, dim, isDescending) * (dim << 3) + (column << 2);
        const stride = isDescending ? -(dim << 3) : dim << 3;
        addLines(mu, xs, weights, stride, i - from, lanes);
        addLines(raw, xs, weights + (dim << 2), stride, i - from, lanes);
      }
      scatterLine(mu, params, 2 * dim, column, row, rows);
      scatterLine(raw, params, 2 * dim, dim + column, row, rows);
      const own = xs + (i - from) * line;
      for (let b: usize = 0; b < <usize> line; b += 16) {
        const logS = affineScale(v128.load(raw + b), scaleMap);
        v128.store(own + b, f32x4.add(f32x4.mul(v128.load(zs + b), exp4(logS)), v128.load(mu + b)));
        v128.store(dets + b, f32x4.add(v128.load(dets + b), logS));
      }
      scatterLine(own, x, dim, column, row, rows);
      if (i + 1 < dim) {
        for (let l = 0; l < layerCount; l++) {
          finishUnits(layers + l * LAYER, l, from, i, row, rows, dim, isDescending, xs, activation);
        }
      }
    }
    scatterLine(dets, logDet, 1, 0, row, rows);
  }
}

/** Computes the units whose degree is i + 1: their last input has become known. */
function finishUnits(
  layer: usize,
  index: i32,
  from: i32,
  i: i32,
  row: i32,
  rows: i32,
  dim: i32,
  isDescending: i32,
  xs: usize,
  activation: i32,
): void {
  const lanes = lanesFor(rows);
  const line = lanes << 2;
  const units = unitsOf(layer);
  const first = countTo(layer, from);
  for (let u = countTo(layer, i); u < countTo(layer, i + 1); u++) {
    const own = linesOf(layer) + (u - first) * line;
    gatherLine(own, sumsOf(layer), units, u, row, rows);
    if (index == 0) {
      const stride = isDescending ? -(units << 2) : units << 2;
      const weights = kernelOf(layer) + (columnOf(from, dim, isDescending) * units + u << 2);
      addLines(own, xs, weights, stride, i + 1 - from, lanes);
    } else {
      const before = layer - LAYER;
      const start = countTo(before, from);
      const weights = kernelOf(layer) + (start * units + u << 2);
      addLines(own, linesOf(before), weights, units << 2, countTo(before, i + 1) - start, lanes);
    }
    for (let b: usize = 0; b < <usize> line; b += 16) {
      const value = v128.load(own + b);
      v128.store(own + b, activation == RELU ? f32x4.max(value, f32x4.splat(0)) : tanh4(value));
    }
    scatterLine(own, sumsOf(layer), units, u, row, rows);
  }
}

/**
 * The same coordinates of the gradient, last to first: solves (df/dx)^T v = u, where f is the layer
 * from data to latent, together with the gradients of everything in the network.
 *
 *     dmu_i = dx_i + g_i,   v_i = s_i dmu_i,   da_i = scaleMap'(a_i) (v_i z_i + dLogDet),
 *     then the units of degree i;   g_i: what units of higher degrees say of x_i
 *
 * @param dx The gradient of the result x, [batch, dim]; dLogDet: of logDet, [batch].
 * @param params The network's output, complete; dParams: where its gradient goes.
 * @param g What later blocks say, [batch, dim].
 * @param v Where the gradient of z goes, [batch, dim].
 * @param scratch Working memory: 4 lines, and two for each coordinate of the block.
 */
export function madeBlockGradient(
  layers: usize,
  layerCount: i32,
  from: i32,
  to: i32,
  batch: i32,
  atOnce: i32,
  dim: i32,
  isDescending: i32,
  z: usize,
  dx: usize,
  dLogDet: usize,
  params: usize,
  dParams: usize,
  outKernel: usize,
  g: usize,
  v: usize,
  scaleMap: i32,
  activation: i32,
  scratch: usize,
): void {
  for (let row = 0; row < batch; row += atOnce) {
    const rows = min(atOnce, batch - row), lanes = lanesFor(rows);
    const line = lanes << 2;
    const sum = scratch, raw = scratch + line, zs = scratch + 2 * line, dets = scratch + 3 * line;
    // Gradients of shifts and of raw scales, in the order in which they are solved: last first.
    const dMus = scratch + 4 * line, dRaws = dMus + (to - from) * line;
    gatherLine(dets, dLogDet, 1, 0, row, rows);
    for (let i = to - 1; i >= from; i--) {
      const column = columnOf(i, dim, isDescending);
      const done = to - 1 - i;
      const dMu = dMus + done * line, dRaw = dRaws + done * line;
      gatherLine(dMu, dx, dim, column, row, rows);
      gatherLine(sum, g, dim, column, row, rows);
      gatherLine(raw, params, 2 * dim, dim + column, row, rows);
      gatherLine(zs, z, dim, column, row, rows);
      if (layerCount) {
        const first = countTo(layers, i);
        const start = countTo(layers, max(from - 1, 0));
        const weights = kernelOf(layers) + (column * unitsOf(layers) + first << 2);
        const lines = linesOf(layers) + (first - start) * line;
        addLines(sum, lines, weights, 4, countTo(layers, to - 1) - first, lanes);
      } else {
        const weights = outKernel + column * (dim << 3) +
          (columnOf(to - 1, dim, isDescending) << 2);
        const stride = isDescending ? 4 : -4;
        addLines(sum, dMus, weights, stride, done, lanes);
        addLines(sum, dRaws, weights + (dim << 2), stride, done, lanes);
      }
      for (let b: usize = 0; b < <usize> line; b += 16) {
        const a = v128.load(raw + b);
        const shift = f32x4.add(v128.load(dMu + b), v128.load(sum + b));
        const solved = f32x4.mul(shift, exp4(affineScale(a, scaleMap)));
        const scale = f32x4.add(f32x4.mul(solved, v128.load(zs + b)), v128.load(dets + b));
        v128.store(dMu + b, shift);
        v128.store(sum + b, solved);
        v128.store(dRaw + b, f32x4.mul(scale, affineSlope(a, scaleMap)));
      }
      scatterLine(sum, v, dim, column, row, rows);
      scatterLine(dMu, dParams, 2 * dim, column, row, rows);
      scatterLine(dRaw, dParams, 2 * dim, dim + column, row, rows);
      if (i > 0) {
        for (let l = layerCount - 1; l >= 0; l--) {
          finishSlopes(
            layers + l * LAYER,
            l == layerCount - 1,
            from,
            to,
            i,
            row,
            rows,
            dim,
            isDescending,
            dMus,
            dRaws,
            outKernel,
            activation,
          );
        }
      }
    }
  }
}

/** Computes the gradients of the sums of the units whose degree is i: all that they feed is known. */
function finishSlopes(
  layer: usize,
  isLast: bool,
  from: i32,
  to: i32,
  i: i32,
  row: i32,
  rows: i32,
  dim: i32,
  isDescending: i32,
  dMus: usize,
  dRaws: usize,
  outKernel: usize,
  activation: i32,
): void {
  const lanes = lanesFor(rows);
  const line = lanes << 2;
  const units = unitsOf(layer);
  const first = countTo(layer, max(from - 1, 0));
  // A line that is not in use: the working memory has one more than units of the block.
  const h = linesOf(layer) + (countTo(layer, to - 1) - first) * line;
  for (let u = countTo(layer, i - 1); u < countTo(layer, i); u++) {
    const own = linesOf(layer) + (u - first) * line;
    gatherLine(own, slopesOf(layer), units, u, row, rows);
    if (isLast) {
      const weights = outKernel + u * (dim << 3) + (columnOf(to - 1, dim, isDescending) << 2);
      const stride = isDescending ? 4 : -4;
      addLines(own, dMus, weights, stride, to - i, lanes);
      addLines(own, dRaws, weights + (dim << 2), stride, to - i, lanes);
    } else {
      const next = layer + LAYER;
      const start = countTo(next, i - 1);
      const weights = kernelOf(next) + (u * unitsOf(next) + start << 2);
      const lines = linesOf(next) + (start - countTo(next, max(from - 1, 0))) * line;
      addLines(own, lines, weights, 4, countTo(next, to - 1) - start, lanes);
    }
    gatherLine(h, sumsOf(layer), units, u, row, rows);
    for (let b: usize = 0; b < <usize> line; b += 16) {
      const value = v128.load(own + b), output = v128.load(h + b);
      const slope = activation == RELU
        ? v128.and(f32x4.splat(1), f32x4.gt(output, f32x4.splat(0)))
        : f32x4.sub(f32x4.splat(1), f32x4.mul(output, output));
      v128.store(own + b, f32x4.mul(value, slope));
    }
    scatterLine(own, slopesOf(layer), units, u, row, rows);
  }
}
