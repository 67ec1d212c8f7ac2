import { dense, denseGradients } from "./dense.ts";
import { asMatrix, matrixOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { Mask } from "./mask.ts";
import { columnsOf, type Matrix, matrix, rowsOf, transposed } from "./matrix.ts";
import { installedKernels } from "./matmul.ts";
import { multiply } from "./product.ts";
import * as tf from "./tf.ts";

/** A strictly triangular part of a square matrix: the rest of it counts as 0. */
export class StrictTriangle implements Disposable {
  readonly side: "lower" | "upper";
  readonly mask: Mask;

  constructor(side: "lower" | "upper", dim: number) {
    this.side = side;
    const values = Uint8Array.from({ length: dim * dim }, (_, at) => {
      const [row, column] = [Math.floor(at / dim), at % dim];
      return Number(side === "lower" ? row > column : row < column);
    });
    this.mask = new Mask(values, dim, dim);
  }

  [Symbol.dispose](): void {
    this.mask[Symbol.dispose]();
  }
}

/**
 * y + x T, with its gradient.
 *
 * @param y Shape [..., dim].
 * @param x Shape [..., dim].
 * @param t Shape [dim, dim]; what is outside the triangle is not read and gets no gradient.
 */
export function addTriangleProduct(
  y: tf.Tensor,
  x: tf.Tensor,
  t: tf.Tensor,
  triangle: StrictTriangle,
): tf.Tensor {
  const layer = (kernel: tf.Tensor) =>
    ({ kernel, bias: null, activation: "linear", mask: triangle.mask, columns: null }) as const;
  const op = tf.customGrad((...args) => {
    const [y, x, t, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([x, t]);
    return {
      value: tf.add(y, dense(x, layer(t))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, t] = saved as [tf.Tensor, tf.Tensor];
        const { dx, dKernel, dBias } = denseGradients(x, dy, layer(t), "linear");
        dBias.dispose();
        return [dy.clone(), dx, dKernel];
      },
    };
  });
  return op(y, x, t);
}

/**
 * Solves y (T + diag(d)) = b, with its gradient.
 *
 *     with g = dy (T + diag(d))^-T:   db = g,   dT = -y^T g,   dd = -sum over the rows of y g
 *
 * @param b Shape [..., dim].
 * @param t Shape [dim, dim]; what is outside the triangle is not read and gets no gradient.
 * @param d Shape [dim]; null: 1.
 * @returns y, shape [..., dim].
 */
export function solveTriangle(
  b: tf.Tensor,
  t: tf.Tensor,
  triangle: StrictTriangle,
  d: tf.Tensor | null,
): tf.Tensor {
  const kernels = installedKernels();
  if (!kernels) {
    return tf.reshape(solveByOperations(asMatrix(b), t as tf.Tensor2D, triangle, d), b.shape);
  }
  const op = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [b, t, d] = args as [tf.Tensor, tf.Tensor, tf.Tensor | undefined];
    const value = solve(kernels, b, t, triangle, d, false);
    save([value, t, ...(d ? [d] : [])]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [y, t, d] = saved as [tf.Tensor, tf.Tensor, tf.Tensor | undefined];
        const db = solve(kernels, dy, t, triangle, d, true);
        const dt = denseGradients(y, tf.neg(db), {
          kernel: t,
          bias: null,
          activation: "linear",
          mask: triangle.mask,
          columns: null,
        }, "linear").dKernel;
        return [db, dt, ...(d ? [tf.neg(tf.sum(asMatrix(tf.mul(y, db)), 0))] : [])];
      },
    };
  });
  return op(b, t, ...(d ? [d] : []));
}

/** Coordinates that are solved one by one, before a product takes them off the others. */
const BLOCK = 24;

function solve(
  kernels: Kernels,
  b: tf.Tensor,
  t: tf.Tensor,
  { side }: StrictTriangle,
  d: tf.Tensor | undefined,
  transpose: boolean,
): tf.Tensor {
  const result = tf.mul(b, 1); // A copy: it is solved in place.
  const y = matrixOf(kernels, result);
  const [rows, dim] = [y.rows, y.columns];
  const minusInfo = kernels.allocate([rows, BLOCK]);
  const whole = matrix(kernels.address(t), dim, dim);
  const factor = transpose ? transposed(whole) : whole;
  const isAscending = (side === "upper") !== transpose;
  const sign = isAscending ? 1 : -1;
  for (let done = 0; done < dim; done += BLOCK) {
    const n = Math.min(BLOCK, dim - done);
    const start = isAscending ? done : dim - done - n;
    const first = isAscending ? start : start + n - 1;
    const minus = matrix(kernels.address(minusInfo), rows, n);
    const corner = (m: Matrix, i: number) => m.address + i * m.columnBytes;
    // deno-fmt-ignore
    kernels.solveTriangle(
      corner(y, first), y.rowBytes, corner(minus, first - start), minus.rowBytes, 4 * sign, rows,
      factor.address + first * (factor.rowBytes + factor.columnBytes), sign * factor.rowBytes,
      sign * factor.columnBytes, d ? kernels.address(d) + 4 * first : 0, n,
    );
    const rest = isAscending ? start + n : 0;
    const count = dim - done - n;
    if (count === 0) break;
    const part = columnsOf(rowsOf(factor, start, n), rest, count);
    multiply(kernels, minus, part, columnsOf(y, rest, count), { accumulate: true });
  }
  kernels.backend.disposeData(minusInfo.dataId);
  return result;
}

/** The same by halves, in ordinary operations with their own gradients. */
function solveByOperations(
  b: tf.Tensor2D,
  t: tf.Tensor2D,
  { side, mask }: StrictTriangle,
  d: tf.Tensor | null,
): tf.Tensor2D {
  const identity = tf.eye(mask.rows);
  const diagonal = d ? tf.mul(identity, d) : identity;
  const whole = tf.add(tf.mul(t, mask.dense), diagonal) as tf.Tensor2D;
  return side === "upper" ? solveUpper(b, whole) : solveLower(b, whole);
}

/** U = [[A, C], [0, B]],  y = [y1, y2]:   y1 A = b1,   y2 B = b2 - y1 C */
function solveUpper(b: tf.Tensor2D, upper: tf.Tensor2D): tf.Tensor2D {
  const dim = b.shape[1];
  if (dim === 1) return tf.div(b, upper);
  return tf.tidy(() => {
    const half = Math.ceil(dim / 2);
    const [b1, b2] = tf.split(b, [half, dim - half], 1) as [tf.Tensor2D, tf.Tensor2D];
    const y1 = solveUpper(b1, tf.slice(upper, [0, 0], [half, half]));
    const corner = tf.slice(upper, [0, half], [half, dim - half]);
    const rest = tf.slice(upper, [half, half], [dim - half, dim - half]);
    const y2 = solveUpper(tf.sub(b2, tf.matMul(y1, corner)), rest);
    return tf.concat([y1, y2], 1);
  });
}

/** L = [[A, 0], [C, B]],  y = [y1, y2]:   y2 B = b2,   y1 A = b1 - y2 C */
function solveLower(b: tf.Tensor2D, lower: tf.Tensor2D): tf.Tensor2D {
  const dim = b.shape[1];
  if (dim === 1) return tf.div(b, lower);
  return tf.tidy(() => {
    const half = Math.ceil(dim / 2);
    const [b1, b2] = tf.split(b, [half, dim - half], 1) as [tf.Tensor2D, tf.Tensor2D];
    const rest = tf.slice(lower, [half, half], [dim - half, dim - half]);
    const y2 = solveLower(b2, rest);
    const corner = tf.slice(lower, [half, 0], [dim - half, half]);
    const y1 = solveLower(
      tf.sub(b1, tf.matMul(y2, corner)),
      tf.slice(lower, [0, 0], [half, half]),
    );
    return tf.concat([y1, y2], 1);
  });
}
