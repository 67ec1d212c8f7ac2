import assert from "node:assert/strict";
import { initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { variableName } from "../../flows/_variable.ts";
import { type Chain, createFlow, GreyLevels } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { fc } from "../_fast_check.ts";
import { perturb } from "../conformance/bijector.ts";
import { assertSameWhenLoaded } from "../conformance/flow.ts";

/** What the docstring says, in float64: z and log-determinant of one example. */
function byDefinition(x: ArrayLike<number>, w: ArrayLike<number>): { z: number[]; logDet: number } {
  const levels = w.length;
  const total = Array.from(w, Math.exp).reduce((sum, e) => sum + e);
  const p = Array.from(w, (w) => Math.exp(w) / total);
  let logDet = 0;
  const z = Array.from(x, (x) => {
    const k = Math.min(levels - 1, Math.max(0, Math.floor(levels * x)));
    const c = p.slice(0, k).reduce((sum, p) => sum + p, 0);
    logDet += Math.log(levels * p[k]!);
    return c + p[k]! * (levels * x - k);
  });
  return { z, logDet };
}

/** Gradients of sum_b a_b (sum_i sin z_bi) + r_b logDet_b by a one-hot row for each number. */
function gradientsByOneHot(x: tf.Tensor2D, w: tf.Tensor1D, a: tf.Tensor, r: tf.Tensor): number[][] {
  const levels = w.shape[0];
  const objective = (x: tf.Tensor, w: tf.Tensor): tf.Scalar => {
    const k = Array.from(x.dataSync(), (x) => Math.floor(levels * x));
    const rows = tf.oneHot(tf.tensor1d(k, "int32"), levels).cast("float32");
    const p = tf.softmax(w);
    const below = tf.matMul(tf.linalg.bandPart(tf.ones([levels, levels]), -1, 0), p.as2D(-1, 1));
    const c = tf.sub(below, p.as2D(-1, 1));
    const of = (v: tf.Tensor) => tf.reshape(tf.matMul(rows, v.as2D(-1, 1)), x.shape);
    const u = tf.sub(tf.mul(levels, x), tf.reshape(tf.tensor1d(k), x.shape));
    const z = tf.add(of(c), tf.mul(of(p), u));
    const logDet = tf.sum(of(tf.log(tf.mul(levels, p))), 1);
    return weigh(z, logDet, a, r);
  };
  return tf.grads(objective)([x, w]).map((gradient) => Array.from(gradient.dataSync()));
}

function weigh(z: tf.Tensor, logDet: tf.Tensor, a: tf.Tensor, r: tf.Tensor): tf.Scalar {
  return tf.sum(tf.add(tf.mul(a, tf.sum(tf.sin(tf.mul(3, z)), 1)), tf.mul(r, logDet)));
}

/** Numbers anywhere in levels, their edges among them. */
function somewhere(count: number, levels: number, rng: Rng): Float32Array {
  return rng.uniform(count).map((u, i) =>
    i % 3 === 0 ? Math.floor(levels * u) / levels : i % 3 === 1 ? u : u / levels
  );
}

Deno.test("GreyLevels is what its definition says, of any number of levels", async () => {
  await startEngine();
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 5 }),
    fc.nat(),
    (bits, dim, batch, seed) => {
      const levels = 2 ** bits, rng = new Rng(seed);
      using map = new GreyLevels("p", [dim], levels);
      perturb(map, rng, 1);
      const x = somewhere(batch * dim, levels, rng.split("x"));
      tf.tidy(() => {
        const { z, logDet } = map.forward(tf.tensor(x, [batch, dim]));
        const w = map.variables[1]!.dataSync();
        for (let b = 0; b < batch; b++) {
          const wanted = byDefinition(x.subarray(b * dim, (b + 1) * dim), w);
          assertAllClose(tf.slice(z, b, 1).dataSync(), wanted.z, TOLERANCES.rounding, "z");
          assertAllClose([logDet.dataSync()[b]!], [wanted.logDet], 1e-5, "logDet");
        }
        const back = map.inverse(z);
        // One rounding of z is that of its level, magnified.
        const narrowest = Math.min(...tf.softmax(map.variables[1]!).dataSync());
        assertAllClose(back.x.dataSync(), x, 2e-7 / (levels * narrowest) + 1e-6, "x");
      });
    },
  ));
});

for (const backend of ["cpu", "wasm"] as const) {
  Deno.test(`GreyLevels has the gradients of sums over one-hot rows (${backend})`, async () => {
    await initEngine({ backend });
    for (const [batch, dim, levels] of [[1, 1, 2], [1, 7, 256], [5, 3, 16], [16, 49, 256]]) {
      const rng = new Rng(batch!);
      using map = new GreyLevels("p", [dim!], levels!);
      perturb(map, rng, 1);
      const w = map.variables[1]!;
      tf.tidy(() => {
        const x = tf.tensor2d(somewhere(batch! * dim!, levels!, rng.split("x")), [batch!, dim!]);
        const [a, r] = ["a", "r"].map((name) => tf.tensor(rng.split(name).normal(batch!)));
        const objective = (x: tf.Tensor) => {
          const { z, logDet } = map.forward(x);
          return weigh(z, logDet, a!, r!);
        };
        const wanted = gradientsByOneHot(x, w as unknown as tf.Tensor1D, a!, r!);
        const found = [
          tf.grad(objective)(x),
          tf.variableGrads(() => objective(x), [w]).grads[w.name]!,
        ];
        found.forEach((gradient, i) =>
          assertAllClose(gradient.dataSync(), wanted[i]!, 1e-4, ["dx", "dw"][i])
        );
      });
    }
  });
}

Deno.test("GreyLevels.inverse() has gradients: those of forward, inverted", async () => {
  await startEngine();
  using map = new GreyLevels("p", [3], 8);
  perturb(map, new Rng(0), 1);
  tf.tidy(() => {
    const x = tf.tensor2d([0.05, 0.33, 0.91], [1, 3]);
    const z = map.forward(x).z;
    const slope = tf.grad((x) => tf.sum(map.forward(x).z))(x);
    const ofInverse = tf.grad((z) => tf.sum(map.inverse(z).x))(z);
    assertAllClose(tf.mul(slope, ofInverse).dataSync(), [1, 1, 1], 1e-5);
    // x = f^-1(f(x; w); w) moves with w by nothing: dx/dw = -(dz/dw) / slope.
    const [, w] = map.variables as [tf.Variable, tf.Variable];
    const { grads } = tf.variableGrads(() => tf.sum(map.inverse(z).x) as tf.Scalar, [w]);
    const forward = tf.variableGrads(
      () => tf.sum(tf.div(map.forward(x).z, slope)) as tf.Scalar,
      [w],
    );
    assertAllClose(grads[w.name]!.dataSync(), tf.neg(forward.grads[w.name]!).dataSync(), 1e-4);
  });
});

Deno.test("GreyLevels.initialize() makes the pixels of a batch uniform, from data alone", async () => {
  await startEngine();
  using map = new GreyLevels("p", [784], 256);
  const [shares, widths] = map.variables as [tf.Variable, tf.Variable];
  const rng = new Rng(0);
  // Four of five are black, none is white, the others are of any level.
  const pixels = rng.split("x").uniform(200 * 784).map((u, i) => i % 5 ? u / 256 : 0.99 * u);
  const x = tf.tensor(pixels, [200, 784]);
  map.initialize(x, "latent");
  assert.ok(shares.dataSync().every((w) => w === 0));
  map.initialize(x, "data");
  assert.ok(widths.dataSync().every((w) => w === 0), "what decays starts at 0");
  const counts = new Float64Array(256).fill(1);
  for (const pixel of pixels) counts[Math.floor(256 * pixel)]!++;
  const wanted = counts.map((count) => Math.log(count / (pixels.length + 256)));
  assertAllClose(shares.dataSync(), wanted, 1e-5, "log shares");
  const { z, logDet } = map.forward(x);
  const sorted = Array.from(z.dataSync()).toSorted((a, b) => a - b);
  const distance = sorted.reduce(
    (most, z, i) => Math.max(most, Math.abs(z - i / sorted.length)),
    0,
  );
  assert.ok(distance < 0.01, `Kolmogorov-Smirnov distance ${distance}`);
  tf.dispose([x, z, logDet]);
});

Deno.test("GreyLevels has the log-determinant of many equal pixels without bias", async () => {
  await startEngine();
  using map = new GreyLevels("p", [784], 256);
  const rng = new Rng(0);
  const x = rng.uniform(20 * 784).map((u, i) => i % 5 ? u / 256 : u);
  const batch = tf.tensor(x, [20, 784]);
  map.initialize(batch, "data");
  for (let i = 0; i < 20; i++) {
    perturb(map, rng.split(`${i}`), 0.1);
    const w = tf.tidy(() => tf.add(map.variables[0]!, map.variables[1]!).dataSync());
    const found = tf.tidy(() => Array.from(map.forward(batch).logDet.dataSync()));
    const wanted = found.map((_, b) => byDefinition(x.subarray(784 * b, 784 * (b + 1)), w).logDet);
    const bias = found.reduce((sum, logDet, b) => sum + logDet - wanted[b]!, 0) / 20;
    assert.ok(Math.abs(bias) < 2e-3, `${bias} nats of about 3000`);
  }
  batch.dispose();
});

Deno.test("GreyLevels refuses numbers of levels that are no powers of two", () => {
  for (const levels of [0, 1, 3, 255, 2.5, NaN]) {
    assert.throws(() => new GreyLevels("p", [1], levels), {
      name: "RangeError",
      message: new RegExp(`power of two.* ${levels}$`),
    });
  }
});

Deno.test("createFlow() puts grey levels in front of the logit, behind a map of the noise", async () => {
  await startEngine();
  const options = { eventShape: [4, 4, 1], levels: 1, layers: 1, hidden: [4], logitAlpha: 1e-3 };
  const rng = new Rng(3);
  const x = tf.tensor(rng.split("x").uniform(5 * 16).map((u, i) => i % 3 ? u / 256 : u), [
    5,
    4,
    4,
    1,
  ]);
  for (
    const [greyLevels, dequantization, widths] of [
      ["learned", "uniform", 256],
      ["learned", "variational", 256],
      ["shaped", "uniform", 2_048],
    ] as const
  ) {
    using plain = createFlow("realnvp", { ...options, dequantization: "uniform" }, new Rng(0));
    using flow = createFlow(
      "realnvp",
      { ...options, dequantization, greyLevels },
      new Rng(0),
    );
    flow.initialize(x);
    perturb(flow.bijector, new Rng(1), 0.1);
    const of = new Map(flow.variables.map((variable) => [variableName(variable), variable]));
    for (const v of plain.variables) v.assign(of.get(variableName(v))!);
    using levels = new GreyLevels("greyLevels", [4, 4, 1], widths);
    for (const v of levels.variables) v.assign(of.get(variableName(v))!);
    assert.ok(flow.params - plain.params >= widths);
    tf.tidy(() => {
      let logDet = tf.zeros([5]), noisy: tf.Tensor = x;
      if (dequantization === "variational") {
        const [first] = (flow.bijector as Chain).parts;
        ({ z: noisy, logDet } = first!.forward(x));
      }
      const grey = levels.forward(noisy);
      const wanted = tf.add(tf.add(plain.logProb(grey.z), grey.logDet), logDet);
      assertAllClose(flow.logProb(x).dataSync(), wanted.dataSync(), 1e-5, dequantization);
    });
  }
  x.dispose();
});

for (const [greyLevels, widths] of [["learned", 256], ["shaped", 2_048]] as const) {
  testWith(
    ["read", "write"],
    `a flow with ${greyLevels} grey levels integrates to 1 and is the same when loaded`,
    async () => {
      await startEngine();
      const options = { eventShape: [1], layers: 2, hidden: [8], logitAlpha: 1e-3, greyLevels };
      using flow = createFlow("maf", options, new Rng(0));
      perturb(flow.bijector, new Rng(1), 0.5);
      // Widths from 1/50 to 50 times the average.
      flow.variables[0]!.assign(
        tf.tidy(() => tf.tensor(new Rng(2).uniform(widths).map((u) => 8 * (u - 0.5)))),
      );
      const points = 256 * 40;
      const mass = tf.tidy(() => {
        const x = tf.div(tf.add(tf.range(0, points), 0.5), points);
        return tf.mean(tf.exp(flow.logProb(tf.reshape(x, [points, 1])))).dataSync()[0]!;
      });
      // The logit keeps 1e-3 off both ends: a little mass is there.
      assert.ok(Math.abs(mass - 1) < 0.02, `mass ${mass}`);
      await assertSameWhenLoaded(flow);
    },
  );
}

Deno.test("GreyLevels ends at 1 whatever its widths, where a logit behind it has its own end", async () => {
  await startEngine();
  using map = new GreyLevels("p", [1], 256);
  const [, w] = map.variables as [tf.Variable, tf.Variable];
  const rng = new Rng(1);
  for (let i = 0; i < 300; i++) {
    // All alike, or black takes most of the interval: sums round differently.
    const values = rng.normal(256).map((w, k) => i % 2 === 0 ? 0.1 * w : k === 0 ? 7 : w);
    tf.tidy(() => {
      w.assign(tf.tensor(values));
      const [first, last] = map.forward(tf.tensor2d([[0], [1 - 2 ** -24]])).z.dataSync();
      assert.equal(first, 0);
      assert.ok(last! > 1 - 2e-6 && last! <= 1, `${last} of widths ${i}`);
    });
  }
});
