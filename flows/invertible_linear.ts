import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { repeatPerExample } from "./_per_example.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { Permutation } from "./permutation.ts";
import { solveLower, solveUpper } from "./triangular_solve.ts";

/**
 * A learned linear map with the determinant in plain sight.
 *
 *     forward(x):  z = x P (I + L) (U + diag(exp(logDiagonal))),  logDet = sum logDiagonal
 *     inverse(z):  two triangular solves and the permutation undone
 *
 * P is a permutation drawn once, L strictly lower and U strictly upper triangular. It starts as
 * the permutation alone.
 *
 * Cost: two [batch, D] x [D, D] products in either direction.
 *
 * Source: Kingma and Dhariwal 2018 (Glow), section 3.2, eq. 10. Deviations: the weight starts at a
 * random permutation instead of a random rotation, and the diagonal is positive, since the
 * permutation is free to carry the sign.
 */
export class InvertibleLinear implements Bijector {
  readonly eventShape: readonly number[];
  readonly #diagonalMask: tf.Tensor2D;
  readonly #logDiagonal: tf.Variable;
  readonly #lower: tf.Variable;
  readonly #lowerMask: tf.Tensor2D;
  readonly #permutation: Permutation;
  readonly #upper: tf.Variable;
  readonly #upperMask: tf.Tensor2D;

  /**
   * @param name Path of its variables: `name/order`, `name/lower`, `name/upper` [dim, dim] and
   *   `name/logDiagonal` [dim]. Entries outside their triangle are 0.
   * @param dim Number of coordinates.
   * @param rng Source of the permutation.
   */
  constructor(name: string, dim: number, rng: Rng) {
    this.eventShape = [dim];
    this.#permutation = new Permutation(name, rng.split("permutation").permutation(dim));
    const zeros = new Float32Array(dim * dim);
    this.#lower = createVariable(`${name}/lower`, [dim, dim], zeros);
    this.#upper = createVariable(`${name}/upper`, [dim, dim], zeros);
    this.#logDiagonal = createVariable(`${name}/logDiagonal`, [dim], new Float32Array(dim));
    const mask = (kept: (row: number, column: number) => boolean): tf.Tensor2D =>
      tf.keep(tf.tensor2d(zeros.map((_, i) => kept(Math.floor(i / dim), i % dim) ? 1 : 0), [
        dim,
        dim,
      ]));
    this.#lowerMask = mask((row, column) => row > column);
    this.#upperMask = mask((row, column) => row < column);
    this.#diagonalMask = mask((row, column) => row === column);
  }

  get variables(): readonly tf.Variable[] {
    return [...this.#permutation.variables, this.#lower, this.#upper, this.#logDiagonal];
  }

  forward(x: tf.Tensor): Forward {
    const batch = checkBatch("InvertibleLinear.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const permuted = this.#permutation.forward(x).z as tf.Tensor2D;
      return {
        z: tf.matMul(tf.matMul(permuted, this.#lowerFactor()), this.#upperFactor()),
        logDet: repeatPerExample(tf.sum(this.#logDiagonal), batch),
      };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    const batch = checkBatch("InvertibleLinear.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const permuted = solveLower(
        solveUpper(z as tf.Tensor2D, this.#upperFactor()),
        this.#lowerFactor(),
      );
      return {
        x: this.#permutation.inverse(permuted).x,
        logDet: repeatPerExample(tf.neg(tf.sum(this.#logDiagonal)), batch),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#permutation[Symbol.dispose]();
    disposeVariables([this.#lower, this.#upper, this.#logDiagonal]);
    for (const mask of [this.#lowerMask, this.#upperMask, this.#diagonalMask]) mask.dispose();
  }

  #lowerFactor(): tf.Tensor2D {
    return tf.add(tf.mul(this.#lower, this.#lowerMask), this.#diagonalMask);
  }

  #upperFactor(): tf.Tensor2D {
    return tf.add(
      tf.mul(this.#upper, this.#upperMask),
      tf.mul(this.#diagonalMask, tf.exp(this.#logDiagonal)),
    );
  }
}
