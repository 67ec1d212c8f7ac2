import * as tf from "../engine/tf.ts";
import { sumPerExample } from "./_per_example.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";

/**
 * Grey levels of learned widths: a piecewise linear map of the unit interval onto itself, one for all pixels.
 * Level k, the numbers from k / L to (k + 1) / L, becomes p_k wide.
 *
 *     forward(x):  k = floor(L x),  z = c_k + p_k (L x - k),   logDet = sum_i log(L p_k(i))
 *     inverse(z):  k = the last with c_k <= z,  x = (k + (z - c_k) / p_k) / L,   logDet = -sum_i log(L p_k(i))
 *     p = softmax(logShares + logWidths),   c_k = p_0 + ... + p_{k-1}
 *
 * With p the shares of the levels among all pixels z is uniform: it is their distribution function. Images in
 * which most pixels are black so get room for the others' noise: behind a logit the black level of MNIST has
 * half of the line for it and not its outermost tail. Outside of the interval the first and the last level go
 * on, with their slopes: of what a logit's inverse returns beyond 0, by alpha, x is beyond by alpha / (L p_0).
 *
 * Cost: no network pass in either direction. Identity until `initialize`, which sets logShares to the logarithms
 * of the shares in the batch, each level counted once more, so that what is learned, and what weight decay
 * acts on, is the difference; from the side of the latent it does nothing.
 *
 * Float32: p is smaller than by its definition by a factor of 1 + 2^-21, so that z of x < 1 does not pass 1, where
 * a logit behind ends, by rounding.
 *
 * Source: the piecewise linear transform of Müller et al. 2019 (Neural Importance Sampling) in one dimension, its
 * widths learned and not from a network.
 */
export class GreyLevels implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[];
  readonly #levels: number;
  readonly #logShares: tf.Variable;
  readonly #logWidths: tf.Variable;

  /**
   * @param name Path of its variables, of shape [levels]: `name/logShares`, set from data, and
   *   `name/logWidths`, learned.
   * @param eventShape Of any rank.
   * @param levels L, a power of two: one for each integer of a pixel, or more, and they shape its noise.
   * @throws {RangeError} If it is none.
   */
  constructor(name: string, eventShape: readonly number[], levels: number) {
    if (!(Number.isInteger(Math.log2(levels)) && levels >= 2)) {
      throw new RangeError(
        `Cannot create GreyLevels as levels must be a power of two, at least 2: current value is ${levels}`,
      );
    }
    this.eventShape = eventShape;
    this.#levels = levels;
    const zeros = new Float32Array(levels);
    this.#logShares = createVariable(`${name}/logShares`, [levels], zeros, { trainable: false });
    this.#logWidths = createVariable(`${name}/logWidths`, [levels], zeros);
    this.variables = [this.#logShares, this.#logWidths];
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("GreyLevels.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { p, c, ...slopes } = this.#map();
      const k = withoutGradient((x) => this.#levelOf(x), x);
      const u = tf.sub(tf.mul(this.#levels, x), k);
      return { z: tf.add(take(c, k), tf.mul(take(p, k), u)), logDet: logDetOf(k, slopes) };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("GreyLevels.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { p, c, ...slopes } = this.#map();
      const k = withoutGradient((z) => this.#levelAt(z, c), z);
      const u = tf.div(tf.sub(z, take(c, k)), take(p, k));
      return { x: tf.div(tf.add(k, u), this.#levels), logDet: tf.neg(logDetOf(k, slopes)) };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent"): void {
    checkBatch("GreyLevels.initialize", batch, this.eventShape, side === "data" ? "x" : "z");
    if (side === "latent") return;
    tf.tidy(() => {
      const ones = tf.ones([batch.size]) as tf.Tensor1D;
      const counts = sumByLevel(this.#levelOf(batch), ones, this.#levels);
      this.#logShares.assign(tf.log(tf.div(tf.add(counts, 1), batch.size + this.#levels)));
    });
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }

  #map(): { readonly p: tf.Tensor1D; readonly c: tf.Tensor1D } & Slopes {
    const w = tf.add(this.#logShares, this.#logWidths);
    const logRelative = tf.sub<tf.Tensor1D>(w, withoutGradient(tf.max, w));
    const widths = tf.exp(logRelative);
    const starts = tf.cumsum(widths, 0, true);
    // Divided by where the last one ends, as it is rounded, and a little more.
    const end = tf.slice(tf.add(starts, widths), this.#levels - 1);
    const total = tf.mul<tf.Tensor1D>(1 + 2 ** -21, end);
    return {
      p: tf.div(widths, total),
      c: tf.div(starts, total),
      logRelative,
      logWidest: tf.sub(Math.log(this.#levels), tf.log(total)),
    };
  }

  /** The level of each number, int32; those outside of the interval belong to the first and the last. */
  #levelOf(x: tf.Tensor): tf.Tensor {
    const k = tf.floor(tf.mul(x, this.#levels));
    return tf.cast(tf.clipByValue(k, 0, this.#levels - 1), "int32");
  }

  /** The last level that starts at z or before, by bisection. */
  #levelAt(z: tf.Tensor, c: tf.Tensor1D): tf.Tensor {
    let k = tf.zeros(z.shape, "int32");
    for (let step = this.#levels / 2; step >= 1; step /= 2) {
      const next = tf.add(k, tf.scalar(step, "int32"));
      k = tf.where(tf.lessEqual(tf.gather(c, next), z), next, k);
    }
    return k;
  }
}

/** The logarithms of L p_k: of the widest level, shape [1], and what each has less. */
interface Slopes {
  readonly logWidest: tf.Tensor1D;
  readonly logRelative: tf.Tensor1D;
}

/**
 * The sum of log(L p_k) over the numbers of each example. The widest level, black of digits, has most of them:
 * it adds 0, where a float32 sum of hundreds of equal terms would round each of them to the same side.
 */
function logDetOf(k: tf.Tensor, { logWidest, logRelative }: Slopes): tf.Tensor1D {
  const count = k.size / k.shape[0]!;
  return tf.add(sumPerExample(take(logRelative, k)), tf.mul(count, logWidest));
}

/** values[k]. Its gradient is a sum by level, where that of `tf.gather` is one that wasm has not. */
function take(values: tf.Tensor1D, k: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [values, save] = args as [tf.Tensor1D, tf.GradSaveFunc];
    save([k]);
    return {
      value: tf.gather(values, k),
      gradFunc: (dy: tf.Tensor, [k]: tf.Tensor[]) => sumByLevel(k!, dy, values.shape[0]),
    };
  });
  return op(values);
}

/** The sum of the values of each level: [levels]. */
function sumByLevel(k: tf.Tensor, values: tf.Tensor, levels: number): tf.Tensor1D {
  const [flatK, flatValues] = [k, values].map((tensor) => tf.reshape(tensor, [-1]) as tf.Tensor1D);
  return tf.denseBincount(flatK!, flatValues!, levels);
}

/** f(x), which is constant in pieces. */
function withoutGradient(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return { value: f(x), gradFunc: (_: tf.Tensor, [x]: tf.Tensor[]) => tf.zerosLike(x!) };
  });
  return op(x);
}
