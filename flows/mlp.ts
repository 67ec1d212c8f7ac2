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
  /** Whether the output layer starts at zero, so that what it conditions starts as the identity. */
  readonly zeroOutput: boolean;
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
 * Kernels start uniform on +-sqrt(6 / (in + out)) (Glorot and Bengio 2010), biases at zero.
 */
export class Mlp implements Disposable {
  readonly variables: readonly tf.Variable[];
  readonly #activation: Activation;
  readonly #masks: readonly (tf.Tensor2D | null)[];

  /**
   * @param name Path of its variables: `name/kernel0` [in, out], `name/bias0` [out], …
   * @param rng Source of the initial kernels.
   */
  constructor(name: string, options: MlpOptions, rng: Rng) {
    const { inputs, hidden, outputs, activation, zeroOutput, masks } = options;
    const widths = [inputs, ...hidden, outputs];
    this.#activation = activation;
    this.#masks = widths.slice(1).map((out, k) => {
      const mask = masks?.[k];
      return mask ? tf.keep(tf.tensor2d(mask, [widths[k]!, out])) : null;
    });
    this.variables = widths.slice(1).flatMap((out, k) => {
      const shape = [widths[k]!, out];
      const values = new Float32Array(widths[k]! * out);
      if (k < hidden.length || !zeroOutput) {
        const bound = Math.sqrt(6 / (widths[k]! + out));
        const uniform = rng.split(`kernel${k}`).uniform(values.length);
        const mask = masks?.[k];
        for (let i = 0; i < values.length; i++) {
          values[i] = mask?.[i] === 0 ? 0 : bound * (2 * uniform[i]! - 1);
        }
      }
      return [
        createVariable(`${name}/kernel${k}`, shape, values),
        createVariable(`${name}/bias${k}`, [out], new Float32Array(out)),
      ];
    });
  }

  /**
   * One operation for the whole network, with its gradient written out: small flows are bound by
   * the number of operations on the tape.
   *
   *     delta_L = dy,   delta_{k-1} = (delta_k W_k^T) * activation'(h_{k-1})
   *     dW_k = (h_{k-1}^T delta_k) * M_k,   db_k = sum over the batch of delta_k
   *
   * @param x Shape [batch, inputs].
   * @returns Shape [batch, outputs].
   */
  apply(x: tf.Tensor): tf.Tensor2D {
    const masks = this.#masks;
    const activation = this.#activation;
    const op = tf.customGrad((...args) => {
      const save = args.pop() as tf.GradSaveFunc;
      const [x, ...variables] = args as tf.Tensor2D[];
      const kernels = masks.map((mask, k) =>
        mask ? tf.mul(variables[2 * k]!, mask) : variables[2 * k]!
      ) as tf.Tensor2D[];
      // The input of each layer; the output comes last.
      const h = [x!];
      for (const [k, kernel] of kernels.entries()) {
        const isHidden = k < masks.length - 1;
        h.push(dense(h[k]!, kernel, variables[2 * k + 1]!, isHidden ? activation : "linear"));
      }
      const value = h.pop()!;
      save([...h, ...kernels]);
      const gradFunc = (dy: tf.Tensor2D, saved: tf.Tensor[]): tf.Tensor[] => {
        const [inputs, kernels] = [saved.slice(0, h.length), saved.slice(h.length)];
        const gradients: tf.Tensor[] = [];
        let delta = dy;
        for (let k = masks.length - 1; k >= 0; k--) {
          const [input, mask] = [inputs[k] as tf.Tensor2D, masks[k]];
          const dKernel = tf.matMul(input, delta, true);
          gradients.unshift(mask ? tf.mul(dKernel, mask) : dKernel, sumRows(delta));
          delta = tf.matMul(delta, kernels[k] as tf.Tensor2D, false, true);
          if (k > 0) delta = tf.mul(delta, slope(input, activation));
        }
        return [delta, ...gradients];
      };
      return { value, gradFunc: gradFunc as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] };
    });
    return op(x, ...this.variables) as tf.Tensor2D;
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
    for (const mask of this.#masks) mask?.dispose();
  }
}

/** activation(x W + b), fused also where a gradient is taken, which `tf.fused.matMul` is not. */
function dense(
  x: tf.Tensor2D,
  kernel: tf.Tensor2D,
  bias: tf.Tensor,
  activation: Activation | "linear",
): tf.Tensor2D {
  const y = tf.engine().runKernel("_FusedMatMul", { a: x, b: kernel, bias }, {
    transposeA: false,
    transposeB: false,
    activation: activation === "relu" ? "relu" : "linear",
  }) as tf.Tensor2D;
  return activation === "tanh" ? tf.tanh(y) : y;
}

/** The derivative of an activation, from its output h. */
function slope(h: tf.Tensor2D, activation: Activation): tf.Tensor {
  return activation === "relu" ? tf.step(h) : tf.sub(1, tf.square(h));
}

/** Sums over the batch, as a product: [batch, width] to [width]. */
function sumRows(x: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);
}
