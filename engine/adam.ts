import {
  assignCopy,
  checkRange,
  checkShapes,
  checkStep,
  isCount,
  isFiniteSize,
  sumSquares,
} from "./_optimizer.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { installedKernels } from "./matmul.ts";
import * as tf from "./tf.ts";

/** The constants of {@link Adam}. */
export interface AdamOptions {
  /** Decay of the mean of the gradients, in [0, 1); 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, in [0, 1); 0.999 by default. */
  readonly beta2?: number;
  /** Added to the denominator, >= 0; 1e-8 by default. */
  readonly epsilon?: number;
  /** By how much each variable decays, >= 0; 0 by default. */
  readonly weightDecay?: number;
  /** "decoupled" (the default): x loses rate * decay * x; "l2": decay * x joins the gradient. */
  readonly decay?: "decoupled" | "l2";
}

/** What {@link Adam.step} takes. */
export interface AdamStepOptions {
  /** The rate of this step, >= 0. */
  readonly learningRate: number;
  /** If given, > 0: gradients whose common norm is larger are scaled down to it. */
  readonly clipNorm?: number;
}

/** The numbers of one step, the same for every variable; in the formula at {@link Adam}. */
interface StepConstants {
  /** min(1, clipNorm / norm). */
  readonly scale: number;
  readonly l2: number;
  /** 1 - rate * decay. */
  readonly keep: number;
  readonly beta1: number;
  readonly beta2: number;
  /** rate / (1 - beta1^t). */
  readonly stepSize: number;
  /** 1 / sqrt(1 - beta2^t). */
  readonly vScale: number;
  readonly epsilon: number;
}

/**
 * Adam with bias correction, and weight decay if wanted.
 *
 *     g = gradient * min(1, clipNorm / |all gradients|)  (+ decay * x for "l2")
 *     m = beta1 m + (1 - beta1) g
 *     v = beta2 v + (1 - beta2) g^2
 *     x = x  (- rate * decay * x for "decoupled")
 *           - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * With this suite's kernels on wasm one pass over memory updates x, m and v in place; elsewhere the
 * same is done by TensorFlow.js's operations. A variable whose numbers another tensor shares (a clone,
 * a reshape, what it was made from) gets its own copy before it is changed, so what others hold stays
 * as it was. What a caller read by `data()` is a copy on wasm and stays as it was, too.
 *
 * Source: Kingma and Ba 2015, algorithm 1; decoupled decay: Loshchilov and Hutter 2019, algorithm 2,
 * with the decay multiplied by the rate; clipping by one norm over all variables: Pascanu et al. 2013.
 *
 * @example
 * ```ts
 * import { Adam } from "./adam.ts";
 * import { initEngine } from "./init_engine.ts";
 * import * as tf from "./tf.ts";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * const x = tf.variable(tf.tensor1d([1, -1]));
 * using adam = new Adam([x]);
 * const { gradientNorm } = await adam.step([tf.tensor1d([3, -4])], { learningRate: 0.5 });
 * assert.equal(gradientNorm, 5);
 * assert.deepEqual([...x.dataSync()], [0.5, -0.5]); // The first step has the length of the rate.
 * ```
 */
export class Adam implements Disposable {
  /** The first moments of all variables, then the second moments, in the order of the variables. */
  readonly moments: readonly tf.Variable[];
  readonly #variables: readonly tf.Variable[];
  readonly #options: Required<AdamOptions>;
  #stepCount = 0;
  /** Where the kernels find everything, 5 numbers a variable. */
  readonly #table: tf.Tensor;

  /**
   * @param variables What to train, float32; borrowed.
   * @param options The constants.
   * @throws {TypeError} If a variable is not float32.
   * @throws {RangeError} If a constant is out of its range.
   */
  constructor(variables: readonly tf.Variable[], options: AdamOptions = {}) {
    this.#options = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      decay: "decoupled",
      ...options,
    };
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    checkRange("create Adam", { beta1, beta2 }, "in [0, 1)", (x) => x >= 0 && x < 1);
    checkRange("create Adam", { epsilon, weightDecay }, "finite and >= 0", isFiniteSize);
    for (const { dtype, name } of variables) {
      if (dtype !== "float32") {
        throw new TypeError(
          `Cannot create Adam as ${name} must be of type float32: current type is ${dtype}. Of a flow's ` +
            "variables take those that are trainable",
        );
      }
    }
    this.#variables = [...variables];
    this.moments = [...variables, ...variables].map(({ shape }) =>
      tf.tidy(() => tf.variable(tf.zeros(shape), false))
    );
    this.#table = tf.keep(tf.zeros([5 * variables.length], "int32"));
  }

  /** How many steps were taken. */
  get stepCount(): number {
    return this.#stepCount;
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
    checkStep("evaluate adam.step", gradients, this.#variables, { learningRate, clipNorm });
    const kernels = installedKernels();
    const table = kernels ? this.#tabulate(kernels, gradients) : 0;
    const gradientNorm = Math.sqrt(
      kernels ? kernels.sumSquares(table, gradients.length) : await sumSquares(gradients),
    );
    if (!Number.isFinite(gradientNorm)) return { gradientNorm };

    const t = ++this.#stepCount;
    const { beta1, beta2, epsilon, weightDecay, decay } = this.#options;
    const constants = {
      scale: gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
      l2: decay === "l2" ? weightDecay : 0,
      keep: decay === "l2" ? 1 : 1 - learningRate * weightDecay,
      beta1,
      beta2,
      stepSize: learningRate / (1 - beta1 ** t),
      vScale: 1 / Math.sqrt(1 - beta2 ** t),
      epsilon,
    };
    if (kernels) {
      const { scale, l2, keep, beta1, beta2, stepSize, vScale } = constants;
      // deno-fmt-ignore
      kernels.adam(
        table, this.#variables.length, scale, l2, keep, beta1, 1 - beta1, beta2, 1 - beta2, stepSize,
        vScale, epsilon,
      );
      this.#variables.forEach(kernels.forgetCopies);
      return { gradientNorm };
    }
    const count = this.#variables.length;
    this.#variables.forEach((x, i) => {
      const [m, v] = [this.moments[i]!, this.moments[count + i]!];
      tf.tidy(() => update(x, gradients[i]!, m, v, constants));
    });
    return { gradientNorm };
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
    checkShapes("evaluate adam.restore as moments", moments, this.moments);
    checkRange("evaluate adam.restore", { stepCount }, "an integer >= 0", isCount);
    this.#stepCount = stepCount;
    moments.forEach((moment, i) => assignCopy(this.moments[i]!, moment));
  }

  /** Frees the moments. */
  [Symbol.dispose](): void {
    tf.dispose([...this.moments]);
    this.#table.dispose();
  }

  /**
   * Writes down where everything is, as assembly/adam.ts reads it. What other tensors share with a
   * variable or its moments gets a copy first, as it is about to change.
   */
  #tabulate(kernels: Kernels, gradients: readonly tf.Tensor[]): number {
    const count = this.#variables.length;
    const rows = this.#variables.flatMap((x, i) => {
      const changed = [x, this.moments[i]!, this.moments[count + i]!];
      for (const variable of changed) {
        kernels.address(variable); // Brings it to this backend, if it is not there.
        if (kernels.backend.refCount(variable.dataId) > 1) assignCopy(variable, variable);
      }
      const [xAt, mAt, vAt] = changed.map(kernels.address) as [number, number, number];
      return [xAt, kernels.address(gradients[i]!), mAt, vAt, x.size];
    });
    const address = kernels.address(this.#table);
    new Uint32Array(kernels.memory.buffer, address, rows.length).set(rows);
    return address;
  }
}

function update(
  x: tf.Variable,
  gradient: tf.Tensor,
  m: tf.Variable,
  v: tf.Variable,
  { scale, l2, keep, beta1, beta2, stepSize, vScale, epsilon }: StepConstants,
): void {
  const g = gradient.mul(scale).add(x.mul(l2));
  m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
  v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
  const change = m.mul(stepSize).div(v.sqrt().mul(vScale).add(epsilon));
  x.assign(x.mul(keep).sub(change));
}
