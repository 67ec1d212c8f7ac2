import {
  invertMade,
  madeGradients,
  type MadeLayer,
  type MadeNetwork,
} from "../engine/made_inverse.ts";
import { installedKernels } from "../engine/matmul.ts";
import * as tf from "../engine/tf.ts";
import type { Rng } from "../engine/rng.ts";
import { affine, type AffineDirection, type Moved } from "./affine.ts";
import { type Bijector, checkBatch, type Forward, type Inverse } from "./bijector.ts";
import { readContext } from "./_context.ts";
import { countUnits, madeMasks } from "./made_masks.ts";
import { type Activation, Mlp } from "./mlp.ts";
import { SCALE_MAP_SLOPES, SCALE_MAPS, type ScaleMap } from "./scale_map.ts";

/** What {@link MaskedAutoregressive} is made of. */
export interface MaskedAutoregressiveOptions {
  readonly dim: number;
  /** Whether a coordinate depends on those before it or on those after it. */
  readonly order: "ascending" | "descending";
  /** Widths of the network's hidden layers; empty for a linear conditioner. */
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly scaleMap: ScaleMap;
  /** How {@link MaskedAutoregressive.inverse} solves; "incremental" by default. */
  readonly inversion?: Inversion;
  /** How many classes the network is told of, by the context; absent: it is told nothing. */
  readonly classes?: number;
}

/**
 * Three ways to the same inverse. The first and the last differ by rounding, jacobi by what is made in the
 * coordinates behind of a change that was small enough to end it: more than that where slopes are steep.
 *
 *     sequential:   D passes through the whole network, a coordinate each, as in the papers
 *     jacobi:       passes that update all coordinates at once, until none changes by more than
 *                   1e-6 (1 + |x|); after k passes k coordinates are exact, so D at most; where one ends
 *                   as NaN or above 1e15, and on webgpu, the sequential one
 *     incremental:  one pass, coordinate by coordinate, each weight used once (engine/made_inverse.ts);
 *                   on backends without kernels the sequential one
 */
export type Inversion = "sequential" | "jacobi" | "incremental";

/** The values of {@link Inversion}. */
export const INVERSIONS: readonly Inversion[] = ["incremental", "sequential", "jacobi"];

/**
 * The masked autoregressive layer: every coordinate is standardised by what the ones before it say.
 *
 *     (mu, a) = MADE(x, class),  mu_i and a_i depend on x_1 … x_{i-1},  log s = scaleMap(a)
 *     forward(x):  z_i = (x_i - mu_i) / s_i,   logDet = -sum log s
 *     inverse(z):  x_i = z_i s_i + mu_i,       logDet = sum log s
 *
 * In descending order the same holds for x_D … x_1. The network is told of the class in its first layer,
 * which the first coordinate sees nothing of where there are hidden layers: its mu and a are the same for all
 * classes.
 *
 * Cost: forward one network pass; inverse as {@link Inversion} says. The gradient of the inverse comes
 * from the implicit function theorem: one pass back, coordinate by coordinate, behind the incremental inverse,
 * D passes back through the network behind the others.
 *
 * Source: Papamakarios et al. 2017 (MAF), eq. 3 and 4; the masks are those of Germain et al. 2015
 * (MADE), with degrees assigned in sorted order and spread evenly instead of drawn at random. Jacobi
 * iteration for such layers: Song et al. 2021, "Accelerating Feedforward Computation via Parallel
 * Nonlinear Equation Solving".
 */
export class MaskedAutoregressive implements Bijector {
  readonly eventShape: readonly number[];
  /** How {@link inverse} solves: may be changed at any time, the weights are the same. */
  inversion: Inversion;
  readonly #made: MadeNetwork;
  readonly #network: Mlp;
  readonly #scaleMap: ScaleMap;
  #passes = 0;

  /**
   * @param name Path of its variables: those of the network, `name/kernel0`, … The output layer
   *   has 2 dim columns, first mu and then a.
   * @param rng Source of the network's initial kernels.
   */
  constructor(name: string, options: MaskedAutoregressiveOptions, rng: Rng) {
    const { dim, order, inversion = "incremental", ...own } = options;
    const { hidden, activation, scaleMap } = own;
    this.eventShape = [dim];
    this.inversion = inversion;
    this.#scaleMap = scaleMap;
    this.#network = new Mlp(name, {
      ...own,
      inputs: dim,
      outputs: 2 * dim,
      zeroOutput: true,
      masks: madeMasks(dim, hidden, order),
    }, rng);
    const layers = this.#network.layers as readonly MadeLayer[];
    this.#made = {
      hidden: layers.slice(0, -1),
      output: layers.at(-1)!,
      counts: hidden.map((width) => countUnits(dim, width)),
      dim,
      isDescending: order === "descending",
      scaleMap,
      activation,
    };
  }

  get variables(): readonly tf.Variable[] {
    return this.#network.variables;
  }

  /** How many times the last inversion passed through the network. */
  get passes(): number {
    return this.#passes;
  }

  forward(x: tf.Tensor, context?: tf.Tensor): Forward {
    checkBatch("MaskedAutoregressive.forward", x, this.eventShape, "x");
    return tf.tidy(() => {
      const { y: z, logDet } = this.#affine(x, this.#network.apply(x, context), "standardise");
      return { z, logDet };
    });
  }

  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse {
    const batch = checkBatch("MaskedAutoregressive.inverse", z, this.eventShape, "z");
    const kernel = this.#network.contextKernel;
    const c = readContext("MaskedAutoregressive.inverse", context, kernel, batch);
    const dim = this.#made.dim;
    return tf.tidy(() => {
      // A custom gradient belongs to one tensor: x and logDet side by side.
      const op = tf.customGrad((...args) => {
        const save = args.pop() as tf.GradSaveFunc;
        const z = args[0] as tf.Tensor;
        const { x, logDet, kept } = this.#solve(z, c);
        save([z, x, ...(c ? [c] : []), ...kept]);
        return {
          value: tf.concat([x, tf.reshape(logDet, [batch, 1])], 1),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
            const [dx, dLogDet] = tf.split(dy, [dim, 1], 1) as [tf.Tensor, tf.Tensor];
            return this.#gradients(saved, dx, tf.reshape(dLogDet, [batch]));
          },
        };
      });
      const [x, logDet] = tf.split(op(z, ...this.variables), [dim, 1], 1) as [tf.Tensor, tf.Tensor];
      return { x, logDet: tf.reshape<tf.Rank.R1>(logDet, [batch]) };
    });
  }

  /**
   * One of the D passes of the sequential inverse, for who does something else between two of them.
   *
   * @param z Shape [batch, dim].
   * @param x What is known: the coordinates of earlier steps, and 0 for the others.
   * @param step How many coordinates are known, 0 … dim - 1.
   * @param context Shape [batch, classes]; not read without classes.
   * @returns x with one coordinate more.
   * @throws {TypeError} If a shape is another.
   */
  solveNext(z: tf.Tensor, x: tf.Tensor, step: number, context?: tf.Tensor): tf.Tensor {
    checkBatch("MaskedAutoregressive.solveNext", z, this.eventShape, "z");
    checkBatch("MaskedAutoregressive.solveNext", x, this.eventShape, "x");
    return tf.tidy(() => this.#learn(x, this.#pass(z, x, context).y, step));
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }

  #affine(x: tf.Tensor, params: tf.Tensor, direction: AffineDirection): Moved {
    return affine(x, params, { start: 0, count: this.#made.dim }, this.#scaleMap, direction);
  }

  /** The inverse, and what its gradient needs: the hidden units, if they are known, and (mu, a). */
  #solve(z: tf.Tensor, c: tf.Tensor2D | undefined): Inverse & { readonly kept: tf.Tensor[] } {
    const kernels = installedKernels();
    if (this.inversion === "incremental" && kernels) {
      this.#passes = 1;
      const added = c ? tf.matMul(c, this.#network.contextKernel as tf.Tensor2D) : null;
      const { x, logDet, params, hidden } = invertMade(kernels, z, this.#made, added);
      return { x, logDet, kept: [...hidden, params] };
    }
    const { x, params } = this.inversion === "jacobi"
      ? this.#iterate(z, c)
      : this.#solveInTurn(z, c);
    return { x, logDet: this.#affine(z, params, "scale").logDet, kept: [params] };
  }

  /** The last pass has all (mu, a): none of them depends on the coordinate that it finds. */
  #solveInTurn(z: tf.Tensor, c: tf.Tensor2D | undefined): { x: tf.Tensor; params: tf.Tensor } {
    const { dim } = this.#made;
    let x: tf.Tensor = tf.zerosLike(z);
    for (this.#passes = 1;; this.#passes++) {
      const { y, params } = this.#pass(z, x, c);
      const next = tf.tidy(() => this.#learn(x, y, this.#passes - 1));
      tf.dispose([x, y]);
      x = next;
      if (this.#passes === dim) return { x, params };
      params.dispose();
    }
  }

  /** One pass of the network: what it says of x, (mu, a), and z s + mu by that. */
  #pass(
    z: tf.Tensor,
    x: tf.Tensor,
    context: tf.Tensor | undefined,
  ): { y: tf.Tensor; params: tf.Tensor } {
    return tf.tidy(() => {
      const params = this.#network.apply(x, context);
      return { y: this.#affine(z, params, "scale").y, params };
    });
  }

  /** x with one coordinate of y more: those not yet solved are 0 in x. */
  #learn(x: tf.Tensor, y: tf.Tensor, step: number): tf.Tensor {
    const { dim, isDescending } = this.#made;
    const i = isDescending ? dim - 1 - step : step;
    const found = tf.slice(y, [0, i], [-1, 1]);
    return tf.add(x, tf.pad(found, [[0, 0], [i, dim - 1 - i]]));
  }

  /** Ends with the (mu, a) that gave x, those of an iterate that x differs from by the tolerance at most. */
  #iterate(z: tf.Tensor, c: tf.Tensor2D | undefined): { x: tf.Tensor; params: tf.Tensor } {
    const { dim } = this.#made;
    // It cannot be asked for the change at once, and D passes are exact in turn, too.
    if (tf.getBackend() === "webgpu") return this.#solveInTurn(z, c);
    let x: tf.Tensor = tf.zerosLike(z);
    for (this.#passes = 1;; this.#passes++) {
      const { y, params } = this.#pass(z, x, c);
      // On the way an iterate may overflow; with 0 in its place it can still become exact.
      const next = tf.tidy(() => tf.where(isFollowed(y), y, tf.zerosLike(y)));
      const change = tf.tidy(() =>
        tf.max(tf.div(tf.abs(tf.sub(next, x)), tf.add(1, tf.abs(next)))).dataSync()[0]!
      );
      x.dispose();
      if (this.#passes === dim || change <= JACOBI_TOLERANCE) {
        next.dispose();
        if (tf.tidy(() => tf.all(isFollowed(y)).dataSync()[0]) === 1) return { x: y, params };
        // The others were found with 0 in place of a coordinate that is NaN or so large in truth.
        tf.dispose([y, params]);
        const inVain = this.#passes;
        const solved = this.#solveInTurn(z, c);
        this.#passes += inVain;
        return solved;
      }
      tf.dispose([y, params]);
      x = next;
    }
  }

  /**
   * The gradients of z and of the variables, by the implicit function theorem.
   *
   * @param saved z, x, with classes the context, and what {@link #solve} kept.
   */
  #gradients([z, x, ...saved]: tf.Tensor[], dx: tf.Tensor, dLogDet: tf.Tensor): tf.Tensor[] {
    const kernels = installedKernels();
    const c = this.#network.contextKernel ? saved.shift() as tf.Tensor2D : undefined;
    const params = saved.pop()!;
    if (kernels && this.inversion === "incremental") {
      const solution = { x: x!, params, hidden: saved };
      const { dz, dSums, layers } = madeGradients(kernels, z!, solution, dx, dLogDet, this.#made);
      const ofLayers = layers.flatMap(({ dKernel, dBias }) => [dKernel, dBias]);
      return [dz, ...ofLayers, ...(c ? [tf.matMul(c, dSums as tf.Tensor2D, true)] : [])];
    }
    // g is what the network says of x; after each pass one more coordinate of it is exact.
    let { v, dParams } = this.#carryBack(z!, params, dx, dLogDet);
    for (let pass = 1; pass < this.#made.dim; pass++) {
      const g = this.#network.gradients(x!, dParams, c)[0]!;
      ({ v, dParams } = this.#carryBack(z!, params, tf.add(dx, g), dLogDet));
    }
    return [v, ...this.#network.gradients(x!, dParams, c).slice(1)];
  }

  /** Through x = z s + mu and logDet = sum log s to v, the gradient of z, and to that of (mu, a). */
  #carryBack(
    z: tf.Tensor,
    params: tf.Tensor,
    dx: tf.Tensor,
    dLogDet: tf.Tensor,
  ): { v: tf.Tensor; dParams: tf.Tensor } {
    const raw = tf.split(params, 2, 1)[1]!;
    const v = tf.mul(dx, tf.exp(SCALE_MAPS[this.#scaleMap](raw)));
    const dLogScale = tf.add(tf.mul(v, z), tf.reshape(dLogDet, [-1, 1]));
    const dRaw = tf.mul(dLogScale, SCALE_MAP_SLOPES[this.#scaleMap](raw));
    return { v, dParams: tf.concat([dx, dRaw], 1) };
  }
}

/** Jacobi iteration ends where no coordinate changes by more, relative to 1 + |x|. */
const JACOBI_TOLERANCE = 1e-6;

/** Larger iterates are not followed, nor is NaN. */
const HUGE = 1e15;

function isFollowed(iterate: tf.Tensor): tf.Tensor {
  return tf.lessEqual(tf.abs(iterate), HUGE);
}
