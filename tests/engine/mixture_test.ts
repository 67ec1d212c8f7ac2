import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import type { Moved } from "../../flows/affine.ts";
import { mixture, mixtureByOperations, type MixtureOptions } from "../../flows/mixture.ts";
import type { ScaleMap } from "../../flows/scale_map.ts";
import { fc } from "../_fast_check.ts";
import { assertClose, kernelsTest, normal, testOnWasmAndCpu, wasmTest } from "./_support.ts";

/** Components of a column in float64. */
interface Mixture {
  readonly m: readonly number[];
  readonly s: readonly number[];
  readonly w: readonly number[];
}

const LOG_SCALES: Readonly<Record<ScaleMap, (a: number) => number>> = {
  exp: (a) => a,
  tanh: (a) => 2 * Math.tanh(a / 2),
  sigmoid2: (a) => -Math.log1p(Math.exp(-a - 2)),
};

/** From (t, a, b) of K components each, as the docstring has it. */
function mixtureOf(
  t: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  scaleMap: ScaleMap,
): Mixture {
  const K = t.length;
  const total = Array.from(b, Math.exp).reduce((sum, e) => sum + e);
  return {
    m: Array.from(t, (t, k) => t - 2 + 4 * k / (K - 1)),
    s: Array.from(a, (a) => Math.exp(LOG_SCALES[scaleMap](a))),
    w: Array.from(b, (b) => Math.exp(b) / total),
  };
}

/** logit F and log of its slope: both tails by sums of their own. */
function byDefinition(x: number, { m, s, w }: Mixture): { y: number; logSlope: number } {
  let left = 0, right = 0, density = 0;
  w.forEach((w, k) => {
    const u = (x - m[k]!) / s[k]!;
    const [below, above] = [1 / (1 + Math.exp(-u)), 1 / (1 + Math.exp(u))];
    left += w * below;
    right += w * above;
    density += w * below * above / s[k]!;
  });
  return { y: Math.log(left / right), logSlope: Math.log(density / (left * right)) };
}

/** y, logDet and the gradients of a scalar in which both take part. */
function evaluate(map: (x: tf.Tensor, params: tf.Tensor) => Moved, inputs: tf.Tensor[]) {
  return tf.tidy(() => {
    const objective = (x: tf.Tensor, params: tf.Tensor): tf.Scalar => {
      const { y, logDet } = map(x, params);
      const weights = tf.range(1, y.size + 1).div(y.size).reshape(y.shape);
      const rows = tf.range(1, logDet.size + 1).div(logDet.size);
      return tf.add(tf.sum(tf.mul(weights, tf.sin(y))), tf.sum(tf.mul(rows, logDet)));
    };
    const { y, logDet } = map(inputs[0]!, inputs[1]!);
    const gradients = tf.grads(objective)(inputs);
    const [ofX, ofParams] = gradients.map((tensor) => tensor.dataSync());
    return { y: y.dataSync(), logDet: logDet.dataSync(), ofX: ofX!, ofParams: ofParams! };
  });
}

const cases = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  between: fc.constantFrom([], [2], [2, 3]),
  start: fc.integer({ min: 0, max: 2 }),
  count: fc.integer({ min: 1, max: 3 }),
  after: fc.integer({ min: 0, max: 2 }),
  components: fc.integer({ min: 2, max: 9 }),
  scaleMap: fc.constantFrom<ScaleMap>("exp", "tanh", "sigmoid2"),
  seed: fc.nat(),
});

kernelsTest("mixture() is what its operations are, with the same gradients, both ways", () => {
  fc.assert(
    fc.property(cases, ({ batch, between, after, seed, ...options }) => {
      const { start, count, components } = options, rng = new Rng(seed);
      const inputs = [
        normal(rng, [batch, ...between, start + count + after]),
        normal(rng, [batch, ...between, 3 * count * components]),
      ];
      for (const direction of ["forward", "inverse"] as const) {
        const found = evaluate((x, p) => mixture(x, p, options, direction), inputs);
        const wanted = evaluate((x, p) => mixtureByOperations(x, p, options, direction), inputs);
        assertClose(found.y, wanted.y, 1e-5);
        assertClose(found.logDet, wanted.logDet, 5e-5);
        assertClose(found.ofX, wanted.ofX, 2e-4);
        assertClose(found.ofParams, wanted.ofParams, 2e-4);
      }
      tf.dispose(inputs);
    }),
    { numRuns: 50 },
  );
});

testOnWasmAndCpu({
  "mixture() is what its definition says, and its inverse undoes it": () => {
    fc.assert(
      fc.property(cases, ({ batch, after, seed, ...options }) => {
        const { start, count, components: K, scaleMap } = options, rng = new Rng(seed);
        const dim = start + count + after;
        const x = rng.split("x").normal(batch * dim).map((x) => 3 * x);
        const params = rng.split("params").normal(batch * 3 * count * K);
        tf.tidy(() => {
          const given = tf.tensor(params, [batch, 3 * count * K]);
          const { y, logDet } = mixture(tf.tensor(x, [batch, dim]), given, options, "forward");
          const [ys, logDets] = [y.dataSync(), logDet.dataSync()];
          for (let row = 0; row < batch; row++) {
            let sum = 0;
            for (let j = 0; j < dim; j++) {
              const at = row * dim + j, column = j - start;
              if (column < 0 || column >= count) {
                assert.equal(ys[at], x[at]);
                continue;
              }
              const [t, a, b] = [0, 1, 2].map((part) => {
                const from = ((row * 3 + part) * count + column) * K;
                return params.subarray(from, from + K);
              });
              const wanted = byDefinition(x[at]!, mixtureOf(t!, a!, b!, scaleMap));
              assertClose([ys[at]!], [wanted.y], 1e-5);
              sum += wanted.logSlope;
            }
            assertClose([logDets[row]!], [sum], 3e-5);
          }
          const back = mixture(y, given, options, "inverse");
          // An error of y is that of x divided by the slope.
          const flattest = Math.exp(-Math.min(...logDets.map((logDet) => Math.min(0, logDet))));
          assertClose(back.y.dataSync(), x, 1e-5 * Math.max(1, flattest));
        });
      }),
      { numRuns: 100 },
    );
    return Promise.resolve();
  },
  "mixture() is affine where all components are one": () => {
    tf.tidy(() => {
      // t takes back what tells the components apart; weights do not matter.
      const params = tf.tensor([[2, 0, -2, 0.5, 0.5, 0.5, 0, 1, 2]]);
      const x = tf.tensor([[-40, -1, 0, 2, 40]]).transpose();
      const options = { start: 0, count: 1, components: 3, scaleMap: "exp" } as const;
      for (const direction of ["forward", "inverse"] as const) {
        const { y, logDet } = mixture(x, tf.tile(params, [5, 1]), options, direction);
        const sign = direction === "forward" ? -1 : 1;
        const scale = Math.exp(0.5 * sign);
        assertClose(y.dataSync(), [-40, -1, 0, 2, 40].map((x) => x * scale), 1e-6);
        assertClose(logDet.dataSync(), Array(5).fill(0.5 * sign), 1e-5);
      }
    });
    return Promise.resolve();
  },
});

testOnWasmAndCpu({
  "mixture() keeps its digits beside a narrow component far away, on either side": () => {
    const options: MixtureOptions = { start: 0, count: 1, components: 2, scaleMap: "exp" };
    const x = [-1, -0.3, 0.2, 1];
    tf.tidy(() => {
      for (const width of [1e-1, 1e-3, 1e-6]) {
        const a = [0, Math.log(width)];
        // At 0 and 10, and mirrored.
        for (const [t, logScales] of [[[2, 8], a], [[-8, -2], a.toReversed()]] as const) {
          const params = tf.tile(tf.tensor([[...t, ...logScales, 0, 0]]), [x.length, 1]);
          const wanted = x.map((x) => byDefinition(x, mixtureOf(t, logScales, [0, 0], "exp")));
          const ys = wanted.map(({ y }) => y), logSlopes = wanted.map(({ logSlope }) => logSlope);
          const { y, logDet } = mixture(tf.tensor(x, [4, 1]), params, options, "forward");
          assertClose(y.dataSync(), ys, 1e-6);
          assertClose(logDet.dataSync(), logSlopes, 2e-6);
          const back = mixture(tf.tensor(ys, [4, 1]), params, options, "inverse");
          assertClose(back.y.dataSync(), x, 4e-6);
          assertClose(back.logDet.dataSync(), logSlopes.map((slope) => -slope), 4e-6);
          const inputs = [tf.tensor(x, [4, 1]), params];
          const found = evaluate((x, p) => mixture(x, p, options, "forward"), inputs);
          const exact = evaluate((x, p) => mixtureByOperations(x, p, options, "forward"), inputs);
          assertClose(found.ofX, exact.ofX, 1e-5);
          assertClose(found.ofParams, exact.ofParams, 1e-5);
        }
      }
    });
    return Promise.resolve();
  },
});

/** Two components of a width at -3 and 3, for each of some rows. */
const separate = (width: number, rows: number): tf.Tensor =>
  tf.tile(tf.tensor([[-1, 1, Math.log(width), Math.log(width), 0, 0]]), [rows, 1]);

testOnWasmAndCpu({
  "the inverse of mixture() goes across gaps and far into tails": () => {
    const options: MixtureOptions = { start: 0, count: 1, components: 2, scaleMap: "exp" };
    tf.tidy(() => {
      // The slope between the components is 4e-12.
      const z = [-80, -3, -0.5, 0.5, 3, 80];
      const params = separate(0.1, 6);
      const { y, logDet } = mixture(tf.tensor(z, [6, 1]), params, options, "inverse");
      const { y: again } = mixture(y, params, options, "forward");
      assertClose(again.dataSync(), z, 2e-6);
      const x = y.dataSync();
      for (let i = 1; i < x.length; i++) assert.ok(x[i - 1]! < x[i]!, `${x}`);
      const ends = [-3 - 8 + 0.1 * Math.LN2, 3 + 8 - 0.1 * Math.LN2];
      assertClose([x[0]!, x[5]!], ends, 1e-5);
      const logDets = logDet.dataSync();
      assertClose([logDets[0]!, logDets[5]!], [Math.log(0.1), Math.log(0.1)], 1e-4);
    });
    return Promise.resolve();
  },
  "the inverse of mixture() finds its way in a bracket of 1e8": () => {
    const options: MixtureOptions = { start: 0, count: 1, components: 2, scaleMap: "exp" };
    tf.tidy(() => {
      const z = [-0.5, 0.1, 0.5];
      const params = tf.tile(tf.tensor([[-1, 1, 0, 20, 0, 0]]), [3, 1]);
      const { y } = mixture(tf.tensor(z, [3, 1]), params, options, "inverse");
      assertClose(mixture(y, params, options, "forward").y.dataSync(), z, 2e-6);
    });
    return Promise.resolve();
  },
  "the inverse of mixture() stays between components where all is flat": () => {
    const options: MixtureOptions = { start: 0, count: 1, components: 2, scaleMap: "exp" };
    tf.tidy(() => {
      for (const width of [0.1, 0.02]) {
        const z = tf.tensor([-1e-6, 0, 1e-6], [3, 1]);
        const map = (z: tf.Tensor) => mixture(z, separate(width, 3), options, "inverse").y;
        const x = map(z).dataSync();
        assert.ok(x.every((x) => Math.abs(x) < 3), `${x}`);
        const slopes = tf.grad((z) => tf.sum(map(z)))(z).dataSync();
        assert.ok(slopes.every((slope) => slope > 1e4 && Number.isFinite(slope)), `${slopes}`);
      }
    });
    return Promise.resolve();
  },
  "gradients of the inverse of mixture() keep their digits in a gap": () => {
    const options: MixtureOptions = { start: 0, count: 1, components: 2, scaleMap: "exp" };
    tf.tidy(() => {
      for (const [left, right] of [[8, 7.5], [12, 11], [16, 17], [20, 20.5]] as const) {
        // Widths of which so many lie between a component and the middle, where the inverse of 0 is.
        const [s1, s2] = [3 / left, 3 / right];
        const params = tf.tensor([[-1, 1, Math.log(s1), Math.log(s2), 0, 0]]);
        const map = (params: tf.Tensor) => mixture(tf.zeros([1, 1]), params, options, "inverse").y;
        const x = map(params).dataSync()[0]!;
        assert.ok(Math.abs(x) < 1);
        const found = tf.grad((params) => tf.sum(map(params)))(params).dataSync();
        // dx/dt_k is the share of component k in the density at x.
        const density = (m: number, s: number) => 1 / (4 * s * Math.cosh((x - m) / (2 * s)) ** 2);
        const share = density(-3, s1) / (density(-3, s1) + density(3, s2));
        assertClose(found.slice(0, 2), [share, 1 - share], 1e-4);
      }
    });
    return Promise.resolve();
  },
});

wasmTest("mixture() of a column reads nothing of the next one", () => {
  const options = { start: 0, count: 2, components: 3, scaleMap: "tanh" } as const;
  tf.tidy(() => {
    const own = Array.from({ length: 3 }, () => [0.1, -0.2, 0.3, NaN, NaN, NaN]).flat();
    const inputs = [tf.tensor([[0.5, 0.5]]), tf.tensor([own])] as const;
    for (const direction of ["forward", "inverse"] as const) {
      const first = (x: tf.Tensor, params: tf.Tensor): tf.Scalar =>
        tf.sum(tf.slice(mixture(x, params, options, direction).y, [0, 0], [1, 1]));
      const gradients = tf.grads(first)([...inputs])[1]!.dataSync();
      assert.ok(Number.isFinite(first(...inputs).dataSync()[0]));
      [0, 1, 2, 6, 7, 8, 12, 13, 14].forEach((i) => assert.ok(Number.isFinite(gradients[i])));
    }
  });
});

wasmTest("mixture() takes weights of any size, and many components", () => {
  tf.tidy(() => {
    const x = tf.tensor([[0.7]]);
    for (const components of [16, 61]) {
      const options = { start: 0, count: 1, components, scaleMap: "tanh" } as const;
      const rng = new Rng(components);
      const b = Array.from({ length: components }, (_, k) => k % 2 ? 200 : -200);
      const rest = normal(rng, [1, 2 * components]);
      const params = tf.concat([rest, tf.tensor([b])], 1);
      const found = evaluate((x, p) => mixture(x, p, options, "forward"), [x, params]);
      const wanted = evaluate((x, p) => mixtureByOperations(x, p, options, "forward"), [x, params]);
      assertClose(found.y, wanted.y, 1e-5);
      assertClose(found.logDet, wanted.logDet, 2e-5);
      assertClose(found.ofParams, wanted.ofParams, 1e-4);
      rest.dispose();
    }
  });
});

wasmTest("mixture() of NaN is NaN, and ends", () => {
  const options: MixtureOptions = { start: 0, count: 1, components: 5, scaleMap: "tanh" };
  tf.tidy(() => {
    const oneOf = (at: number): tf.Tensor =>
      tf.tensor([Array.from({ length: 15 }, (_, i) => i === at ? NaN : 0.1)]);
    for (const direction of ["forward", "inverse"] as const) {
      const broken = [
        mixture(tf.tensor([[NaN]]), tf.zeros([1, 15]), options, direction),
        mixture(tf.zeros([1, 1]), tf.fill([1, 15], NaN), options, direction),
        mixture(
          tf.zeros([1, 1]),
          tf.tensor([[...Array(10).fill(0), ...Array(5).fill(-Infinity)]]),
          options,
          direction,
        ),
        ...[1, 4, 8, 9, 12, 14].map((at) =>
          mixture(tf.zeros([1, 1]), oneOf(at), options, direction)
        ),
      ];
      for (const { y, logDet } of broken) {
        assert.ok(Number.isNaN(y.dataSync()[0]) && Number.isNaN(logDet.dataSync()[0]));
      }
    }
  });
});
