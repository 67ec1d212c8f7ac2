import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import {
  affine,
  affineByOperations,
  diagonalAffine,
  diagonalAffineByOperations,
  type Moved,
} from "../../flows/affine.ts";
import { assertClose, kernelsTest, normal, wasmTest } from "./_support.ts";

/** Float32 of two orders of operations. */
const TOLERANCE = 2e-5;

/** y, logDet and the gradients of a scalar in which both take part, in all inputs. */
function evaluate(map: (...inputs: tf.Tensor[]) => Moved, inputs: tf.Tensor[]): number[][] {
  return tf.tidy(() => {
    const { y, logDet } = map(...inputs);
    const objective = (...inputs: tf.Tensor[]): tf.Scalar => {
      const { y, logDet } = map(...inputs);
      const weights = tf.range(1, y.size + 1).div(y.size).reshape(y.shape);
      const rows = tf.range(1, logDet.size + 1).div(logDet.size);
      return tf.add(tf.sum(tf.mul(weights, tf.sin(y))), tf.sum(tf.mul(rows, logDet)));
    };
    const gradients = tf.grads(objective)(inputs);
    return [y, logDet, ...gradients].map((tensor) => Array.from(tensor.dataSync()));
  });
}

function assertSame(actual: number[][], wanted: number[][], what: string): void {
  assert.equal(actual.length, wanted.length);
  actual.forEach((values, i) => {
    try {
      assertClose(values, wanted[i]!, TOLERANCE);
    } catch (error) {
      throw new Error(`${what}: ${["y", "logDet"][i] ?? `gradient ${i - 2}`}`, { cause: error });
    }
  });
}

/** With axes between: an example has more rows than one. */
const SHAPES = [
  { batch: 1, dim: 1, start: 0, count: 1 },
  { batch: 1, dim: 2, start: 1, count: 1 },
  { batch: 3, dim: 5, start: 0, count: 3 },
  { batch: 2, dim: 9, start: 4, count: 5 },
  { batch: 7, dim: 31, start: 16, count: 15 },
  { batch: 5, dim: 12, start: 0, count: 12 },
  { batch: 1, between: [2], dim: 4, start: 2, count: 2 },
  { batch: 3, between: [4, 5], dim: 7, start: 1, count: 5 },
  { batch: 2, between: [1, 3], dim: 9, start: 0, count: 9 },
] as const;
const shapeOf = ({ batch, dim, between = [] }: {
  readonly batch: number;
  readonly dim: number;
  readonly between?: readonly number[];
}): number[] => [batch, ...between, dim];

kernelsTest("affine() is what its operations are, with the same gradients", () => {
  const rng = new Rng(1);
  for (const { start, count, ...sizes } of SHAPES) {
    const [shape, columns] = [shapeOf(sizes), { start, count }];
    for (const scaleMap of [null, "exp", "tanh", "sigmoid2"] as const) {
      for (const direction of ["scale", "standardise"] as const) {
        const x = normal(rng, shape);
        const params = normal(rng, [...shape.slice(0, -1), count * (scaleMap ? 2 : 1)]);
        const inputs = [x, params];
        const found = evaluate((x, p) => affine(x!, p!, columns, scaleMap, direction), inputs);
        const wanted = evaluate(
          (x, p) => affineByOperations(x!, p!, columns, scaleMap, direction),
          inputs,
        );
        assertSame(found, wanted, `${scaleMap} ${direction} [${shape}]`);
        tf.dispose(inputs);
      }
    }
  }
});

kernelsTest("diagonalAffine() is what its operations are, with the same gradients", () => {
  const rng = new Rng(2);
  for (const sizes of SHAPES) {
    const { dim } = sizes;
    for (const direction of ["scale", "standardise"] as const) {
      const inputs = [normal(rng, shapeOf(sizes)), normal(rng, [dim]), normal(rng, [dim])];
      assertSame(
        evaluate((x, s, t) => diagonalAffine(x!, s!, t!, direction), inputs),
        evaluate((x, s, t) => diagonalAffineByOperations(x!, s!, t!, direction), inputs),
        `with shift, ${direction}`,
      );
      assertSame(
        evaluate((x, s) => diagonalAffine(x!, s!, null, direction), inputs.slice(0, 2)),
        evaluate((x, s) => diagonalAffineByOperations(x!, s!, null, direction), inputs.slice(0, 2)),
        `without shift, ${direction}`,
      );
      tf.dispose(inputs);
    }
  }
});

wasmTest("diagonalAffine() sums equal terms of many rows without a bias of rounding", () => {
  const logScale = new Rng(3).uniform(5);
  const logDet = tf.tidy(() =>
    diagonalAffine(tf.ones([1, 28, 28, 5]), tf.tensor(logScale), null, "scale").logDet
      .dataSync()[0]!
  );
  const wanted = 784 * logScale.reduce((sum, value) => sum + value, 0);
  assertClose([logDet], [wanted], 3e-7);
});

wasmTest("affine() has float32's accuracy over its whole range", () => {
  const count = 4001;
  const raws = Float32Array.from({ length: count }, (_, i) => -110 + 0.055 * i);
  const columns = { start: 0, count };
  const found = tf.tidy(() => {
    const params = tf.concat([tf.zeros([1, count]), tf.tensor(raws, [1, count])], 1);
    return affine(tf.ones([1, count]), params, columns, "exp", "scale").y.dataSync();
  });
  raws.forEach((raw, i) => {
    const wanted = Math.exp(raw);
    if (wanted > 3.4028235e38) return assert.equal(found[i], Infinity, `exp(${raw})`);
    const subnormal = 2 ** -149;
    const error = Math.abs(found[i]! - wanted) - subnormal;
    assert.ok(error <= 3e-7 * wanted, `exp(${raw}) is ${found[i]}, expected ${wanted}`);
  });
});

wasmTest("affine() maps extreme and broken parameters to what they are", () => {
  const raws = [NaN, Infinity, -Infinity, 1e30, -1e30];
  const evaluateAt = (scaleMap: "exp" | "tanh" | "sigmoid2") =>
    tf.tidy(() => {
      const count = raws.length;
      const params = tf.tensor([...raws.map(() => 0), ...raws], [1, 2 * count]);
      const { y } = affine(tf.ones([1, count]), params, { start: 0, count }, scaleMap, "scale");
      return Array.from(y.dataSync());
    });
  assert.deepEqual(evaluateAt("exp"), [NaN, Infinity, 0, Infinity, 0]);
  const [nan, ...bounded] = evaluateAt("tanh");
  assert.ok(Number.isNaN(nan));
  assertClose(bounded, [Math.E ** 2, Math.E ** -2, Math.E ** 2, Math.E ** -2], 1e-6);
  const [broken, ...sigmoids] = evaluateAt("sigmoid2");
  assert.ok(Number.isNaN(broken));
  assert.deepEqual(sigmoids, [1, 0, 1, 0]);
});
