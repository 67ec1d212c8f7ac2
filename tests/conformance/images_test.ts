import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { ActNorm } from "../../flows/actnorm.ts";
import { Chain } from "../../flows/chain.ts";
import type { ConvNetwork } from "../../flows/conv_net.ts";
import { Coupling } from "../../flows/coupling.ts";
import { createFlow, FAMILIES, Flatten, InvertibleLinear, Logit } from "../../flows/mod.ts";
import { Permutation } from "../../flows/permutation.ts";
import { SCALE_MAPS, type ScaleMap } from "../../flows/scale_map.ts";
import { Split } from "../../flows/split.ts";
import { type ImageShape, Squeeze, type SqueezeOrder } from "../../flows/squeeze.ts";
import { VariationalDequantizer } from "../../flows/variational_dequantizer.ts";
import { startEngine, testWith } from "../_engine.ts";
import { perturb, testShapes } from "./bijector.ts";
import { assertSameWhenLoaded } from "./flow.ts";

const SHAPES: readonly ImageShape[] = [[2, 2, 2], [3, 2, 3], [1, 5, 2], [1, 1, 2]];
/** Of several layers of convolutions: larger weights make maps that float32 cannot invert. */
const DEEP = { noise: 0.05 };

for (const order of ["rows", "checkerboard"] satisfies SqueezeOrder[]) {
  testShapes(`Squeeze (${order})`, {
    make: (shape) => new Squeeze(shape, order),
    shapes: [[2, 2, 1], [4, 2, 3]] satisfies ImageShape[],
  });
}
Deno.test("Squeeze.forward() puts the fields of a checkerboard into halves of the channels", async () => {
  await startEngine();
  // Columns of two 2 x 2 squares, two channels, the second one 10 higher.
  const x = tf.tensor([0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17], [1, 4, 2, 2]);
  const squeezed = (order: SqueezeOrder): number[] => {
    using squeeze = new Squeeze([4, 2, 2], order);
    return tf.tidy(() => Array.from(squeeze.forward(x).z.dataSync()));
  };
  const rows = [0, 10, 1, 11, 2, 12, 3, 13];
  assert.deepEqual(squeezed("rows"), [...rows, ...rows.map((value) => value + 4)]);
  const board = [0, 10, 3, 13, 1, 11, 2, 12];
  assert.deepEqual(squeezed("checkerboard"), [...board, ...board.map((value) => value + 4)]);
  x.dispose();
});

testShapes("Flatten", { make: (shape) => new Flatten(shape), shapes: SHAPES });
testShapes("Logit over images", {
  make: (shape) => new Logit(shape, 1e-3),
  shapes: SHAPES,
  data: (count, rng) => rng.uniform(count).map((u) => 0.05 + 0.9 * u),
});
/** Each pixel by itself. */
const pixelwise = ([, , channels]: ImageShape) => (i: number, j: number) =>
  Math.floor(i / channels) === Math.floor(j / channels);
testShapes("ActNorm over images", {
  make: (shape) => new ActNorm("p", shape),
  depends: () => (i, j) => i === j,
  shapes: SHAPES,
});
testShapes("InvertibleLinear over images", {
  make: (shape, rng) => new InvertibleLinear("p", shape, rng),
  depends: pixelwise,
  shapes: SHAPES,
});
testShapes("Permutation over images", {
  make: (shape, rng) => new Permutation("p", rng.permutation(shape[2]), shape),
  depends: pixelwise,
  shapes: SHAPES,
});
for (const network of ["plain", "residual"] satisfies ConvNetwork[]) {
  for (const scaleMap of [null, ...Object.keys(SCALE_MAPS) as ScaleMap[]]) {
    for (const keep of ["first half", "second half"] as const) {
      const activation = keep === "first half" ? "relu" as const : "tanh" as const;
      testShapes(`Coupling over images (${network}, ${scaleMap ?? "additive"}, keeps ${keep})`, {
        make: (shape, rng) =>
          new Coupling("p", {
            eventShape: shape,
            keep,
            hidden: network === "plain" ? [6, 5] : [6, 3, 6],
            network,
            activation,
            scaleMap,
            zeroOutput: activation === "relu",
          }, rng),
        depends: ([, , channels]) => (i, j) => {
          const half = Math.ceil(channels / 2);
          const isKept = (k: number) => (k % channels < half) === (keep === "first half");
          return i === j || !isKept(i) && isKept(j);
        },
        shapes: SHAPES,
        seeds: [0],
      });
    }
  }
}
testShapes("VariationalDequantizer", {
  make: (shape, rng) => {
    const options = { layers: 2, hidden: [6], activation: "tanh", scaleMap: "tanh" } as const;
    return new VariationalDequantizer("p", shape, options, rng);
  },
  shapes: [[2, 2, 1], [4, 2, 2]] satisfies ImageShape[],
  // In the middle of levels: off the jumps from one to the next.
  data: (count, rng) =>
    rng.uniform(count).map((u) => (Math.floor(1000 * u) % 256 + 0.1 + 0.8 * (7 * u % 1)) / 256),
  skip: [{
    reason:
      "an x that is no noise of its level is none of its domain, and 256 of its slope are a level",
    checks: ["forward undoes inverse", "gradients agree with finite differences"],
  }],
  ...DEEP,
});

Deno.test("VariationalDequantizer.forward() changes no level, and its noise has mass 1", async () => {
  await startEngine();
  const options = { layers: 4, hidden: [6], activation: "tanh", scaleMap: "tanh" } as const;
  using dequantizer = new VariationalDequantizer("p", [2, 2, 1], options, new Rng(0));
  perturb(dequantizer, new Rng(1), 0.3);
  // E_{u ~ U} [f(T(u)) |det T'(u)|] is the integral of f over the unit cube: f = 1, and f = v_1.
  const count = 20_000;
  const values = new Rng(2).uniform(4 * count).map((u, i) => ([0, 255, 3, 254][i % 4]! + u) / 256);
  const x = tf.tensor(values, [count, 2, 2, 1]);
  const { z, logDet } = dequantizer.forward(x);
  const levels = (tensor: tf.Tensor) => Array.from(tensor.dataSync(), (v) => Math.floor(256 * v));
  assert.deepEqual(levels(z), levels(x));
  assert.deepEqual(levels(dequantizer.inverse(z).x), levels(x));
  const noise = Array.from(z.dataSync(), (v) => 256 * v - Math.floor(256 * v));
  const weights = Array.from(logDet.dataSync(), Math.exp);
  const isNear = (values: number[], wanted: number): void => {
    const mean = values.reduce((a, b) => a + b) / count;
    const error = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count / count);
    assert.ok(
      Math.abs(mean - wanted) < 5 * error + 1e-3,
      `${mean} +- ${error}, expected ${wanted}`,
    );
    assert.ok(error < 0.05, `the estimate says nothing: +- ${error}`);
  };
  isNear(weights, 1);
  for (let i = 0; i < 4; i++) isNear(weights.map((w, row) => w * noise[4 * row + i]!), 0.5);
  tf.dispose([x, z, logDet]);
});

testShapes("Split", {
  make: ([height, width, channels]) => {
    const half = [height, width, channels / 2] as const;
    const parts = [new ActNorm("p", half), new Flatten(half)];
    return new Split([height, width, channels], new Chain(parts));
  },
  depends: ([height, width, channels]) => {
    const half = channels / 2, rest = height * width * half;
    /** Where latent i comes from: the first halves of all pixels, then the second ones. */
    const source = (i: number) =>
      Math.floor(i % rest / half) * channels + i % half + (i < rest ? 0 : half);
    return (i, j) => j === source(i);
  },
  shapes: [[2, 3, 2], [1, 2, 4]] satisfies ImageShape[],
});

/** Small options of a family over images. */
function small(network: ConvNetwork): Record<string, number | string | number[]> {
  return { layers: 2, hidden: network === "plain" ? [6, 5] : [6, 5, 6], network };
}

for (const family of Object.keys(FAMILIES).filter((name) => FAMILIES[name]!.images)) {
  for (const network of ["plain", "residual"] satisfies ConvNetwork[]) {
    for (const untiedBias of [false, true]) {
      const biases = untiedBias ? ", untied biases" : "";
      testShapes(`${family} over images (${network}${biases})`, {
        make: (eventShape, rng) =>
          createFlow(family, { eventShape, untiedBias, ...small(network) }, rng).bijector,
        shapes: [[4, 4, 1], [4, 4, 2]] satisfies ImageShape[],
        seeds: [0],
        ...DEEP,
      });
    }
  }

  Deno.test(`${family} over images is the same at every pixel far from the borders, and not with untied biases`, async () => {
    await startEngine();
    for (const untiedBias of [false, true]) {
      const options = { eventShape: [24, 24, 1], levels: 1, layers: 1, hidden: [5], untiedBias };
      using flow = createFlow(family, options, new Rng(3));
      perturb(flow.bijector, new Rng(4), 0.2);
      const [first, second] = tf.tidy(() => {
        const z = flow.bijector.forward(tf.ones([1, 24, 24, 1])).z.reshape([12, 12, 4]);
        return [5, 6].map((at) => Array.from(z.slice([at, at, 0], [1, 1, 4]).dataSync()));
      });
      if (untiedBias) assert.notDeepEqual(first, second);
      else assert.deepEqual(first, second);
    }
  });

  Deno.test(`${family} over images: data-dependent initialisation standardises the latent`, async () => {
    await startEngine();
    using flow = createFlow(family, { eventShape: [4, 4, 2], ...small("plain") }, new Rng(9));
    const values = new Rng(10).normal(200 * 32).map((value, i) =>
      5 * (i % 2) + (1 + i % 2) * value
    );
    const x = tf.tensor(values, [200, 4, 4, 2]);
    flow.initialize(x);
    const { mean, variance } = tf.moments(flow.bijector.forward(x).z);
    assert.ok(Math.abs(mean.dataSync()[0]!) < 0.05, `mean ${mean.dataSync()[0]}`);
    assert.ok(Math.abs(variance.dataSync()[0]! - 1) < 0.05, `variance ${variance.dataSync()[0]}`);
    tf.dispose([x, mean, variance]);
  });

  testWith(
    ["read", "write"],
    `${family} over images saved and loaded gives the same bits`,
    async () => {
      await startEngine();
      const dequantization = "variational";
      const own = { logitAlpha: 1e-3, untiedBias: true, dequantization } as const;
      const options = { eventShape: [4, 4, 1], ...own, ...small("residual") };
      using flow = createFlow(family, options, new Rng(2));
      perturb(flow.bijector, new Rng(2), DEEP.noise);
      await assertSameWhenLoaded(flow);
    },
  );

  Deno.test(`${family} over images refuses sizes that cannot be halved`, () => {
    assert.throws(() => createFlow(family, { eventShape: [6, 8, 1] }, new Rng(0)), {
      name: "RangeError",
      message: /multiples of 2\^levels = 4: current shape is \[6, 8, 1\]/,
    });
  });
}
