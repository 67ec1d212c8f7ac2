import assert from "node:assert/strict";
import { Adam, type AdamOptions } from "../../engine/adam.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { installedKernels, installMatMul, restoreMatMul } from "../../engine/matmul.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, normal, testOnWasmAndCpu, wasmTest } from "./_support.ts";

const SHAPES = [[1], [3, 5], [], [2, 3, 4], [17], [0, 4], [64, 33]];

function variable(values: number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values)));
}

/** Adam in float64, straight from the formula. */
class ReferenceAdam {
  #t = 0;
  readonly x: Float64Array[];
  readonly #m: Float64Array[];
  readonly #v: Float64Array[];

  constructor(x: ArrayLike<number>[], private readonly options: Required<AdamOptions>) {
    this.x = x.map((values) => Float64Array.from(values));
    this.#m = x.map(({ length }) => new Float64Array(length));
    this.#v = x.map(({ length }) => new Float64Array(length));
  }

  step(gradients: ArrayLike<number>[], rate: number, clipNorm: number): number {
    const { beta1, beta2, epsilon, weightDecay, decay } = this.options;
    const norm = Math.hypot(...gradients.flatMap((gradient) => [...Array.from(gradient)]));
    const t = ++this.#t;
    this.x.forEach((x, i) => {
      const [m, v] = [this.#m[i]!, this.#v[i]!];
      for (let j = 0; j < x.length; j++) {
        let g = gradients[i]![j]! * Math.min(1, clipNorm / norm);
        if (decay === "l2") g += weightDecay * x[j]!;
        m[j] = beta1 * m[j]! + (1 - beta1) * g;
        v[j] = beta2 * v[j]! + (1 - beta2) * g * g;
        const change = rate * (m[j]! / (1 - beta1 ** t)) /
          (Math.sqrt(v[j]! / (1 - beta2 ** t)) + epsilon);
        x[j] = x[j]! - change - (decay === "decoupled" ? rate * weightDecay * x[j]! : 0);
      }
    });
    return norm;
  }
}

const CASES: { options: AdamOptions; clipNorm?: number }[] = [
  { options: {} },
  { options: {}, clipNorm: 10 },
  { options: { weightDecay: 0.1 } },
  { options: { weightDecay: 0.1, decay: "l2" }, clipNorm: 40 },
  { options: { beta1: 0.5, beta2: 0.9, epsilon: 1e-3 } },
];

async function followsReference(): Promise<void> {
  for (const { options, clipNorm } of CASES) {
    const rng = new Rng(7);
    const variables = SHAPES.map((shape) => tf.tidy(() => tf.variable(normal(rng, shape))));
    const reference = new ReferenceAdam(
      variables.map((variable) => variable.dataSync().slice()),
      { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decay: "decoupled", ...options },
    );
    using adam = new Adam(variables, options);
    for (let step = 1; step <= 100; step++) {
      const learningRate = 0.01 / step;
      const gradients = SHAPES.map((shape) => normal(rng, shape));
      const before = tf.memory().numTensors;
      const { gradientNorm } = await adam.step(gradients, {
        learningRate,
        ...(clipNorm && { clipNorm }),
      });
      assert.equal(tf.memory().numTensors, before);
      const norm = reference.step(
        gradients.map((gradient) => gradient.dataSync()),
        learningRate,
        clipNorm ?? Infinity,
      );
      assertClose([gradientNorm], [norm], 1e-5);
      tf.dispose(gradients);
    }
    assert.equal(adam.stepCount, 100);
    // 100 steps, each rounded to float32.
    variables.forEach((x, i) => assertClose(x.dataSync(), reference.x[i]!, 5e-6));
    tf.dispose(variables);
  }
}

async function continuesAfterRestore(): Promise<void> {
  const run = async (stop: number) => {
    const rng = new Rng(8);
    const x = tf.tidy(() => tf.variable(normal(rng, [5])));
    let adam = new Adam([x]);
    for (let step = 0; step < 10; step++) {
      if (step === stop) {
        const next = new Adam([x]);
        next.restore(adam.stepCount, adam.moments);
        adam[Symbol.dispose]();
        adam = next;
      }
      const gradient = normal(rng, [5]);
      await adam.step([gradient], { learningRate: 0.1 });
      gradient.dispose();
    }
    const values = x.dataSync().slice();
    adam[Symbol.dispose]();
    x.dispose();
    return values;
  };
  assert.deepEqual(await run(4), await run(Infinity));
}

async function leavesVariablesAlone(): Promise<void> {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const [x, y] = [variable([1, 2]), variable([3])];
    using adam = new Adam([x, y], { weightDecay: 0.1 });
    const gradients = [tf.tensor([1, 1]), tf.tensor([bad])];
    const { gradientNorm } = await adam.step(gradients, { learningRate: 0.1, clipNorm: 1 });
    assert.equal(gradientNorm, Math.abs(bad));
    assert.equal(adam.stepCount, 0);
    assert.deepEqual([...x.dataSync(), ...y.dataSync()], [1, 2, 3]);
    assert.ok(adam.moments.every((moment) => moment.dataSync().every((value) => value === 0)));
    tf.dispose([...gradients, x, y]);
  }
}

async function leavesSharersAlone(): Promise<void> {
  const source = tf.tensor([1, 2, 3, 4]);
  const x = tf.variable(source);
  using adam = new Adam([x]);
  const gradient = tf.ones([4]);
  const snapshots = [x.clone(), x.reshape([2, 2])];
  await adam.step([gradient], { learningRate: 0.1 });
  snapshots.push(x.clone());
  const first = x.dataSync().slice();
  await adam.step([gradient], { learningRate: 0.1 });
  assert.deepEqual([...source.dataSync()], [1, 2, 3, 4]);
  assert.deepEqual([...snapshots[0]!.dataSync()], [1, 2, 3, 4]);
  assert.deepEqual([...snapshots[1]!.dataSync()], [1, 2, 3, 4]);
  assert.deepEqual(snapshots[2]!.dataSync(), first);
  assert.notDeepEqual(x.dataSync(), first);
  tf.dispose([source, x, gradient, ...snapshots]);
}

testOnWasmAndCpu({
  "adam.step() follows the float64 reference over 100 steps": followsReference,
  "adam.restore() continues with the same bits": continuesAfterRestore,
  "adam.step() changes nothing when a gradient is NaN or infinite": leavesVariablesAlone,
  "adam.step() leaves tensors alone that share a variable's numbers": leavesSharersAlone,
});

wasmTest("adam.step() goes on when the backend is switched", async () => {
  const x = variable([1, 2, 3]);
  using adam = new Adam([x]);
  const reference = new ReferenceAdam([x.dataSync()], {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    decay: "decoupled",
  });
  for (const backend of ["wasm", "cpu", "wasm", "wasm", "cpu"] as const) {
    await initEngine({ backend });
    const gradient = tf.tensor([1, -2, 0.5]);
    await adam.step([gradient], { learningRate: 0.1 });
    reference.step([gradient.dataSync()], 0.1, Infinity);
    gradient.dispose();
    assertClose(x.dataSync(), reference.x[0]!, 1e-6);
  }
  x.dispose();
});

wasmTest("adam.step() is seen by operations that keep copies of their weights", async () => {
  const kernels = installedKernels()!;
  const image = tf.fill([1, 4, 4, 2], -1) as tf.Tensor4D;
  const rows = tf.ones([2, 4]);
  const cases: [shape: number[], use: (x: tf.Tensor) => tf.Tensor][] = [
    [[4, 3], (x) => tf.matMul(rows, x)],
    [[2, 2, 2, 3], (x) => tf.conv2d(image, x as tf.Tensor4D, 1, "valid")],
    [[2, 2, 2, 1], (x) => tf.depthwiseConv2d(image, x as tf.Tensor4D, 1, "valid")],
    [[2], (x) => tf.prelu(image, x)],
  ];
  for (const [shape, use] of cases) {
    const x = tf.tidy(() => tf.variable(tf.ones(shape)));
    const gradient = tf.ones(shape);
    using adam = new Adam([x]);
    for (let step = 0; step < 3; step++) {
      installMatMul(kernels);
      await adam.step([gradient], { learningRate: 0.25 });
      restoreMatMul();
      tf.tidy(() => {
        const fresh = tf.tensor(x.dataSync(), shape);
        assertClose(use(x).dataSync(), use(fresh).dataSync(), 1e-6);
      });
    }
    tf.dispose([x, gradient]);
  }
  tf.dispose([image, rows]);
});

Deno.test("Adam refuses what does not fit, with a message", async () => {
  await initEngine({ backend: "cpu" });
  const x = tf.variable(tf.zeros([2]));
  const wrong = tf.zeros([3]);
  using adam = new Adam([x]);
  await assert.rejects(() => adam.step([wrong], { learningRate: 1 }), {
    name: "TypeError",
    message: "Cannot evaluate adam.step as gradients must be float32 [2]: current are float32 [3]",
  });
  await assert.rejects(() => adam.step([x], { learningRate: NaN }), {
    name: "RangeError",
    message:
      "Cannot evaluate adam.step as learningRate must be finite and >= 0: current value is NaN",
  });
  await assert.rejects(() => adam.step([x], { learningRate: 1, clipNorm: 0 }), RangeError);
  assert.throws(() => adam.restore(-1, adam.moments), RangeError);
  assert.throws(() => adam.restore(1, []), TypeError);
  assert.throws(() => new Adam([x], { beta2: 1 }), {
    name: "RangeError",
    message: "Cannot create Adam as beta2 must be in [0, 1): current value is 1",
  });
  assert.throws(() => new Adam([x], { epsilon: -1 }), RangeError);
  const integer = tf.variable(tf.zeros([2], "int32"));
  assert.throws(() => new Adam([integer]), TypeError);
  tf.dispose([x, wrong, integer]);
});
