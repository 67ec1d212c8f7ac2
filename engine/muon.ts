import {
  assignCopy,
  checkRange,
  checkShapes,
  checkStep,
  isCount,
  isFiniteSize,
  sumSquares,
} from "./_optimizer.ts";
import { Adam, type AdamStepOptions } from "./adam.ts";
import * as tf from "./tf.ts";

/** The constants of {@link Muon}. */
export interface MuonOptions {
  /** Decay of the mean of the gradients of matrices, in [0, 1); 0.95 by default. */
  readonly momentum?: number;
  /** How much of each variable is taken off at each step, times the rate, >= 0; 0 by default. */
  readonly weightDecay?: number;
}

/**
 * Muon for matrices, {@link Adam} for all else. Where Adam gives each number of a gradient about the same
 * length, Muon does so with each direction of a matrix, its singular vectors.
 *
 *     g = gradient * min(1, clipNorm / |all gradients of matrices|)
 *     m = momentum m + (1 - momentum) g
 *     o = U V^T  with  U S V^T = momentum m + (1 - momentum) g
 *     x = x (1 - rate * decay) - rate * 0.2 sqrt(max(rows, columns)) * o
 *
 * Numbers of an o of full rank have a root mean square of 1 / sqrt(max(rows, columns)): the factor before it
 * makes steps about as long as Adam's are, so that both take one rate. U V^T is what `orthogonalize` makes of it, for all
 * matrices of one shape at once. What Adam steps is clipped by its own norm.
 *
 * Source: Jordan et al. 2024 (Muon: An optimizer for hidden layers in neural networks); the factor and the
 * decay: Liu et al. 2025 (Muon is Scalable for LLM Training), section 2.2.
 *
 * @example
 * ```ts
 * import { initEngine } from "./init_engine.ts";
 * import { Muon } from "./muon.ts";
 * import * as tf from "./tf.ts";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * const x = tf.variable(tf.zeros([2, 2]));
 * using muon = new Muon([x], ({ rank }) => rank === 2);
 * await muon.step([tf.tensor2d([[100, 0], [0, 1]])], { learningRate: 1 });
 * const [first, , , last] = x.dataSync();
 * assert.ok(first! < -0.1 && last! < -0.1); // Both directions count.
 * ```
 */
export class Muon implements Disposable {
  /** Those of Adam, then the mean gradients, [count, rows, columns] for each shape of a matrix. */
  readonly moments: readonly tf.Variable[];
  readonly #variables: readonly tf.Variable[];
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #adam: Adam;
  /** Where among the variables those of Adam are, and the matrices of each shape. */
  readonly #others: readonly number[];
  readonly #groups: readonly (readonly number[])[];
  readonly #means: readonly tf.Variable[];

  /**
   * @param variables What to train, float32; borrowed.
   * @param isMatrix Whether a variable is stepped as a matrix; it then must be one.
   * @param options The constants.
   * @throws {TypeError} If a variable is not float32, or said to be a matrix and none.
   * @throws {RangeError} If a constant is out of its range.
   */
  constructor(
    variables: readonly tf.Variable[],
    isMatrix: (variable: tf.Variable) => boolean,
    { momentum = 0.95, weightDecay = 0 }: MuonOptions = {},
  ) {
    checkRange("create Muon", { momentum }, "in [0, 1)", (x) => x >= 0 && x < 1);
    checkRange("create Muon", { weightDecay }, "finite and >= 0", isFiniteSize);
    const groups = new Map<string, number[]>();
    const others: number[] = [];
    for (const [i, variable] of variables.entries()) {
      const { name, dtype, shape } = variable;
      const asMatrix = isMatrix(variable);
      const wanted = asMatrix ? "a float32 matrix" : "of type float32";
      if (dtype !== "float32" || (asMatrix && shape.length !== 2)) {
        throw new TypeError(
          `Cannot create Muon as ${name} must be ${wanted}: current type is ${dtype} [${
            shape.join(", ")
          }]`,
        );
      }
      if (!asMatrix) others.push(i);
      else groups.set(String(shape), [...groups.get(String(shape)) ?? [], i]);
    }
    this.#adam = new Adam(others.map((i) => variables[i]!), { weightDecay });
    this.#variables = [...variables];
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#others = others;
    this.#groups = [...groups.values()];
    this.#means = this.#groups.map((group) =>
      tf.tidy(() => tf.variable(tf.zeros([group.length, ...variables[group[0]!]!.shape]), false))
    );
    this.moments = [...this.#adam.moments, ...this.#means];
  }

  /** How many steps were taken. */
  get stepCount(): number {
    return this.#adam.stepCount;
  }

  /**
   * Changes every variable by its gradient. If the norm of the gradients is NaN or infinite nothing is
   * changed or counted: what then is the caller's decision.
   *
   * @param gradients One per variable in the same order, of the same shape; borrowed.
   * @param options The rate and clipping.
   * @returns The norm over all gradients, before clipping.
   * @throws {TypeError} If the gradients do not match the variables.
   * @throws {RangeError} If learningRate or clipNorm is out of its range.
   */
  async step(
    gradients: readonly tf.Tensor[],
    options: AdamStepOptions,
  ): Promise<{ gradientNorm: number }> {
    const { learningRate, clipNorm = Infinity } = options;
    checkStep("evaluate muon.step", gradients, this.#variables, { learningRate, clipNorm });
    const stacked = this.#groups.map((group) => tf.stack(group.map((i) => gradients[i]!)));
    try {
      const norm = Math.sqrt(await sumSquares(stacked));
      if (!Number.isFinite(norm)) return { gradientNorm: norm };
      const { gradientNorm } = await this.#adam.step(
        this.#others.map((i) => gradients[i]!),
        options,
      );
      if (Number.isFinite(gradientNorm)) {
        const scale = norm > clipNorm ? clipNorm / norm : 1;
        this.#groups.forEach((_, k) => this.#stepGroup(k, stacked[k]!, scale, learningRate));
      }
      return { gradientNorm: Math.hypot(norm, gradientNorm) };
    } finally {
      tf.dispose(stacked);
    }
  }

  #stepGroup(k: number, gradients: tf.Tensor, scale: number, rate: number): void {
    tf.tidy(() => {
      const [mean, momentum] = [this.#means[k]!, this.#momentum];
      const g = tf.mul((1 - momentum) * scale, gradients);
      mean.assign(tf.add(tf.mul(momentum, mean), g));
      const o = orthogonalize(tf.add(tf.mul(momentum, mean), g));
      const [, rows, columns] = o.shape;
      const changes = tf.unstack(tf.mul(rate * 0.2 * Math.sqrt(Math.max(rows, columns)), o));
      this.#groups[k]!.forEach((i, j) => {
        const x = this.#variables[i]!;
        x.assign(tf.sub(tf.mul(x, 1 - rate * this.#weightDecay), changes[j]!));
      });
    });
  }

  /**
   * Continues from a saved state.
   *
   * @param stepCount As {@link stepCount} was.
   * @param moments As {@link moments} were; copied.
   * @throws {TypeError} If the moments do not match the variables.
   * @throws {RangeError} If stepCount is not an integer >= 0.
   */
  restore(stepCount: number, moments: readonly tf.Tensor[]): void {
    checkShapes("evaluate muon.restore as moments", moments, this.moments);
    checkRange("evaluate muon.restore", { stepCount }, "an integer >= 0", isCount);
    const count = this.#adam.moments.length;
    this.#adam.restore(stepCount, moments.slice(0, count));
    this.#means.forEach((mean, k) => assignCopy(mean, moments[count + k]!));
  }

  /** Frees the moments. */
  [Symbol.dispose](): void {
    this.#adam[Symbol.dispose]();
    tf.dispose([...this.#means]);
  }
}

/**
 * What has the singular vectors of the given matrices, and singular values of about 1: of M = U S V^T about
 * U V^T. Those of at least 0.0016 |M| end between 0.68 and 1.21, smaller ones below.
 *
 *     X_0 = M / |M|,   X_{k+1} = a X_k + (b G + c G^2) X_k  with  G = X_k X_k^T,   5 times
 *
 * An odd polynomial of M acts on its singular values alone. Of a matrix of zeros: zeros.
 *
 * @param matrices Shape [count, rows, columns].
 * @returns The same shape.
 */
export function orthogonalize(matrices: tf.Tensor): tf.Tensor3D {
  return tf.tidy(() => {
    const [, rows, columns] = matrices.shape as [number, number, number];
    // The smaller one of the two products.
    const isTall = rows > columns;
    const m = isTall ? tf.transpose(matrices, [0, 2, 1]) : matrices;
    const norm = tf.sqrt(tf.sum(tf.square(m), [1, 2], true));
    let x = tf.div(m, tf.maximum(norm, TINY));
    for (let k = 0; k < 5; k++) {
      const gram = tf.matMul(x, x, false, true);
      const factor = tf.add(tf.mul(B, gram), tf.mul(C, tf.matMul(gram, gram)));
      x = tf.add(tf.mul(A, x), tf.matMul(factor, x));
    }
    return (isTall ? tf.transpose(x, [0, 2, 1]) : x) as tf.Tensor3D;
  });
}

/** The coefficients a, b and c, by Jordan et al.: small values grow fast, at the price of not ending at 1 exactly. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/** Keeps 0 / 0 out; squares of float32 end about there. */
const TINY = 1e-18;
