import assert from "node:assert/strict";
import { Adam } from "../../engine/adam.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { Muon, orthogonalize } from "../../engine/muon.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, normal, testOnWasmAndCpu } from "./_support.ts";

type Matrix = number[][];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const map = (a: Matrix, f: (x: number, i: number, j: number) => number): Matrix =>
  a.map((row, i) => row.map((x, j) => f(x, i, j)));
const numbersOf = (a: Matrix): number[] => a.flat();
const matrixOf = (values: ArrayLike<number>, columns: number): Matrix =>
  Array.from(
    { length: values.length / columns },
    (_, i) => Array.from({ length: columns }, (_, j) => values[i * columns + j]!),
  );

/** What the docstring of orthogonalize says, in float64, without a look at which side is smaller. */
function orthogonalizedByDefinition(m: Matrix): Matrix {
  const norm = Math.hypot(...numbersOf(m));
  let x = map(m, (v) => norm === 0 ? 0 : v / norm);
  for (let k = 0; k < 5; k++) {
    const a = times(x, transposed(x)), aa = times(a, a);
    const factor = times(map(a, (v, i, j) => -4.775 * v + 2.0315 * aa[i]![j]!), x);
    x = map(x, (v, i, j) => 3.4445 * v + factor[i]![j]!);
  }
  return x;
}

const SHAPES = [[1, 1], [3, 5], [5, 3], [7], [5, 3], [33, 17], [2, 2, 2], []];

function isMatrix({ rank }: tf.Variable): boolean {
  return rank === 2;
}

function variable(values: number[] | number[][]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values)));
}

async function followsReference(): Promise<void> {
  for (
    const { clipNorm = Infinity, ...options } of [
      {},
      { clipNorm: 2 },
      { momentum: 0.5, weightDecay: 0.1 },
    ] as { clipNorm?: number; momentum?: number; weightDecay?: number }[]
  ) {
    const { momentum = 0.95, weightDecay = 0 } = options;
    const rng = new Rng(7);
    const start = SHAPES.map((shape) => normal(rng, shape));
    const variables = start.map((values) => tf.tidy(() => tf.variable(values.clone())));
    // What is no matrix, by Adam alone.
    const others = start.filter(({ rank }) => rank !== 2)
      .map((values) => tf.tidy(() => tf.variable(values.clone())));
    const x = start.map((values) => matrixOf(values.dataSync(), values.shape[1] ?? 1));
    const means = x.map((values) => map(values, () => 0));
    using muon = new Muon(variables, isMatrix, options);
    using adam = new Adam(others, { weightDecay });
    for (let step = 1; step <= 20; step++) {
      const rate = 0.1 / step;
      const gradients = SHAPES.map((shape) => normal(rng, shape));
      const before = tf.memory().numTensors;
      const { gradientNorm } = await muon.step(gradients, { learningRate: rate, clipNorm });
      assert.equal(tf.memory().numTensors, before);
      await adam.step(gradients.filter(({ rank }) => rank !== 2), { learningRate: rate, clipNorm });
      const all = gradients.flatMap((g) => [...g.dataSync()]);
      assertClose([gradientNorm], [Math.hypot(...all)], 1e-5);
      const ofMatrices = gradients.flatMap((g) => g.rank === 2 ? [...g.dataSync()] : []);
      const scale = Math.min(1, clipNorm / Math.hypot(...ofMatrices));
      gradients.forEach((gradient, i) => {
        if (gradient.rank !== 2) return;
        const [rows, columns] = gradient.shape as [number, number];
        const g = map(matrixOf(gradient.dataSync(), columns), (v) => (1 - momentum) * scale * v);
        means[i] = map(means[i]!, (v, r, c) => momentum * v + g[r]![c]!);
        const o = orthogonalizedByDefinition(
          map(means[i]!, (v, r, c) => momentum * v + g[r]![c]!),
        );
        const length = rate * 0.2 * Math.sqrt(Math.max(rows, columns));
        x[i] = map(x[i]!, (v, r, c) => v * (1 - rate * weightDecay) - length * o[r]![c]!);
      });
      tf.dispose(gradients);
    }
    assert.equal(muon.stepCount, 20);
    variables.forEach((found, i) => {
      if (found.rank === 2) assertClose(found.dataSync(), numbersOf(x[i]!), 2e-5);
    });
    others.forEach((wanted, i) => {
      const found = variables.filter(({ rank }) => rank !== 2)[i]!;
      assert.deepEqual(found.dataSync(), wanted.dataSync());
    });
    tf.dispose([...start, ...variables, ...others]);
  }
}

async function continuesAfterRestore(): Promise<void> {
  const run = async (stop: number) => {
    const rng = new Rng(8);
    const variables = [[4, 3], [5]].map((shape) => tf.tidy(() => tf.variable(normal(rng, shape))));
    let muon = new Muon(variables, isMatrix);
    for (let step = 0; step < 10; step++) {
      if (step === stop) {
        const next = new Muon(variables, isMatrix);
        next.restore(muon.stepCount, muon.moments);
        muon[Symbol.dispose]();
        muon = next;
      }
      const gradients = variables.map(({ shape }) => normal(rng, shape));
      await muon.step(gradients, { learningRate: 0.1 });
      tf.dispose(gradients);
    }
    const values = variables.map((x) => x.dataSync().slice());
    muon[Symbol.dispose]();
    tf.dispose(variables);
    return values;
  };
  assert.deepEqual(await run(4), await run(Infinity));
}

async function leavesVariablesAlone(): Promise<void> {
  for (const bad of [NaN, Infinity]) {
    for (const gradientValues of [[[[1, bad]], [1]], [[[1, 1]], [bad]]] as const) {
      const [x, y] = [variable([[1, 2]]), variable([3])];
      using muon = new Muon([x, y], isMatrix, { weightDecay: 0.1 });
      const gradients = gradientValues.map((values) => tf.tensor(values as unknown as number[]));
      const { gradientNorm } = await muon.step(gradients, { learningRate: 0.1, clipNorm: 1 });
      assert.equal(gradientNorm, bad);
      assert.equal(muon.stepCount, 0);
      assert.deepEqual([...x.dataSync(), ...y.dataSync()], [1, 2, 3]);
      assert.ok(muon.moments.every((moment) => moment.dataSync().every((value) => value === 0)));
      tf.dispose([...gradients, x, y]);
    }
  }
}

/** O M^T of M = U S V^T is U f(S) S U^T: symmetric, with the singular values of O in O^T O. */
// deno-lint-ignore require-await -- all checks are asynchronous.
async function orthogonalizes(): Promise<void> {
  const rng = new Rng(3);
  for (const [count, rows, columns] of [[1, 1, 1], [3, 4, 9], [2, 30, 5], [1, 16, 16]] as const) {
    tf.tidy(() => {
      const m = normal(rng, [count, rows, columns]);
      const o = orthogonalize(m);
      assert.deepEqual(o.shape, m.shape);
      const product = tf.matMul(o, m, false, true);
      const turned = tf.transpose(product, [0, 2, 1]);
      assertClose(product.dataSync(), turned.dataSync(), 1e-4);
      // An orthonormal basis keeps its directions, at one length.
      const [q] = tf.linalg.qr(tf.slice(m, 0, 1).reshape([rows, columns]));
      if (rows < columns) return;
      const gram = tf.matMul(orthogonalize(tf.expandDims(q)), tf.expandDims(q), true, false);
      const lengths = tf.diag(tf.ones([columns])).reshape([1, columns, columns]);
      const diagonal = tf.sum(tf.mul(gram, lengths), 2);
      assert.ok(diagonal.dataSync().every((s) => s > 0.65 && s < 1.25), `${diagonal}`);
      assertClose(tf.mul(gram, lengths).dataSync(), gram.dataSync(), 1e-4);
    });
  }
  tf.tidy(() => {
    const zeros = orthogonalize(tf.zeros([2, 3, 2]));
    assert.ok(zeros.dataSync().every((value) => value === 0));
    // Small singular values come up.
    const values = orthogonalize(tf.tensor3d([[[1, 0], [0, 0.01]]])).dataSync();
    assert.ok(values[3]! > 0.65 && values[3]! < 1.25, `${values}`);
  });
}

testOnWasmAndCpu({
  "muon.step() follows the float64 reference over 20 steps": followsReference,
  "muon.restore() continues with the same bits": continuesAfterRestore,
  "muon.step() changes nothing when a gradient is NaN or infinite": leavesVariablesAlone,
  "orthogonalize() keeps singular vectors and evens out their values": orthogonalizes,
});

Deno.test("Muon refuses what does not fit, with a message", async () => {
  await initEngine({ backend: "cpu" });
  const x = tf.variable(tf.zeros([2, 3]));
  const y = tf.variable(tf.zeros([2]));
  const wrong = tf.zeros([3, 2]);
  using muon = new Muon([x], isMatrix);
  await assert.rejects(() => muon.step([wrong], { learningRate: 1 }), {
    name: "TypeError",
    message:
      "Cannot evaluate muon.step as gradients must be float32 [2, 3]: current are float32 [3, 2]",
  });
  const nan = tf.fill([2, 3], NaN);
  for (const gradient of [x, nan]) {
    await assert.rejects(() => muon.step([gradient], { learningRate: -1 }), {
      name: "RangeError",
      message:
        "Cannot evaluate muon.step as learningRate must be finite and >= 0: current value is -1",
    });
    await assert.rejects(() => muon.step([gradient], { learningRate: 1, clipNorm: 0 }), {
      name: "RangeError",
      message: "Cannot evaluate muon.step as clipNorm must be > 0: current value is 0",
    });
  }
  assert.deepEqual([...x.dataSync()], [0, 0, 0, 0, 0, 0]);
  assert.throws(() => muon.restore(-1, muon.moments), {
    name: "RangeError",
    message:
      "Cannot evaluate muon.restore as stepCount must be an integer >= 0: current value is -1",
  });
  assert.throws(() => muon.restore(1, []), TypeError);
  assert.throws(() => new Muon([x], isMatrix, { momentum: 1 }), {
    name: "RangeError",
    message: "Cannot create Muon as momentum must be in [0, 1): current value is 1",
  });
  assert.throws(() => new Muon([x], isMatrix, { weightDecay: -1 }), {
    name: "RangeError",
    message: "Cannot create Muon as weightDecay must be finite and >= 0: current value is -1",
  });
  assert.throws(() => new Muon([y], () => true), {
    name: "TypeError",
    message: /^Cannot create Muon as .* must be a float32 matrix: current type is float32 \[2\]$/,
  });
  const integer = tf.variable(tf.zeros([2], "int32"));
  assert.throws(() => new Muon([integer], isMatrix), {
    name: "TypeError",
    message: /^Cannot create Muon as .* must be of type float32: current type is int32 \[2\]$/,
  });
  tf.dispose([x, y, wrong, nan, integer]);
});
