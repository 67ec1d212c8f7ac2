import { addAll } from "../engine/add_all.ts";
import { activate, timesSlope } from "../engine/activation.ts";
import { conv, convGradients, type ConvLayer } from "../engine/conv.ts";
import type { Rng } from "../engine/rng.ts";
import * as tf from "../engine/tf.ts";
import { createContextKernel, readContext } from "./_context.ts";
import { createVariable, disposeVariables } from "./_variable.ts";
import type { Activation } from "./mlp.ts";

/** What {@link ConvNet} is made of. */
export interface ConvNetOptions {
  /** Channels of the input. */
  readonly inputs: number;
  /** The first of the channels of x that are the input; the others are not read. */
  readonly firstInput: number;
  /** Channels of the hidden layers; empty for one linear layer of 3 x 3. */
  readonly hidden: readonly number[];
  /** Channels of the output. */
  readonly outputs: number;
  readonly activation: Activation;
  /** Whether the output layer starts at zero, so that what it conditions starts alike for all inputs. */
  readonly zeroOutput: boolean;
  readonly network: ConvNetwork;
  /** Of the context that it reads; absent: it reads none. */
  readonly classes?: number;
  /** [height, width] of images whose pixels have biases of their own in the first layer; absent: they have not. */
  readonly untiedBias?: readonly [height: number, width: number];
}

/**
 * How the layers of a convolutional network are connected.
 *
 *     plain:     h_k = activation(conv(h_{k-1})); 3 x 3 first and last, 1 x 1 between (Glow's network);
 *                no activation behind the last, here and below
 *     residual:  3 x 3 first and last; between them blocks of two layers, 1 x 1 and 3 x 3,
 *                h_{k+1} = activation(conv(h_k)),  h_{k+2} = activation(h_k + conv(h_{k+1}))
 */
export type ConvNetwork = "plain" | "residual";

/** The values of {@link ConvNetwork}. */
export const CONV_NETWORKS: readonly ConvNetwork[] = ["plain", "residual"];

interface Layer extends ConvLayer {
  /** Adds what two layers before returned. */
  readonly isSkip: boolean;
}

/**
 * A convolutional network: the conditioner of couplings over images.
 *
 * With classes c V is added to the sums of the first layer at every pixel, c the one-hot class: a bias of
 * its own for each class. With an untied bias B_ij is added to those of pixel ij: a bias of its own for each
 * pixel, by which the network knows where it is, which a convolution sees at the borders alone.
 *
 * Kernels start uniform on +-sqrt(6 / (in + out)) with in and out the numbers that one output depends
 * on and one input reaches (Glorot and Bengio 2010), biases, B and V at zero.
 *
 * Source: of the plain one Kingma and Dhariwal 2018, section 5; residual blocks: He et al. 2016,
 * without the normalisation that Dinh et al. 2017 have in them.
 */
export class ConvNet implements Disposable {
  readonly variables: readonly tf.Variable[];
  readonly #contextKernel: tf.Variable | null;
  readonly #input: { readonly start: number; readonly count: number };
  readonly #layers: readonly Layer[];
  readonly #untiedBias: tf.Variable | null;

  /**
   * @param name Path of its variables: `name/kernel0` [9 in, out] (3 x 3: rows by line, column and input
   *   channel, the last one fastest; outside of the image is 0) or [in, out] (1 x 1), `name/bias0` [out], …,
   *   and of the first layer with an untied bias `name/untiedBias` [height, width, out], with classes
   *   `name/context` [classes, out].
   * @param rng Source of the initial kernels.
   * @throws {RangeError} If residual blocks cannot be made of the hidden layers.
   */
  constructor(name: string, options: ConvNetOptions, rng: Rng) {
    const { inputs, firstInput, hidden, outputs, activation, zeroOutput, network } = options;
    const isResidual = network === "residual";
    const fits = (width: number, k: number): boolean => k % 2 === 1 || width === hidden[0];
    if (isResidual && hidden.length > 0 && !(hidden.length % 2 === 1 && hidden.every(fits))) {
      throw new RangeError(
        "Cannot create ConvNet as a residual one needs a hidden layer and two more for each block, the " +
          `second as wide as the first of all: current widths are [${hidden.join(", ")}]`,
      );
    }
    this.#input = { start: firstInput, count: inputs };
    const widths = [inputs, ...hidden, outputs];
    this.#layers = widths.slice(1).map((out, k) => {
      const isLast = k === hidden.length;
      const isSkip = isResidual && !isLast && k > 0 && k % 2 === 0;
      const pixels = k === 0 || isLast || isSkip ? 9 : 1;
      const values = new Float32Array(pixels * widths[k]! * out);
      if (!isLast || !zeroOutput) {
        const bound = Math.sqrt(6 / (pixels * (widths[k]! + out)));
        const uniform = rng.split(`kernel${k}`).uniform(values.length);
        for (let i = 0; i < values.length; i++) values[i] = bound * (2 * uniform[i]! - 1);
      }
      return {
        kernel: createVariable(`${name}/kernel${k}`, [pixels * widths[k]!, out], values),
        bias: createVariable(`${name}/bias${k}`, [out], new Float32Array(out)),
        activation: isLast ? "linear" : activation,
        isSkip,
      };
    });
    this.#untiedBias = createUntiedBias(name, options.untiedBias, widths[1]!);
    this.#contextKernel = createContextKernel(name, options.classes, widths[1]!);
    this.variables = [
      ...this.#layers.flatMap(({ kernel, bias }) => [kernel, bias] as tf.Variable[]),
      ...(this.#untiedBias ? [this.#untiedBias] : []),
      ...(this.#contextKernel ? [this.#contextKernel] : []),
    ];
  }

  /**
   * One operation for the whole network, with its gradient written out. It goes through the images in
   * blocks whose hidden layers have 2 MiB at most, so that they may stay in the processor's cache.
   *
   * @param x Shape [batch, height, width, inputs], or more channels.
   * @param context Shape [batch, classes]; not read without classes.
   * @returns Shape [batch, height, width, outputs].
   * @throws {TypeError} If there are classes and the context is not of that shape, or untied biases and
   *   images of another size.
   */
  apply(x: tf.Tensor, context?: tf.Tensor): tf.Tensor {
    const { start, count } = this.#input;
    const c = readContext("ConvNet.apply", context, this.#contextKernel, x.shape[0]!);
    const [height, width] = this.#untiedBias?.shape ?? [];
    if (height !== undefined && !(height === x.shape[1] && width === x.shape[2])) {
      throw new TypeError(
        `Cannot evaluate ConvNet.apply as x must be images of ${height} x ${width} pixels: current ` +
          `shape is [${x.shape.join(", ")}]`,
      );
    }
    const sizes = this.#blockSizes(x.shape as [number, number, number, number]);
    const op = tf.customGrad((...args) => {
      const save = args.pop() as tf.GradSaveFunc;
      const classes = c ? split(c, sizes) : [];
      const blocks = split(args[0] as tf.Tensor, sizes)
        .map((x, i) => this.#activations(x, classes[i]));
      const value = join(blocks.map((h) => h.pop()!));
      save(blocks.flatMap((h, i) => classes[i] ? [...h, classes[i]] : h));
      return {
        value,
        gradFunc: (dy: tf.Tensor, h: tf.Tensor[]) => this.#gradients(h, split(dy, sizes)),
      };
    });
    return op(tf.slice(x, [0, 0, 0, start], [-1, -1, -1, count]), ...this.variables);
  }

  [Symbol.dispose](): void {
    disposeVariables(this.variables);
  }

  /** Numbers of images, one for each block. */
  #blockSizes([batch, height, width]: [number, number, number, number]): number[] {
    const widest = Math.max(...this.#layers.map(({ bias }) => bias.size));
    const size = Math.max(1, Math.floor(BLOCK_SIZE / (height * width * widest)));
    const count = Math.ceil(batch / size);
    return Array.from({ length: count }, (_, i) => Math.min(size, batch - i * size));
  }

  /** x, and the output of every layer. */
  #activations(x: tf.Tensor, c: tf.Tensor | undefined): tf.Tensor[] {
    const h = [x];
    for (const [k, layer] of this.#layers.entries()) {
      const added = k === 0 ? this.#firstBiases(c) : layer.isSkip ? [h[k - 1]!] : [];
      h.push(evaluate(layer, h[k]!, added));
    }
    return h;
  }

  /** B, the same for every image, and c V, the same at every pixel. */
  #firstBiases(c: tf.Tensor | undefined): tf.Tensor[] {
    const biases: tf.Tensor[] = this.#untiedBias ? [this.#untiedBias] : [];
    const kernel = this.#contextKernel;
    if (!c || !kernel) return biases;
    const product = tf.matMul(c, kernel as tf.Tensor);
    return [...biases, tf.reshape(product, [c.shape[0]!, 1, 1, kernel.shape[1]!])];
  }

  /**
   * @param h What {@link apply} saved: for each block its x and hidden layers, and with classes c.
   * @param dy For each block.
   * @returns The gradient of x, then those of the variables, which sum over the blocks.
   */
  #gradients(h: readonly tf.Tensor[], dy: readonly tf.Tensor[]): tf.Tensor[] {
    const count = h.length / dy.length;
    const blocks = dy.map((dy, i) => this.#blockGradients(h.slice(i * count, (i + 1) * count), dy));
    if (blocks.length === 1) return blocks[0]!;
    const sums = this.variables.map((_, i) => addAll(blocks.map((block) => block[i + 1]!)));
    return [join(blocks.map(([dx]) => dx!)), ...sums];
  }

  /**
   *     delta_L = dy,   delta_{k-1} = (gradient of h_{k-1}, by layer k and a skip) * slope(h_{k-1}),
   *     dB = delta_1 summed over the images,   dV = c^T delta_1 summed over the pixels
   */
  #blockGradients(h: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
    const c = h[this.#layers.length];
    const gradients: tf.Tensor[] = [];
    let delta = dy;
    for (let k = this.#layers.length - 1, skipped: tf.Tensor | null = null; k >= 0; k--) {
      const layer = this.#layers[k]!;
      const before = k > 0 ? this.#layers[k - 1]!.activation : "linear";
      // A gradient that skipped the layer behind this one ends at the input of this one.
      const { dx, dKernel, dBias } = convGradients(
        h[k]!,
        delta,
        layer,
        skipped ? "linear" : before,
      );
      gradients.unshift(dKernel, dBias);
      if (k === 0) gradients.push(...this.#firstBiasGradients(delta, c));
      const next: tf.Tensor = skipped ? timesSlope(tf.add(dx, skipped), h[k]!, before) : dx;
      skipped = layer.isSkip ? delta : null;
      delta = next;
    }
    return [delta, ...gradients];
  }

  #firstBiasGradients(delta: tf.Tensor, c: tf.Tensor | undefined): tf.Tensor[] {
    return [
      ...(this.#untiedBias ? [sumOverImages(delta)] : []),
      ...(c ? [tf.matMul(c, sumOverPixels(delta), true)] : []),
    ];
  }
}

/** Blocks of so many images. */
function split(x: tf.Tensor, sizes: readonly number[]): tf.Tensor[] {
  return sizes.length === 1 ? [x] : tf.split(x, [...sizes]);
}

function join(blocks: readonly tf.Tensor[]): tf.Tensor {
  return blocks.length === 1 ? blocks[0]! : tf.concat([...blocks]);
}

function createUntiedBias(
  name: string,
  size: readonly [height: number, width: number] | undefined,
  channels: number,
): tf.Variable | null {
  if (!size) return null;
  const shape = [...size, channels];
  const zeros = new Float32Array(tf.util.sizeFromShape(shape));
  return createVariable(`${name}/untiedBias`, shape, zeros);
}

/** [batch, height, width, channels] to [height, width, channels], as a product like the next. */
function sumOverImages(images: tf.Tensor): tf.Tensor {
  const [batch, ...shape] = images.shape as [number, number, number, number];
  return tf.reshape(tf.matMul(tf.ones([1, batch]), tf.reshape(images, [batch, -1])), shape);
}

/** [batch, height, width, channels] to [batch, channels]; as a product, which is faster than a sum. */
function sumOverPixels(images: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const rows = tf.reshape(images, [batch, height * width, channels]);
  return tf.reshape(tf.matMul(tf.ones([batch, 1, height * width]), rows), [batch, channels]);
}

/** Numbers of a hidden layer of one block. */
const BLOCK_SIZE = 1 << 19;

/** The output of a layer, to whose sums a skip or the biases of pixels and classes may add. */
function evaluate(layer: Layer, x: tf.Tensor, added: readonly tf.Tensor[]): tf.Tensor {
  if (added.length === 0) return conv(x, layer);
  const sums: tf.Tensor = conv(x, { ...layer, activation: "linear" });
  return activate(added.reduce((sum, more) => tf.add(sum, more), sums), layer.activation);
}
