import { SCALE_MAPS } from "./affine.ts";
import { allocate, matrixOf } from "./kernel_tensors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import type { Mask } from "./mask.ts";
import { columnsOf, type Matrix, rowsOf, transposed } from "./matrix.ts";
import { multiply, multiplyInto } from "./product.ts";
import * as tf from "./tf.ts";

/** A layer of a {@link MadeNetwork}; the tensors are borrowed. */
export interface MadeLayer {
  /** Shape [in, out]. */
  readonly kernel: tf.Tensor;
  /** Shape [out]. */
  readonly bias: tf.Tensor;
  readonly mask: Mask;
}

/** A masked network with units sorted by degree, and how its output acts on x. */
export interface MadeNetwork {
  readonly hidden: readonly MadeLayer[];
  /** Its columns: all shifts, then all raw scales. */
  readonly output: MadeLayer;
  /** For each hidden layer, int32 [dim]: at d, how many units have a degree of at most d. */
  readonly counts: readonly Int32Array[];
  readonly dim: number;
  /** Whether the last coordinate is the first to be known. */
  readonly isDescending: boolean;
  readonly scaleMap: "exp" | "tanh" | "sigmoid2";
  readonly activation: "relu" | "tanh";
}

/** What {@link invertMade} found. */
export interface MadeSolution {
  /** Shape [batch, dim]. */
  readonly x: tf.Tensor;
  /** Sum of log-scales, [batch]. */
  readonly logDet: tf.Tensor1D;
  /** The network's output at x, [batch, 2 dim], and each hidden layer's, [batch, units]. */
  readonly params: tf.Tensor;
  readonly hidden: readonly tf.Tensor[];
}

/** The gradients of {@link invertMade}: of z, and of each layer, the output layer last. */
export interface MadeGradients {
  readonly dz: tf.Tensor;
  /** Of the sums of the first layer, [batch, units]. */
  readonly dSums: tf.Tensor;
  readonly layers: readonly { readonly dKernel: tf.Tensor; readonly dBias: tf.Tensor }[];
}

/** Coordinates that are solved one by one, before products carry them on to all later ones. */
const BLOCK = 32;

/**
 * Examples that a block has in work at a time. Its columns are copied one after another, and lines of a
 * cache that so few rows lie in stay there meanwhile; those of 1,000 drive each other out, the more so as
 * powers of two lie between them (five times the time at D = 2).
 */
const ROWS = 16;

const ACTIVATIONS = { relu: 1, tanh: 2 } as const;

/**
 * Solves x = z s(x) + mu(x) for a masked network, with each of its weights used once.
 *
 * When coordinate x_i becomes known, the sums of the units of higher degrees alone change, and the
 * units of degree i + 1 become final. So a block of coordinates is solved one by one with what is
 * final in it, and then one product per layer adds the block to the sums of all later units:
 *
 *     sums_1[later] += x[block] W_1,   sums_l[later] += h_(l-1)[block] W_l,   output alike
 *
 * Exact but for the order of the sums. The cost is that of one pass through the network.
 *
 * @param z Shape [batch, dim].
 * @param added To the sums of the first layer, [batch, units]; null: nothing.
 */
export function invertMade(
  kernels: Kernels,
  z: tf.Tensor,
  network: MadeNetwork,
  added: tf.Tensor | null,
): MadeSolution {
  const { hidden, output, counts, dim, isDescending } = network;
  const [batch] = z.shape as [number];
  const work = new Workspace(kernels, network);
  const [x, logDet] = [allocate(kernels, [batch, dim]), allocate(kernels, [batch])];
  kernels.fillRows(kernels.address(logDet), 0, 1, batch, 0);
  const sums = [...hidden, output].map(({ bias }, l) =>
    added && l === 0 ? tf.add(bias, added) : biasRows(kernels, bias, batch)
  );
  const params = sums.pop()!;
  const sumsAt = sums.map((tensor) => matrixOf(kernels, tensor));
  const [xAt, paramsAt] = [matrixOf(kernels, x), matrixOf(kernels, params)];
  const kernelsAt = hidden.map(({ kernel }) => matrixOf(kernels, kernel));
  const outputAt = matrixOf(kernels, output.kernel);
  work.tabulate(sumsAt.map(({ address }) => [address, 0]));

  for (let from = 0; from < dim; from += BLOCK) {
    const to = Math.min(from + BLOCK, dim);
    // deno-fmt-ignore
    kernels.madeBlock(
      work.table, hidden.length, from, to, batch, ROWS, dim, Number(isDescending), kernels.address(z),
      xAt.address, paramsAt.address, outputAt.address, kernels.address(logDet),
      SCALE_MAPS[network.scaleMap], ACTIVATIONS[network.activation], work.scratch,
    );
    if (to === dim) break;
    const block = isDescending ? dim - to : from, later = isDescending ? 0 : to;
    // What the block knows: x, then the units that became final, layer by layer.
    let known = columnsOf(xAt, block, to - from);
    let start = block;
    for (const [l, count] of counts.entries()) {
      const first = count[to]!;
      const weights = columnsOf(
        rowsOf(kernelsAt[l]!, start, known.columns),
        first,
        count.at(-1)! - first,
      );
      if (known.columns > 0 && weights.columns > 0) {
        const target = columnsOf(sumsAt[l]!, first, weights.columns);
        multiply(kernels, known, weights, target, { accumulate: true });
      }
      start = count[from]!;
      known = columnsOf(sumsAt[l]!, start, first - start);
    }
    if (known.columns === 0) continue;
    for (const part of [0, dim]) {
      const weights = columnsOf(rowsOf(outputAt, start, known.columns), part + later, dim - to);
      const target = columnsOf(paramsAt, part + later, dim - to);
      multiply(kernels, known, weights, target, { accumulate: true });
    }
  }
  work[Symbol.dispose]();
  return { x, logDet: logDet as tf.Tensor1D, params, hidden: sums };
}

/**
 * The gradients of {@link invertMade}, by the implicit function theorem: with f the layer from data to
 * latent, f(x) = z, and gradients dx and dLogDet of the results,
 *
 *     (df/dx)^T v = dx + (d logDet/dx)^T dLogDet,   dz = v
 *
 * is triangular in the other order and is solved like the inversion: coordinates from the last to the
 * first, blocks carried on by products. What it finds for each unit on the way is the gradient of its
 * sum; products of those with what the units read are the gradients of the weights.
 */
export function madeGradients(
  kernels: Kernels,
  z: tf.Tensor,
  { x, params, hidden: activations }: Omit<MadeSolution, "logDet">,
  dx: tf.Tensor,
  dLogDet: tf.Tensor,
  network: MadeNetwork,
): MadeGradients {
  const { hidden, output, counts, dim, isDescending } = network;
  const [batch] = z.shape as [number];
  const work = new Workspace(kernels, network);
  const [v, dParams] = [allocate(kernels, [batch, dim]), allocate(kernels, [batch, 2 * dim])];
  const g = zeros(kernels, [batch, dim]);
  const slopes = activations.map(({ shape }) => zeros(kernels, shape));
  const [gAt, dParamsAt] = [matrixOf(kernels, g), matrixOf(kernels, dParams)];
  const slopesAt = slopes.map((tensor) => matrixOf(kernels, tensor));
  const kernelsAt = hidden.map(({ kernel }) => matrixOf(kernels, kernel));
  const outputAt = matrixOf(kernels, output.kernel);
  work.tabulate(activations.map((h, l) => [kernels.address(h), slopesAt[l]!.address]));

  for (let to = dim; to > 0;) {
    const from = Math.max(0, (Math.ceil(to / BLOCK) - 1) * BLOCK);
    // deno-fmt-ignore
    kernels.madeBlockGradient(
      work.table, hidden.length, from, to, batch, ROWS, dim, Number(isDescending), kernels.address(z),
      kernels.address(dx), kernels.address(dLogDet), kernels.address(params), dParamsAt.address,
      outputAt.address, gAt.address, kernels.address(v), SCALE_MAPS[network.scaleMap],
      ACTIVATIONS[network.activation], work.scratch,
    );
    if (from === 0) break;
    const block = isDescending ? dim - to : from, later = isDescending ? dim - from : 0;
    // What the block knows: the gradients of its part of the output, then of its units.
    let known = [0, dim].map((part) => ({
      gradients: columnsOf(dParamsAt, part + block, to - from),
      weights: columnsOf(outputAt, part + block, to - from),
    }));
    for (let l = hidden.length - 1; l >= 0; l--) {
      const count = counts[l]!;
      const first = count[from - 1]!, end = count[to - 1]!;
      if (first > 0) carry(kernels, known, 0, first, slopesAt[l]!);
      known = [{
        gradients: columnsOf(slopesAt[l]!, first, end - first),
        weights: columnsOf(kernelsAt[l]!, first, end - first),
      }];
    }
    carry(kernels, known, later, from, gAt);
    to = from;
  }
  work[Symbol.dispose]();
  tf.dispose(g);

  const layers = [...hidden, output].map(({ kernel, bias, mask }, l) => {
    const [dKernel, dBias] = [allocate(kernels, kernel.shape), allocate(kernels, bias.shape)];
    const input = matrixOf(kernels, l === 0 ? x : activations[l - 1]!);
    const delta = matrixOf(kernels, slopes[l] ?? dParams);
    multiplyInto(kernels, transposed(input), delta, mask, matrixOf(kernels, dKernel));
    kernels.sumRows(delta.address, delta.rows, delta.columns, kernels.address(dBias));
    return { dKernel, dBias };
  });
  const [dSums, ...others] = [...slopes, dParams];
  tf.dispose(others);
  return { dz: v, dSums: dSums!, layers };
}

/** target[:, rows] += gradients weights[rows, :]^T, for all that is known. */
function carry(
  kernels: Kernels,
  known: readonly { readonly gradients: Matrix; readonly weights: Matrix }[],
  start: number,
  count: number,
  target: Matrix,
): void {
  for (const { gradients, weights } of known) {
    if (gradients.columns === 0) continue;
    const part = transposed(rowsOf(weights, start, count));
    multiply(kernels, gradients, part, columnsOf(target, start, count), { accumulate: true });
  }
}

/** The working memory of a block and the table that describes the layers, as assembly/made.ts has it. */
class Workspace implements Disposable {
  readonly scratch: number;
  readonly table: number;
  readonly #kernels: Kernels;
  readonly #lines: readonly number[];
  readonly #network: MadeNetwork;
  readonly #tensors: tf.Tensor[];

  constructor(kernels: Kernels, network: MadeNetwork) {
    const { counts, dim } = network;
    const lineBytes = 4 * ROWS;
    // One more than units can become final in a block.
    const units = counts.map((count) => {
      let most = 0;
      for (let from = 0; from < dim; from += BLOCK) {
        const to = Math.min(from + BLOCK, dim - 1);
        most = Math.max(
          most,
          count[to]! - count[from]!,
          count[to]! - count[Math.max(0, from - 1)]!,
        );
      }
      return most + 1;
    });
    const lines = 4 + 2 * BLOCK + units.reduce((sum, count) => sum + count, 0);
    const memory = allocate(kernels, [lines * lineBytes / 4]);
    const table = tf.zeros([Math.max(1, 6 * counts.length)], "int32");
    const bounds = counts.map((count) => tf.tensor1d(count, "int32"));
    this.#kernels = kernels;
    this.#network = network;
    this.#tensors = [memory, table, ...bounds];
    this.scratch = kernels.address(memory);
    this.table = kernels.address(table);
    let at = this.scratch + (4 + 2 * BLOCK) * lineBytes;
    this.#lines = units.map((count) => {
      at += count * lineBytes;
      return at - count * lineBytes;
    });
  }

  /** @param rows For each hidden layer, where its sums are, and their gradients. */
  tabulate(rows: readonly (readonly [sums: number, slopes: number])[]): void {
    const kernels = this.#kernels;
    const values = rows.flatMap(([sums, slopes], l) => {
      const { kernel } = this.#network.hidden[l]!;
      const counts = kernels.address(this.#tensors[2 + l]!);
      return [sums, kernel.shape[1]!, kernels.address(kernel), counts, this.#lines[l]!, slopes];
    });
    new Uint32Array(kernels.memory.buffer, this.table, values.length).set(values);
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#tensors);
  }
}

function zeros(kernels: Kernels, shape: number[]): tf.Tensor {
  const tensor = allocate(kernels, shape);
  kernels.fillRows(kernels.address(tensor), 0, 1, tensor.size, 0);
  return tensor;
}

/** The bias in each row of the batch. */
function biasRows(kernels: Kernels, bias: tf.Tensor, batch: number): tf.Tensor {
  const rows = allocate(kernels, [batch, bias.size]);
  kernels.fillRows(kernels.address(rows), 4 * bias.size, batch, bias.size, kernels.address(bias));
  return rows;
}
