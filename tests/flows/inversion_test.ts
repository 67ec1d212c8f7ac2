import assert from "node:assert/strict";
import { trainFlow } from "../../benchmarks/training/train_flow.ts";
import type { Rows } from "../../datasets/mod.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { affine } from "../../flows/affine.ts";
import { createFlow } from "../../flows/mod.ts";
import {
  INVERSIONS,
  MaskedAutoregressive,
  type MaskedAutoregressiveOptions,
} from "../../flows/masked_autoregressive.ts";
import { madeMasks } from "../../flows/made_masks.ts";
import { Mlp } from "../../flows/mlp.ts";
import { classesInTurn, perturb } from "../conformance/bijector.ts";
import { lacks, startEngine } from "../_engine.ts";
import { assertClose, kernelsTest, normal } from "../engine/_support.ts";

/**
 * Two exact ways differ by the order of their sums; each layer multiplies a difference by its
 * condition, which the weights here keep near 10.
 */
const TOLERANCE = 1e-4;

type Options = Omit<MaskedAutoregressiveOptions, "dim" | "inversion">;

const VARIANTS: readonly Options[] = [
  { order: "ascending", hidden: [], activation: "relu", scaleMap: "tanh" },
  { order: "descending", hidden: [], activation: "relu", scaleMap: "exp" },
  { order: "ascending", hidden: [7], activation: "tanh", scaleMap: "tanh" },
  { order: "descending", hidden: [40], activation: "relu", scaleMap: "sigmoid2" },
  { order: "ascending", hidden: [90, 33], activation: "relu", scaleMap: "tanh" },
  { order: "descending", hidden: [16, 50, 21], activation: "tanh", scaleMap: "exp" },
  { order: "descending", hidden: [], activation: "relu", scaleMap: "tanh", classes: 3 },
  { order: "ascending", hidden: [90, 33], activation: "tanh", scaleMap: "tanh", classes: 3 },
];

/** A layer with random weights of a size that keeps it well conditioned. */
function create(
  dim: number,
  options: Options,
  inversion: MaskedAutoregressiveOptions["inversion"] & string,
): MaskedAutoregressive {
  const layer = new MaskedAutoregressive("p", { dim, inversion, ...options }, new Rng(1));
  perturb(layer, new Rng(2), 0.3 / Math.sqrt(dim));
  return layer;
}

/** x, logDet, and the gradients of a weighted sum of both in z and in every variable. */
function evaluate(layer: MaskedAutoregressive, z: tf.Tensor, { classes }: Options): number[][] {
  return tf.tidy(() => {
    const context = contextOf(z, classes);
    const { x, logDet } = layer.inverse(z, context);
    const objective = (z: tf.Tensor) => weighted(layer.inverse(z, context));
    const { grads } = tf.variableGrads(() => objective(z), layer.variables as tf.Variable[]);
    const ofVariables = layer.variables.map(({ name }) => grads[name]!);
    const tensors = [x, logDet, tf.grad(objective)(z), ...ofVariables];
    return tensors.map((tensor) => Array.from(tensor.dataSync()));
  });
}

/** The classes of the examples, in turn; undefined where there are none. */
function contextOf(z: tf.Tensor, classes: number | undefined): tf.Tensor2D | undefined {
  return classes === undefined ? undefined : classesInTurn(z.shape[0]!, classes);
}

/** A scalar in which every element of both results takes part with a weight of its own. */
function weighted({ x, logDet }: { x: tf.Tensor; logDet: tf.Tensor }): tf.Scalar {
  const weights = tf.cos(tf.range(0, x.size)).reshape(x.shape);
  const rows = tf.sin(tf.range(1, logDet.size + 1));
  return tf.add(tf.sum(tf.mul(weights, x)), tf.sum(tf.mul(rows, logDet)));
}

kernelsTest("the three inversions agree, and so do their gradients", () => {
  for (const dim of [1, 2, 3, 17, 64]) {
    for (const [i, options] of VARIANTS.entries()) {
      for (const batch of dim > 17 ? [5, 18] : [1, 3, 33]) {
        const z = normal(new Rng(i), [batch, dim]);
        const results = INVERSIONS.map((inversion) => {
          using layer = create(dim, options, inversion);
          return evaluate(layer, z, options);
        });
        const [incremental, ...others] = results;
        for (const other of others) {
          incremental!.forEach((values, part) => assertClose(values, other[part]!, TOLERANCE));
        }
        z.dispose();
      }
    }
  }
});

kernelsTest("the three inversions agree at D = 784, and undo forward", () => {
  const dim = 784;
  const options = {
    order: "descending",
    hidden: [150],
    activation: "relu",
    scaleMap: "tanh",
  } as const;
  for (const batch of [1, 7]) {
    const x = normal(new Rng(batch), [batch, dim]);
    for (const inversion of INVERSIONS) {
      using layer = create(dim, options, inversion);
      const { z, logDet } = layer.forward(x);
      const back = layer.inverse(z);
      assertClose(back.x.dataSync(), x.dataSync(), TOLERANCE);
      assertClose(tf.tidy(() => tf.neg(back.logDet).dataSync()), logDet.dataSync(), TOLERANCE);
      tf.dispose([z, logDet, back.x, back.logDet]);
    }
    x.dispose();
  }
});

Deno.test("the incremental inversion agrees with the sequential one at trained weights", async () => {
  await startEngine();
  const dim = 20;
  const rows = (seed: number, count: number): Rows => {
    // Neighbours depend on each other: there is something to learn.
    const noise = new Rng(seed).normal(count * dim);
    for (let i = 0; i < noise.length; i++) {
      if (i % dim > 0) noise[i] = Math.sin(2 * noise[i - 1]!) + 0.3 * noise[i]!;
    }
    return { values: noise, count, dim, levels: null, labels: null };
  };
  const config = { eventShape: [dim], layers: 3, hidden: [60] };
  using flow = createFlow("maf", config, new Rng(0));
  const { curve } = await trainFlow(flow, { train: rows(1, 2000), validation: rows(2, 500) }, {
    maxSteps: 150,
    validateEvery: 50,
    learningRate: 5e-3,
  }, new Rng(3));
  assert.ok(curve[2]!.validationNats < curve[0]!.validationNats - 0.5, "nothing was learned");
  using sequential = createFlow("maf", { ...config, inversion: "sequential" }, new Rng(0));
  for (const [i, variable] of sequential.variables.entries()) {
    variable.assign(flow.variables[i]! as tf.Tensor);
  }
  const [a, b] = [flow, sequential].map((flow) => flow.sample(50, new Rng(4)));
  assertClose(await a!.data(), await b!.data(), 1e-3);
  tf.dispose([a!, b!]);
});

/** The papers' inverse on the tape: D passes, each differentiated. */
function unrolled(network: Mlp, z: tf.Tensor, { order, scaleMap, classes }: Options): {
  x: tf.Tensor;
  logDet: tf.Tensor;
} {
  const dim = z.shape[1]!;
  const context = contextOf(z, classes);
  const column = tf.range(0, dim, 1, "int32");
  const all = { start: 0, count: dim };
  let x = tf.zerosLike(z);
  for (let step = 0; step < dim; step++) {
    const { y } = affine(z, network.apply(x, context), all, scaleMap, "scale");
    x = tf.where(tf.equal(column, order === "ascending" ? step : dim - 1 - step), y, x);
  }
  return { x, logDet: affine(z, network.apply(x, context), all, scaleMap, "scale").logDet };
}

for (const backend of ["auto", "cpu"] as const) {
  Deno.test({
    name: `the implicit gradient is that of the passes on the tape (${backend})`,
    ignore: backend === "auto" && lacks("read"),
    fn: async () => {
      await initEngine({ backend });
      for (const dim of [1, 2, 5, 8]) {
        for (const options of VARIANTS) {
          using layer = create(dim, options, "incremental");
          using network = new Mlp("p", {
            inputs: dim,
            hidden: options.hidden,
            outputs: 2 * dim,
            activation: options.activation,
            zeroOutput: true,
            masks: madeMasks(dim, options.hidden, options.order),
            ...(options.classes && { classes: options.classes }),
          }, new Rng(9));
          network.variables.forEach((variable, i) =>
            variable.assign(layer.variables[i]! as tf.Tensor)
          );
          const z = normal(new Rng(dim), [4, dim]);
          const found = evaluate(layer, z, options);
          const wanted = tf.tidy(() => {
            const objective = (z: tf.Tensor) => weighted(unrolled(network, z, options));
            const { grads } = tf.variableGrads(
              () => objective(z),
              network.variables as tf.Variable[],
            );
            const { x, logDet } = unrolled(network, z, options);
            const gradients = [
              tf.grad(objective)(z),
              ...network.variables.map((v) => grads[v.name]!),
            ];
            return [x, logDet, ...gradients].map((tensor) => Array.from(tensor.dataSync()));
          });
          found.forEach((values, part) => assertClose(values, wanted[part]!, TOLERANCE));
          z.dispose();
        }
      }
    },
  });
}

Deno.test("the implicit gradient agrees with finite differences at D = 64", async () => {
  await startEngine();
  const dim = 64;
  const options = {
    order: "descending",
    hidden: [80],
    activation: "tanh",
    scaleMap: "tanh",
  } as const;
  using layer = create(dim, options, "incremental");
  const z = normal(new Rng(0), [3, dim]);
  const value = (z: tf.Tensor) => tf.tidy(() => weighted(layer.inverse(z)).dataSync()[0]!);
  const check = (
    gradient: ArrayLike<number>,
    direction: Float32Array,
    move: (s: number) => number,
  ) => {
    const slope = direction.reduce((sum, d, i) => sum + d * gradient[i]!, 0);
    const measured = (move(0.02) - move(-0.02)) / 0.04;
    assertClose([slope], [measured], 5e-3);
  };
  const unit = (seed: number, size: number): Float32Array => {
    const draws = new Rng(seed).normal(size);
    const norm = Math.hypot(...draws);
    return draws.map((value) => value / norm);
  };
  tf.tidy(() => {
    const { grads } = tf.variableGrads(
      () => weighted(layer.inverse(z)),
      layer.variables as tf.Variable[],
    );
    const inZ = unit(1, z.size);
    check(
      tf.grad((z) => weighted(layer.inverse(z)))(z).dataSync(),
      inZ,
      (s) => value(tf.add(z, tf.mul(s, tf.tensor(inZ, z.shape)))),
    );
    for (const [i, variable] of layer.variables.entries()) {
      const direction = unit(2 + i, variable.size);
      const step = tf.tensor(direction, variable.shape);
      const before = tf.mul(variable, 1);
      check(grads[variable.name]!.dataSync(), direction, (s) => {
        variable.assign(tf.add(before, tf.mul(s, step)));
        const result = value(z);
        variable.assign(before);
        return result;
      });
    }
  });
  z.dispose();
});

Deno.test("solveNext() knows one coordinate more after each pass, in the order of the layer", async () => {
  await startEngine();
  const dim = 5;
  for (const options of VARIANTS.slice(2, 4)) {
    using layer = create(dim, options, "sequential");
    tf.tidy(() => {
      const z = normal(new Rng(3), [4, dim]);
      const wanted = layer.inverse(z).x.dataSync();
      let x = tf.zerosLike(z);
      for (let step = 0; step < dim; step++) {
        x = layer.solveNext(z, x, step);
        const rest = Array.from(
          { length: dim - 1 - step },
          (_, i) => options.order === "ascending" ? step + 1 + i : i,
        );
        const known = wanted.map((value, i) => rest.includes(i % dim) ? 0 : value);
        assert.deepEqual(x.dataSync(), known);
      }
    });
  }
});

Deno.test("jacobi ends after D passes at most, and is exact where iterates overflow", async () => {
  await startEngine();
  const dim = 12;
  // log s = a without a bound, and weights that make a of order 100 before x has settled.
  const options = {
    order: "ascending",
    hidden: [30],
    activation: "relu",
    scaleMap: "exp",
  } as const;
  using layer = new MaskedAutoregressive("p", { dim, inversion: "jacobi", ...options }, new Rng(1));
  using sequential = new MaskedAutoregressive(
    "p",
    { dim, inversion: "sequential", ...options },
    new Rng(1),
  );
  perturb(layer, new Rng(5), 0.8);
  sequential.variables.forEach((v, i) => v.assign(layer.variables[i]! as tf.Tensor));
  const x = tf.tidy(() => tf.mul(0.5, normal(new Rng(6), [40, dim])));
  const { z } = sequential.forward(x);
  const [found, wanted] = [layer.inverse(z), sequential.inverse(z)];
  assert.ok(layer.passes > 1 && layer.passes <= dim, `${layer.passes} passes`);
  assert.equal(sequential.passes, dim);
  assert.deepEqual(Array.from(await found.x.data()), Array.from(await wanted.x.data()));
  tf.dispose([x, z, found.x, found.logDet, wanted.x, wanted.logDet]);
});

/** A small layer. */
const NINE = {
  order: "ascending",
  hidden: [9],
  activation: "relu",
  scaleMap: "tanh",
} as const;

Deno.test("jacobi agrees with the others behind coordinates that are NaN or too large to follow", async () => {
  await startEngine();
  const create = (inversion: typeof INVERSIONS[number]) => {
    const layer = new MaskedAutoregressive("p", { dim: 4, inversion, ...NINE }, new Rng(1));
    perturb(layer, new Rng(5), 0.3);
    return layer;
  };
  using jacobi = create("jacobi");
  using sequential = create("sequential");
  for (const bad of [1e20, -1e16, NaN]) {
    const z = tf.tensor2d([[0.3, bad, 0.5, 1], [0.1, 0.2, 0.3, 0.4]]);
    const [found, wanted] = [jacobi, sequential].map((layer) => layer.inverse(z));
    assert.deepEqual(found!.x.dataSync(), wanted!.x.dataSync(), `${bad}`);
    assert.deepEqual(found!.logDet.dataSync(), wanted!.logDet.dataSync(), `${bad}`);
    tf.dispose([z, found!.x, found!.logDet, wanted!.x, wanted!.logDet]);
  }
});

Deno.test("every inversion keeps NaN and infinite numbers, and evaluates the network once a pass", async () => {
  await startEngine();
  for (const inversion of INVERSIONS) {
    using layer = new MaskedAutoregressive("p", { dim: 3, inversion, ...NINE }, new Rng(1));
    perturb(layer, new Rng(5), 0.3);
    for (const bad of [NaN, Infinity]) {
      const z = tf.tensor2d([[bad, 0.5, 1], [0.1, 0.2, 0.3]]);
      const { x, logDet } = layer.inverse(z);
      const [first, second] = [(await x.data()).slice(0, 3), (await x.data()).slice(3)];
      assert.ok(!first.every(Number.isFinite), `${inversion}: ${first}`);
      assert.ok(second.every(Number.isFinite), `${inversion}: ${second}`);
      tf.dispose([z, x, logDet]);
    }
  }
  const apply = Mlp.prototype.apply;
  let calls = 0;
  const alive = new Set<number>();
  try {
    Mlp.prototype.apply = function (...args) {
      calls++;
      alive.add(tf.memory().numTensors);
      return apply.apply(this, args);
    };
    for (const inversion of ["sequential", "jacobi"] as const) {
      // Iterates of the larger ones are not followed: jacobi passes are in vain, and count.
      for (const [dim, size] of [[1, 1], [2, 1], [8, 1], [1, 1e20], [8, 1e20]] as const) {
        using layer = new MaskedAutoregressive("p", { dim, inversion, ...NINE }, new Rng(1));
        perturb(layer, new Rng(5), 0.3);
        const z = tf.tidy(() => tf.mul(normal(new Rng(2), [4, dim]), size));
        tf.tidy(() => void layer.inverse(z)); // What is kept for later is made once.
        calls = 0;
        alive.clear();
        const { x, logDet } = layer.inverse(z);
        assert.equal(calls, layer.passes, `${inversion}, dim ${dim}`);
        assert.equal(alive.size, 1, "a pass leaves no more tensors than the one before it");
        if (inversion === "sequential") assert.equal(calls, dim);
        else if (size > 1) assert.ok(calls > dim, `${calls} passes`);
        tf.dispose([z, x, logDet]);
      }
    }
  } finally {
    Mlp.prototype.apply = apply;
  }
});

Deno.test("jacobi needs one pass more than coordinates depend on each other", async () => {
  await startEngine();
  // The output layer starts at zero: mu = a = 0, and x = z.
  using layer = new MaskedAutoregressive(
    "p",
    { dim: 9, inversion: "jacobi", ...NINE },
    new Rng(1),
  );
  const z = normal(new Rng(2), [4, 9]);
  const { x, logDet } = layer.inverse(z);
  assert.equal(layer.passes, 2); // One that finds it, one that sees no change.
  assertClose(x.dataSync(), z.dataSync(), 0);
  tf.dispose([x, z, logDet]);
});
