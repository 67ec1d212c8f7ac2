/**
 * The suite that every bijector and every family passes: at initialisation and after perturbing
 * every variable, for several dims and seeds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { type Bijector, latentShapeOf } from "../../flows/bijector.ts";
import { oneHot } from "../../flows/one_hot.ts";
import { sumPerExample } from "../../flows/_per_example.ts";
import { variableName } from "../../flows/_variable.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine } from "../_engine.ts";
import { logAbsDet } from "../_linear_algebra.ts";

/** What is tested, and data of its domain. */
export interface Subject {
  readonly bijector: Bijector;
  /** Shape [batch, ...eventShape]; owned by the suite. */
  readonly x: tf.Tensor;
  readonly rng: Rng;
  /** One-hot classes of the examples of a conditional bijector; owned by the suite. */
  readonly context?: tf.Tensor2D;
  /** Whether output i may depend on input j; absent: anything may. */
  readonly depends?: (i: number, j: number) => boolean;
}

/** One check; it throws where the bijector fails. */
export type Check = (subject: Subject) => void;

/** Names of the checks, as a skip gives them. */
export type CheckName = keyof typeof BIJECTOR_CHECKS;

const flat = (tensor: tf.Tensor): Float32Array => tensor.dataSync() as Float32Array;

function withTensors(run: () => void): void {
  tf.tidy(() => {
    run();
  });
}

/** All checks of one bijector at one state of its variables. */
export const BIJECTOR_CHECKS = {
  "shapes of z, x and logDet": ({ bijector, x, context }) =>
    withTensors(() => {
      const { z, logDet } = bijector.forward(x, context);
      const back = bijector.inverse(z, context);
      assert.deepEqual(z.shape, [x.shape[0], ...latentShapeOf(bijector)]);
      assert.deepEqual(logDet.shape, [x.shape[0]]);
      assert.deepEqual(back.x.shape, x.shape);
      assert.deepEqual(back.logDet.shape, [x.shape[0]]);
      assert.deepEqual(x.shape.slice(1), [...bijector.eventShape]);
    }),
  "inverse undoes forward": ({ bijector, x, context }) =>
    withTensors(() => {
      const back = bijector.inverse(bijector.forward(x, context).z, context).x;
      assertAllClose(flat(back), flat(x), TOLERANCES.roundTrip, "inverse(forward(x))");
    }),
  "forward undoes inverse": ({ bijector, x, context, rng }) =>
    withTensors(() => {
      const shape = [x.shape[0]!, ...latentShapeOf(bijector)];
      const z = tf.tensor(rng.split("latent").normal(x.size), shape);
      const again = bijector.forward(bijector.inverse(z, context).x, context).z;
      assertAllClose(flat(again), flat(z), TOLERANCES.roundTrip, "forward(inverse(z))");
    }),
  "logDet is that of the autodiff Jacobian": ({ bijector, x, context }) =>
    withTensors(() => {
      const expected = jacobians(bijector, x, context).map((jacobian) =>
        logAbsDet(jacobian, x.size / x.shape[0]!)
      );
      assertAllClose(
        flat(bijector.forward(x, context).logDet),
        expected,
        TOLERANCES.logDet,
        "logDet",
      );
    }),
  "inverse has the opposite logDet": ({ bijector, x, context }) =>
    withTensors(() => {
      const { z, logDet } = bijector.forward(x, context);
      const back = bijector.inverse(z, context).logDet;
      assertAllClose(flat(tf.neg(back)), flat(logDet), TOLERANCES.roundTrip, "-logDet");
    }),
  "Jacobian has the stated zeros": ({ bijector, x, context, depends }) =>
    withTensors(() => {
      if (depends === undefined) return;
      const dim = x.size / x.shape[0]!;
      for (const jacobian of jacobians(bijector, x, context)) {
        for (let i = 0; i < dim; i++) {
          for (let j = 0; j < dim; j++) {
            if (!depends(i, j)) assert.equal(Math.abs(jacobian[i * dim + j]!), 0, `dz${i}/dx${j}`);
          }
          const row = Array.from(jacobian.slice(i * dim, (i + 1) * dim));
          assert.ok(row.some((value) => value !== 0), `dz${i}/dx is all zero`);
        }
      }
    }),
  "every trained variable has a finite gradient": ({ bijector, x, context }) =>
    withTensors(() => {
      const trained = bijector.variables.filter((variable) => variable.trainable);
      if (trained.length === 0) return;
      const { grads } = tf.variableGrads(() => objective(bijector, x, context), trained);
      for (const variable of trained) {
        const gradient = grads[variable.name];
        assert.ok(gradient, `${variable.name} has no gradient`);
        assert.deepEqual(gradient.shape, variable.shape);
        assert.ok(flat(gradient).every(Number.isFinite), `${variable.name}: gradient not finite`);
      }
    }),
  "gradients agree with finite differences": ({ bijector, x, context, rng }) =>
    withTensors(() => {
      const trained = bijector.variables.filter((variable) => variable.trainable);
      const difference = (move: (step: number) => void): number => {
        // Small, so that hardly any relu is crossed; the mean of 7 examples rounds to 1e-7.
        const step = 1e-3;
        move(step);
        const above = flat(objective(bijector, x, context))[0]!;
        move(-2 * step);
        const below = flat(objective(bijector, x, context))[0]!;
        move(step);
        return (above - below) / (2 * step);
      };
      if (trained.length > 0) {
        const { grads } = tf.variableGrads(() => objective(bijector, x, context), trained);
        for (const variable of trained) {
          const draws = rng.split(variableName(variable)).normal(variable.size);
          const norm = Math.hypot(...draws);
          const direction = tf.tensor(draws.map((d) => d / norm), variable.shape);
          const slope = flat(tf.sum(tf.mul(grads[variable.name]!, direction)))[0]!;
          const measured = difference((step) => {
            variable.assign(tf.add(variable, tf.mul(step, direction)));
          });
          assertAllClose([slope], [measured], TOLERANCES.finiteDifference, variable.name);
        }
      }
      const gradient = tf.grad((x) => objective(bijector, x, context))(x);
      const draws = rng.split("input direction").normal(x.size);
      const norm = Math.hypot(...draws);
      const direction = tf.tensor(draws.map((d) => 0.1 * d / norm), x.shape);
      const slope = flat(tf.sum(tf.mul(gradient, direction)))[0]!;
      const value = (step: number) =>
        flat(objective(bijector, tf.add(x, tf.mul(step, direction)), context))[0]!;
      const measured = (value(0.1) - value(-0.1)) / 0.2;
      assertAllClose([slope], [measured], TOLERANCES.finiteDifference, "gradient in x");
    }),
  "examples do not depend on each other": ({ bijector, x, context }) =>
    withTensors(() => {
      const { z, logDet } = bijector.forward(x, context);
      const own = context && tf.slice(context, 0, 1);
      const alone = bijector.forward(tf.slice(x, 0, 1), own);
      assertAllClose(flat(alone.z), flat(tf.slice(z, 0, 1)), 1e-5, "z of batch 1");
      assertAllClose(flat(alone.logDet), flat(tf.slice(logDet, 0, 1)), 1e-5, "logDet of batch 1");
    }),
  "same input, same bits, no tensor left": ({ bijector, x, context }) => {
    const evaluate = () => {
      const { z, logDet } = bijector.forward(x, context);
      const back = bijector.inverse(z, context);
      const bits = [z, logDet, back.x, back.logDet].map((tensor) => Array.from(flat(tensor)));
      tf.dispose([z, logDet, back.x, back.logDet]);
      return bits;
    };
    const first = evaluate();
    const before = tf.memory().numTensors;
    assert.deepEqual(evaluate(), first);
    assert.equal(tf.memory().numTensors, before, "tensors leaked");
  },
  "wrong shapes and types are refused": ({ bijector, x, context }) =>
    withTensors(() => {
      const refuses = (
        evaluate: (tensor: tf.Tensor) => unknown,
        event: readonly number[],
      ): void => {
        const [first, ...others] = event as [number, ...number[]];
        for (const shape of [[3, first + 1, ...others], [...event], [0, ...event]]) {
          const message = `current shape is [${shape.join(", ")}]`;
          assert.throws(() => evaluate(tf.zeros(shape)), {
            name: "TypeError",
            message: new RegExp(message.replaceAll(/[[\]]/g, "\\$&")),
          });
        }
        for (const dtype of ["int32", "bool"] as const) {
          assert.throws(() => evaluate(tf.ones([3, ...event], dtype)), {
            name: "TypeError",
            message: new RegExp(`must be float32: current type is ${dtype}, take tf\\.cast`),
          });
        }
      };
      refuses((x) => bijector.forward(x, context), bijector.eventShape);
      refuses((z) => bijector.inverse(z, context), latentShapeOf(bijector));
      assert.ok(x.shape[0]! >= 1);
    }),
  "wrong contexts are refused": ({ bijector, x, context }) =>
    withTensors(() => {
      if (context === undefined) return;
      const [batch, classes] = context.shape;
      const z = bijector.forward(x, context).z;
      const wrong = [
        undefined,
        tf.zeros([batch, classes + 1]),
        tf.zeros([batch + 1, classes]),
        tf.zeros([batch]),
        tf.cast(context, "int32"),
      ];
      for (const context of wrong) {
        const current = context ? `${context.dtype} of shape \\[${context.shape}` : "absent";
        const error = {
          name: "TypeError",
          message: new RegExp(`context must be .* current one is ${current.replaceAll(",", ", ")}`),
        };
        assert.throws(() => bijector.forward(x, context), error);
        assert.throws(() => bijector.inverse(z, context), error);
      }
    }),
} as const satisfies Record<string, Check>;

/** What to test, and how. */
interface TestOptions {
  seeds?: readonly number[];
  /** Data of the bijector's domain; default: standard normal. */
  data?: (count: number, rng: Rng) => Float32Array;
  /** Of a conditional bijector: its number of classes. */
  classes?: number;
  /** Standard deviation of the noise that perturbs the variables. */
  noise?: number;
  skip?: readonly { reason: string; checks: readonly CheckName[] }[];
}

/** Runs {@link BIJECTOR_CHECKS} over dims and seeds, at initialisation and perturbed. */
export function testBijector(
  name: string,
  { make, dims = [2, 3, 5], depends, ...options }: TestOptions & {
    make: (dim: number, rng: Rng) => Bijector;
    dims?: readonly number[];
    depends?: (dim: number) => (i: number, j: number) => boolean;
  },
): void {
  testShapes(name, {
    ...options,
    make: ([dim], rng) => make(dim!, rng),
    shapes: dims.map((dim) => [dim]),
    ...(depends && { depends: ([dim]) => depends(dim!) }),
  });
}

/** The same over event shapes. */
export function testShapes<Shape extends readonly number[]>(
  name: string,
  options: TestOptions & {
    make: (shape: Shape, rng: Rng) => Bijector;
    shapes: readonly Shape[];
    depends?: (shape: Shape) => (i: number, j: number) => boolean;
  },
): void {
  const { make, shapes, seeds = [0, 1], noise = 0.2, data = (n, rng) => rng.normal(n) } = options;
  for (const { reason } of options.skip ?? []) assert.ok(reason.length > 0);
  const skipped = new Set((options.skip ?? []).flatMap(({ checks }) => checks));
  Deno.test(`${name} conforms`, async (t) => {
    await startEngine();
    for (const shape of shapes) {
      for (const seed of seeds) {
        const rng = new Rng(seed).split(name);
        const tensorsBefore = tf.memory().numTensors;
        const bijector = make(shape, rng.split("init"));
        const batch = [7, ...shape];
        const x = tf.tensor(data(tf.util.sizeFromShape(batch), rng.split("data")), batch);
        const depends = options.depends?.(shape);
        const context = options.classes && classesInTurn(7, options.classes);
        const subject = {
          bijector,
          x,
          rng,
          ...(depends && { depends }),
          ...(context && { context }),
        };
        for (const state of ["at initialisation", "perturbed"]) {
          if (state === "perturbed") perturb(bijector, rng.split("perturb"), noise);
          await t.step(`shape [${shape}], seed ${seed}, ${state}`, () => {
            for (const [check, run] of Object.entries(BIJECTOR_CHECKS)) {
              if (!skipped.has(check as CheckName)) attempt(check, () => run(subject));
            }
          });
        }
        x.dispose();
        if (context) context.dispose();
        bijector[Symbol.dispose]();
        assert.equal(tf.memory().numTensors, tensorsBefore, "dispose() left tensors");
      }
    }
  });
}

/** The context of classes 0, 1, 2, … in turn. */
export function classesInTurn(count: number, classes: number): tf.Tensor2D {
  return oneHot(Array.from({ length: count }, (_, i) => i % classes), classes);
}

/** Names the check in the error it throws. */
function attempt(check: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new Error(`Check failed: ${check}`, { cause: error });
  }
}

/** Adds noise to every trained variable: what holds at initialisation only is found out. */
export function perturb(bijector: Bijector, rng: Rng, scale = 0.2): void {
  tf.tidy(() => {
    for (const variable of bijector.variables) {
      if (!variable.trainable) continue;
      const noise = tf.tensor(
        rng.split(variableName(variable)).normal(variable.size),
        variable.shape,
      );
      variable.assign(tf.add(variable, tf.mul(scale, noise)));
    }
  });
}

/** A scalar in which all outputs take part: log-density under a normal base, weighted. */
function objective(bijector: Bijector, x: tf.Tensor, context?: tf.Tensor): tf.Scalar {
  const { z, logDet } = bijector.forward(x, context);
  return tf.mean(tf.sub(logDet, tf.mul(0.5, sumPerExample(tf.square(z)))));
}

/** The Jacobian dz/dx of each example, row-major, by one gradient pass per output. */
export function jacobians(bijector: Bijector, x: tf.Tensor, context?: tf.Tensor): Float32Array[] {
  const batch = x.shape[0]!;
  const dim = x.size / batch;
  const result = Array.from({ length: batch }, () => new Float32Array(dim * dim));
  for (let i = 0; i < dim; i++) {
    const row = tf.tidy(() =>
      flat(
        tf.grad((x) => {
          const z = tf.reshape(bijector.forward(x, context).z, [batch, dim]);
          return tf.sum(tf.slice(z, [0, i], [batch, 1]));
        })(x),
      )
    );
    for (let b = 0; b < batch; b++) {
      result[b]!.set(row.subarray(b * dim, (b + 1) * dim), i * dim);
    }
  }
  return result;
}
