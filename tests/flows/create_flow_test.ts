import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import {
  createFlow,
  FAMILIES,
  type Flow,
  type FlowFamily,
  oneHot,
  Scaling,
} from "../../flows/mod.ts";
import { startEngine } from "../_engine.ts";

const rng = new Rng(0);

Deno.test("createFlow() resolves every option into the config", async () => {
  await startEngine();
  for (const family of Object.values(FAMILIES)) {
    using flow = createFlow(family.name, { eventShape: [3] }, rng);
    assert.deepEqual(flow.config, {
      family: family.name,
      familyVersion: family.version,
      eventShape: [3],
      logitAlpha: null,
      ...family.defaults,
    });
    assert.ok(flow.params > 0);
  }
});

Deno.test("createFlow() refuses what it cannot make, and says what to do", async () => {
  await startEngine();
  const cases: [string, Record<string, never>, RegExp][] = [
    ["mfa", { eventShape: [2] }, /RangeError: .*nice, realnvp, glow, maf, iaf.*"mfa"/],
    ["maf", { eventShape: [0] }, /RangeError: .*eventShape.*dim >= 1.*\[0\]/],
    ["maf", { eventShape: [2, 2] }, /RangeError: .*eventShape/],
    ["maf", { eventShape: [2], layers: 0 }, /RangeError: .*layers.*integer >= 1.*0/],
    ["maf", { eventShape: [2], layers: 1.5 }, /RangeError: .*layers/],
    ["maf", { eventShape: [2], layers: "5" }, /TypeError: .*layers.*a number.*"5"/],
    ["maf", { eventShape: [2], hidden: [8, -1] }, /hidden.*list of integers >= 1.*\[8,-1\]/],
    ["maf", { eventShape: [2], hidden: 8 }, /TypeError: .*hidden/],
    ["maf", { eventShape: [2], activation: "sine" }, /RangeError: .*relu, tanh.*"sine"/],
    ["maf", { eventShape: [2], depth: 3 }, /TypeError: .*no option "depth".*layers, hidden/],
    ["maf", { eventShape: [2], logitAlpha: 0.7 }, /RangeError: .*alpha.*0\.7/],
    ["maf", { eventShape: [2], logitAlpha: "1e-6" }, /TypeError: .*logitAlpha.*number.*"1e-6"/],
    [
      "maf",
      { eventShape: [2], greyLevels: "some" },
      /greyLevels.*equal or learned or shaped.*"some"/,
    ],
    ["maf", { eventShape: [2], dequantization: 1 }, /dequantization.*uniform or variational.*1/],
    ["nice", { eventShape: [1] }, /RangeError: .*dim >= 2/],
    ["maf", { eventShape: [2], classes: 0 }, /RangeError: .*classes.*integer >= 1.*0/],
    ["maf", { eventShape: [2], classes: 2.5 }, /RangeError: .*classes.*2\.5/],
    ["maf", { eventShape: [1], classes: 2 }, /RangeError: .*classes.*dim >= 2.*1/],
    ["iaf", { eventShape: [1], classes: 2 }, /RangeError: .*classes.*dim >= 2.*1/],
  ].map(([family, options, message]) => [family, options, message] as never);
  for (const [family, options, message] of cases) {
    assert.throws(() => createFlow(family, options as never, rng), (error: Error) => {
      assert.match(`${error.name}: ${error.message}`, message);
      return true;
    });
  }
  const { numTensors } = tf.memory();
  assert.throws(() => createFlow("maf", { eventShape: [2], logitAlpha: 0.7 }, rng));
  assert.equal(tf.memory().numTensors, numTensors);
});

Deno.test("createFlow() takes classes of one coordinate where no hidden layer keeps it from hearing of them", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [1], hidden: [], layers: 1, classes: 2 }, rng);
  const context = flow.variables.find(({ name }) => name.includes("context"))!;
  tf.tidy(() => context.assign(tf.tensor2d([[1, 0], [-1, 0]]))); // mu of each class.
  const [x, classes] = [tf.tensor2d([[1], [1]]), tf.tensor2d([[1, 0], [0, 1]])];
  const found = tf.tidy(() => flow.logProb(x, classes).dataSync());
  assert.ok(Math.abs(found[0]! - found[1]! - 2) < 1e-6, `${found}`); // 0^2 / 2 and 2^2 / 2.
  tf.dispose([x, classes]);
});

Deno.test("createFlow() takes a family that is not in the registry", async () => {
  await startEngine();
  const mirror: FlowFamily = {
    name: "mirror",
    version: 1,
    citation: { authors: "", title: "", year: 2026, venue: "", url: "" },
    fastDirection: "both",
    defaults: {},
    create: (dim) => ({ base: "normal", bijector: new Scaling("scaling", dim) }),
  };
  using flow = createFlow(mirror, { eventShape: [2] }, rng);
  const logProb = tf.tidy(() => flow.logProb(tf.tensor2d([[1, 2]])).dataSync()[0]!);
  assert.ok(Math.abs(logProb - (-2.5 - Math.log(2 * Math.PI))) < 1e-6);
});

Deno.test("createFlow() gives IAF the weights of the MAF of the same seed, mirrored", async () => {
  await startEngine();
  using maf = createFlow("maf", { eventShape: [4] }, rng.split("init"));
  using iaf = createFlow("iaf", { eventShape: [4] }, rng.split("init"));
  tf.tidy(() => {
    const x = tf.tensor(rng.normal(12), [3, 4]);
    const a = maf.bijector.forward(x).z.dataSync();
    const b = iaf.bijector.inverse(x).x.dataSync();
    assert.deepEqual(Array.from(a), Array.from(b));
  });
});

Deno.test("a flow with classes needs their context, and one without refuses it", async () => {
  await startEngine();
  using flow = createFlow("realnvp", { eventShape: [2], classes: 3 }, rng);
  using plain = createFlow("realnvp", { eventShape: [2] }, rng);
  assert.equal(flow.config.classes, 3);
  assert.deepEqual([flow.classes, plain.classes], [3, null]);
  assert.ok(!("classes" in plain.config));
  tf.tidy(() => {
    const [x, context] = [tf.zeros([4, 2]), oneHot([0, 1, 2, 0], 3)];
    const asked: [string, (flow: Flow, context?: tf.Tensor) => unknown][] = [
      ["logProb", (flow, context) => flow.logProb(x, context)],
      ["sample", (flow, context) => flow.sample(4, rng, { context })],
      ["sampleWithLogProb", (flow, context) => flow.sampleWithLogProb(4, rng, context)],
      ["initialize", (flow, context) => flow.initialize(x, context)],
    ];
    for (const [method, ask] of asked) {
      ask(flow, context);
      ask(plain);
      for (
        const [context, current] of [
          [undefined, "absent"],
          [oneHot([0, 1], 3), "float32 of shape \\[2, 3\\]"],
          [oneHot([0, 1, 2, 0], 4), "float32 of shape \\[4, 4\\]"],
          [tf.zeros([4, 3], "int32"), "int32 of shape \\[4, 3\\]"],
        ] as const
      ) {
        assert.throws(() => ask(flow, context), {
          name: "TypeError",
          message: new RegExp(
            `^Cannot evaluate Flow.${method} as context must be .* float32 of shape \\[4, 3\\]: ` +
              `current one is ${current}$`,
          ),
        });
      }
      assert.throws(() => ask(plain, context), {
        name: "TypeError",
        message: new RegExp(`^Cannot evaluate Flow.${method} with a context .* option classes$`),
      });
    }
  });
});

Deno.test("oneHot() marks each label, and refuses what is none", async () => {
  await startEngine();
  tf.tidy(() => {
    const context = oneHot(Uint8Array.of(2, 0), 3);
    assert.deepEqual(context.shape, [2, 3]);
    assert.deepEqual([...context.dataSync()], [0, 0, 1, 1, 0, 0]);
  });
  for (const label of [-1, 3, 0.5, NaN]) {
    assert.throws(() => oneHot([0, label], 3), {
      name: "RangeError",
      message:
        `Cannot make a context as each label must be an integer from 0 to 2: current value of ` +
        `label 1 is ${label}`,
    });
  }
});

Deno.test("a disposed flow says so", async () => {
  await startEngine();
  const flow = createFlow("glow", { eventShape: [2] }, rng);
  const x = tf.zeros([20, 2]);
  flow[Symbol.dispose]();
  for (
    const [name, evaluate] of Object.entries({
      logProb: () => flow.logProb(x),
      sample: () => flow.sample(1, rng),
      sampleWithLogProb: () => flow.sampleWithLogProb(1, rng),
      initialize: () => flow.initialize(x),
    })
  ) {
    const message = `Cannot evaluate Flow.${name} as the flow was disposed`;
    assert.throws(evaluate, { name: "Error", message });
  }
  x.dispose();
});

Deno.test("Flow.sample() refuses a count that is none", async () => {
  await startEngine();
  using flow = createFlow("realnvp", { eventShape: [2] }, rng);
  for (const count of [0, -1, 1.5, NaN]) {
    assert.throws(() => flow.sample(count, rng), { name: "RangeError" });
  }
});

Deno.test("Flow.sample() at temperature 0 is the image of the origin", async () => {
  await startEngine();
  using flow = createFlow("realnvp", { eventShape: [2] }, rng);
  tf.tidy(() => {
    const x = flow.sample(3, rng, { temperature: 0 }).dataSync();
    for (const value of x) assert.ok(value === 0);
  });
});

Deno.test("Flow.params counts what can have an influence", async () => {
  await startEngine();
  using glow = createFlow("glow", { eventShape: [5], layers: 1, hidden: [3] }, new Rng(0));
  // Actnorm 2 x 5; two triangles of 10 and a diagonal of 5; network [3, 3], [3, 4] and their biases.
  assert.equal(glow.params, 10 + 25 + 3 * 3 + 3 + 3 * 4 + 4);
  const options = { eventShape: [3], layers: 1, hidden: [4], actnorm: false };
  using maf = createFlow("maf", options, new Rng(0));
  // Hidden degrees 1, 1, 2, 2: 1 + 1 + 2 + 2 of 12 weights; outputs 2 and 3 see 2 and 4 units, twice.
  assert.equal(maf.params, 6 + 4 + 2 * (2 + 4) + 6);
});
