import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { createVariable, disposeVariables } from "./_variable.ts";

/** Hidden activations of the conditioners. */
export type Activation = "relu" | "tanh";

/** What {@link Mlp} is made of. */
export interface MlpOptions {
  /** Width of the input. */
  readonly inputs: number;
  /** Widths of the hidden layers; empty for a linear map. */
  readonly hidden: readonly number[];
  /** Width of the output. */
  readonly outputs: number;
  readonly activation: Activation;
  /**
   * One 0/1 matrix per layer, [in, out] row-major: where it is 0 the kernel counts as 0 and gets
   * no gradient. Default: dense.
   */
  readonly masks?: readonly Float32Array[];
}

/**
 * A multilayer perceptron, dense or masked: the conditioner of couplings and of masked
 * autoregressive layers.
 *
 *     h_0 = x,   h_k = activation(h_{k-1} (W_k * M_k) + b_k),   output = h_L (W * M) + b
 *
 * Hidden kernels start uniform on +-sqrt(6 / (in + out)) (Glorot and Bengio 2010) and the output
 * layer at zero, so that a flow starts as the identity (Kingma and Dhariwal 2018, section 3.3).
 */
export class Mlp implements Disposable {
  readonly variables: readonly tf.Variable[];
  readonly #layers: readonly { kernel: tf.Variable; bias: tf.Variable; mask: tf.Tensor | null }[];
  readonly #activation: Activation;

  /**
   * @param name Path of its variables: `name/kernel0` [in, out], `name/bias0` [out], …
   * @param rng Source of the initial kernels.
   */
  constructor(name: string, options: MlpOptions, rng: Rng) {
    const { inputs, hidden, outputs, activation, masks } = options;
    const widths = [inputs, ...hidden, outputs];
    this.#activation = activation;
    this.#layers = widths.slice(1).map((out, i) => {
      const shape: [number, number] = [widths[i]!, out];
      const mask = masks?.[i] ?? null;
      const values = new Float32Array(shape[0] * out);
      if (i < hidden.length) {
        const bound = Math.sqrt(6 / (shape[0] + out));
        const uniform = rng.split(`kernel${i}`).uniform(values.length);
        for (let j = 0; j < values.length; j++) {
          values[j] = mask?.[j] === 0 ? 0 : bound * (2 * uniform[j]! - 1);
        }
      }
      return {
        kernel: createVariable(`${name}/kernel${i}`, shape, values),
        bias: createVariable(`${name}/bias${i}`, [out], new Float32Array(out)),
        mask: mask && tf.keep(tf.tensor2d(mask, shape)),
      };
    });
    this.variables = this.#layers.flatMap(({ kernel, bias }) => [kernel, bias]);
  }

  /**
   * @param x Shape [batch, inputs].
   * @returns Shape [batch, outputs].
   */
  apply(x: tf.Tensor): tf.Tensor2D {
    return tf.tidy(() => {
      let h = x as tf.Tensor2D;
      for (const [i, { kernel, bias, mask }] of this.#layers.entries()) {
        const isOutput = i === this.#layers.length - 1;
        const linear = isOutput || this.#activation !== "relu";
        h = tf.fused.matMul({
          a: h,
          b: (mask ? tf.mul(kernel, mask) : kernel) as tf.Tensor2D,
          bias,
          activation: linear ? "linear" : "relu",
        }) as tf.Tensor2D;
        if (!isOutput && this.#activation === "tanh") h = tf.tanh(h);
      }
      return h;
    });
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
    for (const { mask } of this.#layers) mask?.dispose();
  }
}
