import { activate, type LayerActivation } from "../engine/activation.ts";
import { dense, denseGradients, type DenseLayer } from "../engine/dense.ts";
import type { Mask } from "../engine/mask.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { createContextKernel, readContext } from "./_context.ts";
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
  /** Whether the output layer starts at zero, so that what it conditions starts alike for all inputs. */
  readonly zeroOutput: boolean;
  /** One for each layer, given away: where it is 0 the kernel counts as 0 and gets no gradient. */
  readonly masks?: readonly Mask[];
  /** Of the context that it reads; absent: it reads none. */
  readonly classes?: number;
}

/** Hidden activations of the conditioners. */
export type Activation = Exclude<LayerActivation, "linear">;

/**
 * A multilayer perceptron, dense or masked: the conditioner of couplings and of masked
 * autoregressive layers.
 *
 *     h_0 = x,   h_k = activation(h_{k-1} (W_k * M_k) + b_k) for k < L,   output = h_{L-1} (W_L * M_L) + b_L
 *
 * With classes c V is added to the sums of the first layer, c the one-hot class: a bias of its own for
 * each class.
 *
 * Kernels start uniform on +-sqrt(6 / (in + out)) (Glorot and Bengio 2010), biases and V at zero.
 */
export class Mlp implements Disposable {
  readonly variables: readonly tf.Variable[];
  /** V, [classes, width of the first layer]; null without classes. */
  readonly contextKernel: tf.Variable | null;
  readonly #layers: readonly DenseLayer[];

  /**
   * @param name Path of its variables: `name/kernel0` [in, out], `name/bias0` [out], …, and with
   *   classes `name/context` [classes, out] of the first layer.
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
        kernel: createVariable(`${name}/kernel${k}`, [widths[k]!, out], values, {
          ...(mask && { used: mask.count }),
        }),
        bias: createVariable(`${name}/bias${k}`, [out], new Float32Array(out)),
        activation: isHidden ? activation : "linear",
        mask,
        columns: k === 0 && firstInput !== undefined ? { start: firstInput, count: inputs } : null,
      };
    });
    this.contextKernel = createContextKernel(name, options.classes, widths[1]!);
    this.variables = [
      ...this.#layers.flatMap(({ kernel, bias }) => [kernel, bias] as tf.Variable[]),
      ...(this.contextKernel ? [this.contextKernel] : []),
    ];
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
   * @param context Shape [batch, classes]; not read without classes.
   * @returns Shape [batch, outputs].
   * @throws {TypeError} If there are classes and the context is not of that shape.
   */
  apply(x: tf.Tensor, context?: tf.Tensor): tf.Tensor2D {
    const c = readContext("Mlp.apply", context, this.contextKernel, x.shape[0]!);
    const op = tf.customGrad((...args) => {
      const save = args.pop() as tf.GradSaveFunc;
      const h = this.#activations(args[0] as tf.Tensor, c);
      const value = h.pop()!;
      save(c ? [...h, c] : h);
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
  gradients(x: tf.Tensor, dy: tf.Tensor, context?: tf.Tensor): tf.Tensor[] {
    const c = readContext("Mlp.gradients", context, this.contextKernel, x.shape[0]!);
    return tf.tidy(() => {
      const h = this.#activations(x, c).slice(0, -1);
      return this.#gradients(c ? [...h, c] : h, dy);
    });
  }

  /** x, and the output of every layer. */
  #activations(x: tf.Tensor, c: tf.Tensor2D | undefined): tf.Tensor[] {
    const h = [x];
    for (const [k, layer] of this.#layers.entries()) {
      h.push(c && k === 0 ? this.#first(x, c) : dense(h[k]!, layer));
    }
    return h;
  }

  /** activation(x (W * M) + b + c V). */
  #first(x: tf.Tensor, c: tf.Tensor2D): tf.Tensor2D {
    const layer = this.#layers[0]!;
    const sums = dense(x, { ...layer, activation: "linear" });
    const ofClass = tf.matMul(c, this.contextKernel as tf.Tensor2D);
    return activate(tf.add<tf.Tensor2D>(sums, ofClass), layer.activation);
  }

  /**
   *     delta_L = dy,   delta_{k-1} = (delta_k (W_k * M_k)^T) * slope(h_{k-1})
   *     dW_k = (h_{k-1}^T delta_k) * M_k,   db_k = sum over the batch of delta_k,   dV = c^T delta_1
   *
   * with the slope of the activation by what it made: 1 - h^2 of tanh, 1 of relu where h > 0.
   *
   * @param h x and the hidden layers, and with classes c.
   */
  #gradients(h: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
    const c = h[this.#layers.length];
    const gradients: tf.Tensor[] = [];
    let delta = dy;
    for (let k = this.#layers.length - 1; k >= 0; k--) {
      const before = k > 0 ? this.#layers[k - 1]!.activation : "linear";
      const { dx, dKernel, dBias } = denseGradients(h[k]!, delta, this.#layers[k]!, before);
      gradients.unshift(dKernel, dBias);
      if (c && k === 0) gradients.push(tf.matMul(c, delta, true));
      delta = dx;
    }
    return [delta, ...gradients];
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
    for (const { mask } of this.#layers) mask?.[Symbol.dispose]();
  }
}
