import type { LayerActivation } from "../engine/activation.ts";
import { dense, denseGradients, type DenseLayer } from "../engine/dense.ts";
import type { Mask } from "../engine/mask.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { createVariable, disposeVariables } from "./_variable.ts";

/** What {@link Mlp} is made of. */
export interface MlpOptions {
  /** Width of the input. */
  readonly inputs: number;
  /** The first of the columns of x that are the input; absent: x is the input. */
  readonly firstInput?: number;
  /** Widths of the hidden layers; empty for a linear map. */
  readonly hidden: readonly number[];
  /** Width of the output. */
  readonly outputs: number;
  /** Of the hidden layers. */
  readonly activation: Activation;
  /** Whether the output layer starts at zero, so that what it conditions starts as the identity. */
  readonly zeroOutput: boolean;
  /** One for each layer, given away: where it is 0 the kernel counts as 0 and gets no gradient. */
  readonly masks?: readonly Mask[];
}

/** Hidden activations of the conditioners. */
export type Activation = Exclude<LayerActivation, "linear">;

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
  readonly #layers: readonly DenseLayer[];

  /**
   * @param name Path of its variables: `name/kernel0` [in, out], `name/bias0` [out], …
   * @param rng Source of the initial kernels.
   */
  constructor(name: string, options: MlpOptions, rng: Rng) {
    const { inputs, firstInput, hidden, outputs, activation, zeroOutput, masks } = options;
    const widths = [inputs, ...hidden, outputs];
    this.#layers = widths.slice(1).map((out, k) => {
      const isHidden = k < hidden.length;
      const mask = masks?.[k] ?? null;
      const values = new Float32Array(widths[k]! * out);
      if (isHidden || !zeroOutput) {
        const bound = Math.sqrt(6 / (widths[k]! + out));
        const uniform = rng.split(`kernel${k}`).uniform(values.length);
        for (let i = 0; i < values.length; i++) {
          const exists = mask === null || mask.has(Math.floor(i / out), i % out);
          values[i] = exists ? bound * (2 * uniform[i]! - 1) : 0;
        }
      }
      return {
        kernel: createVariable(`${name}/kernel${k}`, [widths[k]!, out], values),
        bias: createVariable(`${name}/bias${k}`, [out], new Float32Array(out)),
        activation: isHidden ? activation : "linear",
        mask,
        columns: k === 0 && firstInput !== undefined ? { start: firstInput, count: inputs } : null,
      };
    });
    this.variables = this.#layers.flatMap(({ kernel, bias }) => [kernel, bias] as tf.Variable[]);
  }

  /** The layers, first to last. */
  get layers(): readonly DenseLayer[] {
    return this.#layers;
  }

  /**
   * One operation for the whole network, with its gradient written out: small flows are bound by
   * the number of operations on the tape.
   *
   * @param x Shape [batch, inputs], or wider where the network reads a part of it.
   * @returns Shape [batch, outputs].
   */
  apply(x: tf.Tensor): tf.Tensor2D {
    const op = tf.customGrad((...args) => {
      const save = args.pop() as tf.GradSaveFunc;
      const h = this.#activations(args[0] as tf.Tensor);
      const value = h.pop()!;
      save(h);
      return { value, gradFunc: (dy: tf.Tensor, h: tf.Tensor[]) => this.#gradients(h, dy) };
    });
    return op(x, ...this.variables) as tf.Tensor2D;
  }

  /**
   * The gradients of {@link apply}, for who does without a tape.
   *
   * @param dy The gradient of the output.
   * @returns The gradient of x, then those of {@link variables}.
   */
  gradients(x: tf.Tensor, dy: tf.Tensor): tf.Tensor[] {
    return tf.tidy(() => this.#gradients(this.#activations(x).slice(0, -1), dy));
  }

  /** x, and the output of every layer. */
  #activations(x: tf.Tensor): tf.Tensor[] {
    const h = [x];
    for (const layer of this.#layers) h.push(dense(h.at(-1)!, layer));
    return h;
  }

  /**
   *     delta_L = dy,   delta_{k-1} = (delta_k (W_k * M_k)^T) * activation'(h_{k-1})
   *     dW_k = (h_{k-1}^T delta_k) * M_k,   db_k = sum over the batch of delta_k
   */
  #gradients(h: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
    const gradients: tf.Tensor[] = [];
    let delta = dy;
    for (let k = this.#layers.length - 1; k >= 0; k--) {
      const before = k > 0 ? this.#layers[k - 1]!.activation : "linear";
      const { dx, dKernel, dBias } = denseGradients(h[k]!, delta, this.#layers[k]!, before);
      gradients.unshift(dKernel, dBias);
      delta = dx;
    }
    return [delta, ...gradients];
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
    for (const { mask } of this.#layers) mask?.[Symbol.dispose]();
  }
}
