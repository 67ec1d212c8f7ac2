import assert from "node:assert/strict";
import { DivergenceError } from "../../../benchmarks/training/divergence_error.ts";
import { evaluateReverseKl, scoreDraws } from "../../../benchmarks/evaluate_reverse_kl.ts";
import { reverseKl, trainByReverseKl } from "../../../benchmarks/training/train_by_reverse_kl.ts";
import { ENERGIES } from "../../../datasets/mod.ts";
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import { createFlow, FAMILIES, Flow, Scaling } from "../../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../../_assert.ts";
import { startEngine } from "../../_engine.ts";
import { flowOf } from "../../_families.ts";
import { perturb } from "../../conformance/bijector.ts";

const u2 = ENERGIES["u2"]!;
const small = { eventShape: [2], layers: 2, hidden: [16] };

/** The energy |x - m|^2 / 2 of a Gaussian: Z = 2 pi. */
const gaussian = (m: number) => ({
  energy: (x: number, y: number) => ((x - m) ** 2 + (y - m) ** 2) / 2,
  logNormalizerNats: () => ({ value: Math.log(2 * Math.PI), error: 0 }),
});

/** A standard normal. */
const normal = () => new Flow("normal", new Scaling("scaling", 2), { family: "none" });

Deno.test("evaluateReverseKl() of a Gaussian to itself: KL 0, ESS 1, and log Z without error", async () => {
  await startEngine();
  using flow = normal();
  const found = await evaluateReverseKl(flow, gaussian(0), 2_000, new Rng(0));
  const { klNats, klSe, essFraction, logZ, logZEstimate, logZEstimateSe, sampleCount } = found;
  assertAllClose(
    [klNats, klSe, essFraction, logZ, logZEstimate, logZEstimateSe],
    [0, 0, 1, Math.log(2 * Math.PI), Math.log(2 * Math.PI), 0],
    TOLERANCES.rounding,
  );
  assert.equal(sampleCount, 2_000);
});

Deno.test("evaluateReverseKl() of a shifted Gaussian has the closed forms of KL and ESS", async () => {
  await startEngine();
  using flow = normal();
  const m = 0.3;
  const found = await evaluateReverseKl(flow, gaussian(m), 20_000, new Rng(1));
  const { klNats, klSe, essFraction, logZ, logZEstimate, logZEstimateSe } = found;
  // log(q / p) = |m|^2 / 2 - m x has mean |m|^2 / 2 = m^2 and variance |m|^2; E w^2 / (E w)^2 is
  // exp(|m|^2).
  assert.ok(Math.abs(klNats - m * m) < 4 * klSe, `KL ${klNats} +- ${klSe}, not ${m * m}`);
  assertAllClose([klSe / (m * Math.sqrt(2 / 20_000))], [1], 0.02);
  assertAllClose([essFraction], [Math.exp(-2 * m * m)], 0.02);
  assert.ok(Math.abs(logZEstimate - logZ) < 4 * logZEstimateSe);
  assertAllClose([logZEstimateSe / Math.sqrt((Math.exp(2 * m * m) - 1) / 20_000)], [1], 0.03);
});

Deno.test("evaluateReverseKl() sees in KL and log Z, and not in ESS, that a mode is missed", async () => {
  await startEngine();
  using flow = normal();
  // Two Gaussians 40 apart, of which the flow is one: KL is log 2, and half of Z is not found.
  const { energy } = gaussian(0);
  const two = {
    energy: (x: number, y: number) =>
      -Math.log(Math.exp(-energy(x, y)) + Math.exp(-energy(x - 40, y))),
    logNormalizerNats: () => ({ value: Math.log(4 * Math.PI), error: 0 }),
  };
  const found = await evaluateReverseKl(flow, two, 1_000, new Rng(2));
  assertAllClose(
    [found.klNats, found.essFraction, found.logZ - found.logZEstimate],
    [Math.LN2, 1, Math.LN2],
    TOLERANCES.rounding,
  );
});

Deno.test("scoreDraws() works where weights overflow and underflow, and names what is not finite", () => {
  const logZ = { value: 0, error: 0 };
  const energies = Float64Array.of(2_000, -2_000, -2_000 + Math.LN2);
  const { essFraction, logZEstimate } = scoreDraws(new Float64Array(3), energies, logZ);
  // Weights 0, 1 and 1/2 times e^2000.
  assertAllClose(
    [essFraction, logZEstimate],
    [1.5 ** 2 / (3 * 1.25), 2_000 + Math.log(0.5)],
    1e-12,
  );
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const [a, b] of [[bad, 1], [1, bad]] as const) {
      assert.throws(() => scoreDraws(Float64Array.of(0, a), Float64Array.of(0, b), logZ), {
        name: "RangeError",
        message:
          `Cannot score draws as every log-density and energy must be finite: draw 1 has ${a} and ${b}`,
      });
    }
  }
});

Deno.test("evaluateReverseKl() of an untrained IAF agrees with an integral of q log (q / p) on a grid", async () => {
  await startEngine();
  using flow = createFlow("iaf", small, new Rng(3));
  perturb(flow.bijector, new Rng(3), 0.05);
  const { klNats, klSe } = await evaluateReverseKl(flow, u2, 20_000, new Rng(4));
  const { value: logZ } = u2.logNormalizerNats();
  const step = 0.05, side = 240;
  let kl = 0;
  for (let row = 0; row < side; row++) {
    const points = Array.from(
      { length: side },
      (_, column) => [(column - side / 2) * step, (row - side / 2) * step] as const,
    );
    const logProbs = tf.tidy(() => flow.logProb(tf.tensor2d(points.flat(), [side, 2])).dataSync());
    for (const [i, [x, y]] of points.entries()) {
      kl += Math.exp(logProbs[i]!) * (logProbs[i]! + u2.energy(x, y) + logZ) * step * step;
    }
  }
  assert.ok(Math.abs(klNats - kl) < 4 * klSe + TOLERANCES.integral, `${klNats}, not ${kl}`);
  assert.ok(klSe < 0.1 && kl > 1, "no test of the value");
});

for (const family of Object.keys(FAMILIES)) {
  Deno.test(`trainByReverseKl() fits ${family} to u2`, async () => {
    await startEngine();
    using flow = flowOf(family, { eventShape: [2], layers: 4, hidden: [32] }, new Rng(0));
    const test = () => evaluateReverseKl(flow, u2, 2_000, new Rng(9));
    const before = await test();
    const { steps, epochs, curve } = await trainByReverseKl(flow, u2, {
      batch: 128,
      maxSteps: 250,
      validateEvery: 50,
      learningRate: 1e-2,
      validationCount: 500,
    }, new Rng(1));
    const after = await test();
    assert.ok(before.klNats > 3, `nothing to learn: KL ${before.klNats}`);
    // A Gaussian without correlations gets no further than 1.9.
    const enough = "hidden" in FAMILIES[family]!.defaults ? 1.2 : 2;
    assert.ok(after.klNats < enough && after.klNats > -4 * after.klSe, `KL ${after.klNats}`);
    assert.deepEqual([steps, epochs, curve.length], [250, null, 5]);
  });

  Deno.test(`reverseKl() of ${family} has the gradient of finite differences, perturbed`, async () => {
    await startEngine();
    using flow = flowOf(family, { ...small, activation: "tanh" }, new Rng(0));
    perturb(flow.bijector, new Rng(5));
    const loss = () => reverseKl(flow, u2, 16, new Rng(6));
    const value = () => tf.tidy(() => loss().dataSync()[0]!);
    const trained = flow.variables.filter(({ trainable }) => trainable);
    const { value: l, grads } = tf.variableGrads(loss, trained);
    for (const [i, variable] of trained.entries()) {
      const draws = new Rng(7).split(i).normal(variable.size);
      const norm = Math.hypot(...draws);
      const direction = tf.tensor(draws.map((d) => d / norm), variable.shape);
      const slope = tf.tidy(() => tf.sum(tf.mul(grads[variable.name]!, direction)).dataSync()[0]!);
      const at = (step: number): number => {
        tf.tidy(() => variable.assign(tf.add(variable, tf.mul(step, direction))));
        return value();
      };
      const h = 3e-3;
      const measured = (at(h) - at(-2 * h)) / (2 * h);
      at(h);
      assertAllClose([slope], [measured], TOLERANCES.finiteDifference, variable.name);
      direction.dispose();
    }
    assert.ok(trained.some(({ name }) => tf.tidy(() => tf.norm(grads[name]!).dataSync()[0]! > 1)));
    tf.dispose([l, grads]);
  });
}

Deno.test("trainByReverseKl() keeps the weights of the best validation draws, the same at every look", async () => {
  await startEngine();
  using flow = createFlow("realnvp", small, new Rng(0));
  const options = {
    batch: 50,
    maxSteps: 60,
    validateEvery: 5,
    patience: 100,
    learningRate: 0.1, // So large that the loss goes up and down.
    schedule: "constant",
    validationCount: 300,
  } as const;
  const { curve, bestValidationNats } = await trainByReverseKl(flow, u2, options, new Rng(1));
  const losses = curve.map(({ validationNats }) => validationNats);
  assert.equal(bestValidationNats, Math.min(...losses));
  assert.ok(losses.at(-1)! > bestValidationNats, "the last weights were the best: no test");
  const again = await trainByReverseKl(flow, u2, {
    ...options,
    learningRate: 1e-30, // Leaves the weights as they are.
    maxSteps: 10,
  }, new Rng(1));
  const looks = again.curve.map(({ validationNats }) => validationNats);
  assert.equal(looks[0], looks[1]);
  assert.notEqual(again.curve[0]!.trainNats, again.curve[1]!.trainNats, "draws must be fresh");
});

Deno.test("trainByReverseKl() initialises from latent draws, so that samples have variance 1", async () => {
  await startEngine();
  // A logistic latent has variance pi^2 / 3.
  using flow = new Flow("logistic", new Scaling("scaling", 2), { family: "none" });
  const varianceOfSamples = () =>
    tf.tidy(() => tf.moments(flow.sample(5_000, new Rng(0))).variance.dataSync()[0]!);
  assert.ok(Math.abs(varianceOfSamples() - Math.PI ** 2 / 3) < 0.3);
  const options = { batch: 1_000, maxSteps: 1, learningRate: 1e-30 };
  await trainByReverseKl(flow, u2, options, new Rng(1));
  assert.ok(Math.abs(varianceOfSamples() - 1) < 0.1, `${varianceOfSamples()}`);
});

Deno.test("trainByReverseKl() is a function of its seed, bit for bit", async () => {
  await startEngine();
  const train = async (seed: number): Promise<number[]> => {
    using flow = createFlow("iaf", small, new Rng(seed));
    const options = { maxSteps: 20, validateEvery: 10, validationCount: 100 };
    const { curve } = await trainByReverseKl(flow, u2, options, new Rng(seed));
    const { klNats } = await evaluateReverseKl(flow, u2, 100, new Rng(0));
    return [
      klNats,
      ...curve.flatMap(({ trainNats, validationNats }) => [trainNats, validationNats]),
    ];
  };
  assert.deepEqual(await train(0), await train(0));
  assert.notDeepEqual(await train(0), await train(1));
});

Deno.test("trainByReverseKl() throws DivergenceError on an energy that is not finite", async () => {
  await startEngine();
  using flow = createFlow("nice", small, new Rng(0));
  const energies = (x: tf.Tensor): tf.Tensor1D => tf.tidy(() => tf.mul(u2.energies(x), NaN));
  await assert.rejects(
    () => trainByReverseKl(flow, { ...u2, energies }, {}, new Rng(4)),
    (error: Error) => error instanceof DivergenceError && error.step === 1,
  );
});

Deno.test("trainByReverseKl() and evaluateReverseKl() refuse counts out of range before any work", async () => {
  await startEngine();
  using flow = createFlow("nice", small, new Rng(0));
  for (const count of [0, -1, 1.5, NaN]) {
    await assert.rejects(() => trainByReverseKl(flow, u2, { validationCount: count }, new Rng(0)), {
      name: "RangeError",
      message:
        `Cannot train flow as validationCount must be an integer >= 1: current value is ${count}`,
    });
    await assert.rejects(() => evaluateReverseKl(flow, u2, count, new Rng(0)), {
      name: "RangeError",
      message: `Cannot draw from flow as count must be an integer >= 1: current value is ${count}`,
    });
  }
  await assert.rejects(() => trainByReverseKl(flow, u2, { batch: 0 }, new Rng(0)), /batch/);
});

Deno.test("evaluateReverseKl() refuses a flow that is not of the plane", async () => {
  await startEngine();
  for (const eventShape of [[1], [3], [2, 2, 1]]) {
    using flow = createFlow(eventShape.length === 1 ? "maf" : "glow", {
      eventShape,
      hidden: [4],
      layers: 1,
      ...(eventShape.length === 3 && { levels: 1 }),
    }, new Rng(0));
    await assert.rejects(() => evaluateReverseKl(flow, u2, 10, new Rng(0)), {
      name: "TypeError",
      message: /event shape \[2\]/,
    });
  }
});
