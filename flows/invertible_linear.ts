import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { addTriangleProduct, solveTriangle, StrictTriangle } from "../engine/triangular.ts";
import { repeatPerExample } from "./_per_example.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { diagonalAffine } from "./affine.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { Permutation } from "./permutation.ts";
import type { ImageShape } from "./squeeze.ts";

/**
 * A learned linear map with the determinant in plain sight; over images of the channels of each pixel, alike
 * at all: the invertible 1 x 1 convolution.
 *
 *     forward(x):  z = x P (I + L) (U + diag(exp(logDiagonal))),  logDet = pixels * sum logDiagonal
 *     inverse(z):  two triangular solves and the permutation undone
 *
 * P is a permutation drawn once, (x P)_i = x_order[i], L strictly lower and U strictly upper triangular. It starts as
 * the permutation alone.
 *
 * Cost: two products of [batch, D] with a triangle of [D, D] in either direction, for each pixel.
 *
 * Source: Kingma and Dhariwal 2018 (Glow), section 3.2, eq. 10. Deviations: the weight starts at a
 * random permutation instead of a random rotation, and the diagonal is positive: a map and its mirror image
 * serve the flow alike.
 */
export class InvertibleLinear implements Bijector {
  readonly eventShape: readonly number[];
  readonly #logDiagonal: tf.Variable;
  readonly #lower: tf.Variable;
  readonly #lowerTriangle: StrictTriangle;
  readonly #permutation: Permutation;
  readonly #upper: tf.Variable;
  readonly #upperTriangle: StrictTriangle;

  /**
   * @param name Path of its variables: `name/order` and `name/inverseOrder` of P, a {@link Permutation};
   *   `name/lower`, `name/upper` [dim, dim] and `name/logDiagonal` [dim]. Entries outside their triangle
   *   are 0.
   * @param shape Number dim of coordinates, or [height, width, dim].
   * @param rng Source of the permutation.
   */
  constructor(name: string, shape: number | ImageShape, rng: Rng) {
    this.eventShape = [shape].flat();
    const dim = this.eventShape.at(-1)!;
    const order = rng.split("permutation").permutation(dim);
    this.#permutation = new Permutation(name, order, this.eventShape);
    const zeros = new Float32Array(dim * dim);
    const triangle = { used: dim * (dim - 1) / 2 };
    this.#lower = createVariable(`${name}/lower`, [dim, dim], zeros, triangle);
    this.#upper = createVariable(`${name}/upper`, [dim, dim], zeros, triangle);
    this.#logDiagonal = createVariable(`${name}/logDiagonal`, [dim], new Float32Array(dim));
    this.#lowerTriangle = new StrictTriangle("lower", dim);
    this.#upperTriangle = new StrictTriangle("upper", dim);
  }

  get variables(): readonly tf.Variable[] {
    return [...this.#permutation.variables, this.#lower, this.#upper, this.#logDiagonal];
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("InvertibleLinear.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const y = this.#permutation.forward(x).z;
      const u = addTriangleProduct(y, y, this.#lower, this.#lowerTriangle);
      const { y: scaled, logDet } = diagonalAffine(u, this.#logDiagonal, null, "scale");
      return { z: addTriangleProduct(scaled, u, this.#upper, this.#upperTriangle), logDet };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("InvertibleLinear.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const u = solveTriangle(z, this.#upper, this.#upperTriangle, tf.exp(this.#logDiagonal));
      const y = solveTriangle(u, this.#lower, this.#lowerTriangle, null);
      const pixels = tf.util.sizeFromShape(this.eventShape.slice(0, -1));
      const logDet = tf.mul<tf.Scalar>(-pixels, tf.sum(this.#logDiagonal));
      return { x: this.#permutation.inverse(y).x, logDet: repeatPerExample(logDet, batch) };
    });
  }

  [Symbol.dispose](): void {
    this.#permutation[Symbol.dispose]();
    disposeVariables([this.#lower, this.#upper, this.#logDiagonal]);
    this.#lowerTriangle[Symbol.dispose]();
    this.#upperTriangle[Symbol.dispose]();
  }
}
