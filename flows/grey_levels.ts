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
 *     p = softmax(w),  c_k = p_0 + ... + p_{k-1}
 *
 * With p the shares of the levels among all pixels z is uniform: it is their distribution function. Images in
 * which most pixels are black so get room for the others' noise: behind a logit the black level of MNIST has
 * half of the line for it and not its outermost tail. Outside of the interval the first and the last level
 * go on.
 *
 * Cost: no network pass in either direction. Identity until `initialize`, which sets p to the shares in the
 * batch, each level counted once more; from the side of the latent it does nothing.
 *
 * Source: one piece of Müller et al. 2019 (Neural Importance Sampling), section 4.2, without a network.
 */
export class GreyLevels implements Bijector {
  readonly eventShape: readonly number[];
  readonly variables: readonly tf.Variable[];
  readonly #levels: number;
  readonly #logWidths: tf.Variable;

  /**
   * @param name Path of its variable: `name/logWidths`, w, shape [levels].
   * @param eventShape Of any rank.
   * @param levels L, a power of two.
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
    this.#logWidths = createVariable(`${name}/logWidths`, [levels], new Float32Array(levels));
    this.variables = [this.#logWidths];
  }

  forward(x: tf.Tensor): Forward {
    checkBatch("GreyLevels.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { p, c, logSlopes } = this.#map();
      const k = withoutGradient((x) => this.#levelOf(x), x);
      const u = tf.sub(tf.mul(this.#levels, x), k);
      return {
        z: tf.add(take(c, k), tf.mul(take(p, k), u)),
        logDet: sumPerExample(take(logSlopes, k)),
      };
    });
  }

  inverse(z: tf.Tensor): Inverse {
    checkBatch("GreyLevels.inverse", z, this.eventShape, "z");
    return tf.tidy(() => {
      const { p, c, logSlopes } = this.#map();
      const k = withoutGradient((z) => this.#levelAt(z, c), z);
      const u = tf.div(tf.sub(z, take(c, k)), take(p, k));
      return {
        x: tf.div(tf.add(k, u), this.#levels),
        logDet: tf.neg(sumPerExample(take(logSlopes, k))),
      };
    });
  }

  initialize(batch: tf.Tensor, side: "data" | "latent"): void {
    checkBatch("GreyLevels.initialize", batch, this.eventShape, side === "data" ? "x" : "z");
    if (side === "latent") return;
    tf.tidy(() => {
      const ones = tf.ones([batch.size]) as tf.Tensor1D;
      const counts = sumByLevel(this.#levelOf(batch), ones, this.#levels);
      this.#logWidths.assign(tf.log(tf.div(tf.add(counts, 1), batch.size + this.#levels)));
    });
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }

  #map(): { readonly [name in "p" | "c" | "logSlopes"]: tf.Tensor1D } {
    const w = tf.sub(this.#logWidths, withoutGradient(tf.max, this.#logWidths));
    const widths = tf.exp(w);
    const starts = tf.cumsum(widths, 0, true);
    // Divided by where the last one ends, as rounded: at 1, where a logit behind has its own end.
    const total = tf.slice(tf.add(starts, widths), this.#levels - 1);
    return {
      p: tf.div(widths, total),
      c: tf.div(starts, total),
      logSlopes: tf.add(w, tf.sub(Math.log(this.#levels), tf.log(total))),
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
