/**
 * Flows that are conditional on a class: the whole suite once more, and what classes promise beyond it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import { addAll } from "../../engine/add_all.ts";
import * as tf from "../../engine/tf.ts";
import type { ConvNetwork } from "../../flows/conv_net.ts";
import { Coupling } from "../../flows/coupling.ts";
import { FAMILIES, type Flow, oneHot, VariationalDequantizer } from "../../flows/mod.ts";
import {
  INVERSIONS,
  MaskedAutoregressive,
  type MaskedAutoregressiveOptions,
} from "../../flows/masked_autoregressive.ts";
import type { ImageShape } from "../../flows/squeeze.ts";
import { variableName } from "../../flows/_variable.ts";
import { assertAllClose } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { CONDITIONAL, flowOf } from "../_families.ts";
import { classesInTurn, perturb, testBijector, testShapes } from "./bijector.ts";
import { assertIntegratesToOne, assertSameWhenLoaded, assertSamplesFollowDensity } from "./flow.ts";

const classes = 3;

for (const hidden of [[], [6, 5]]) {
  testBijector(`Coupling with classes (hidden [${hidden}])`, {
    make: (dim, rng) =>
      new Coupling("p", {
        eventShape: [dim],
        keep: "second half",
        hidden,
        activation: "relu",
        scaleMap: "tanh",
        zeroOutput: false,
        classes,
      }, rng),
    classes,
  });
}
for (const network of ["plain", "residual"] satisfies ConvNetwork[]) {
  for (const hidden of [[], [6, 5, 6]]) {
    for (const untiedBias of [false, true]) {
      const biases = untiedBias ? ", untied biases" : "";
      testShapes(`Coupling with classes over images (${network}, hidden [${hidden}]${biases})`, {
        make: (shape, rng) =>
          new Coupling("p", {
            eventShape: shape,
            keep: "first half",
            hidden,
            network,
            activation: "tanh",
            scaleMap: "tanh",
            zeroOutput: false,
            untiedBias,
            classes,
          }, rng),
        shapes: [[2, 2, 2], [3, 2, 3]] satisfies ImageShape[],
        classes,
        seeds: [0],
      });
    }
  }
}
for (const hidden of [[], [7], [16, 9]]) {
  for (const order of ["ascending", "descending"] as const) {
    for (const inversion of INVERSIONS) {
      testBijector(
        `MaskedAutoregressive with classes (hidden [${hidden}], ${order}, ${inversion})`,
        {
          make: (dim, rng) => {
            const options: MaskedAutoregressiveOptions = {
              dim,
              order,
              hidden,
              activation: "tanh",
              scaleMap: "tanh",
              inversion,
              classes,
            };
            return new MaskedAutoregressive("p", options, rng);
          },
          depends: () => (i, j) => order === "ascending" ? j <= i : j >= i,
          dims: [1, 2, 5],
          classes,
          seeds: [0],
        },
      );
    }
  }
}

/** A small flow of a family, conditional unless told otherwise. */
function make(
  family: string,
  eventShape: readonly number[],
  rng: Rng,
  options: object = {},
): Flow {
  const hidden = eventShape.length === 1 ? [8] : [6, 5, 6];
  return flowOf(family, { eventShape, layers: 2, hidden, classes, ...options }, rng);
}

/** Log-densities of the same points for each class. */
function logProbs(flow: Flow, x: tf.Tensor): Float32Array[] {
  return Array.from({ length: classes }, (_, k) => {
    const context = oneHot(new Uint8Array(x.shape[0]!).fill(k), classes);
    return flow.logProb(x, context).dataSync() as Float32Array;
  });
}

for (const family of CONDITIONAL) {
  testBijector(`${family} with classes`, {
    make: (dim, rng) => make(family, [dim], rng).bijector,
    classes,
  });

  Deno.test(`${family} with classes: the density of each class integrates to 1`, async () => {
    await startEngine();
    using flow = make(family, [2], new Rng(0));
    perturb(flow.bijector, new Rng(0).split("perturb"), 0.15);
    for (let k = 0; k < classes; k++) {
      assertIntegratesToOne(flow, { halfWidth: 25, points: 400 }, k);
    }
  });

  Deno.test(`${family} with classes: samples follow its density`, async () => {
    await startEngine();
    using flow = make(family, [2], new Rng(7));
    perturb(flow.bijector, new Rng(7).split("perturb"), 0.1);
    assertSamplesFollowDensity(flow, new Rng(7).split("samples"));
  });

  testWith(
    ["read", "write"],
    `${family} with classes saved and loaded gives the same bits`,
    async () => {
      await startEngine();
      using flow = make(family, [4], new Rng(2), { logitAlpha: 1e-3 });
      perturb(flow.bijector, new Rng(2));
      await assertSameWhenLoaded(flow);
    },
  );
}

const shapesOf = (family: string): (readonly number[])[] =>
  FAMILIES[family]!.images ? [[3], [4, 4, 1], [4, 4, 2]] : [[3]];

for (const family of Object.keys(FAMILIES)) {
  if (CONDITIONAL.includes(family)) continue;
  Deno.test(`${family} has no network, and refuses classes`, async () => {
    await startEngine();
    assert.throws(() => make(family, [3], new Rng(0)), {
      name: "RangeError",
      message: `Cannot create ${family} with classes as none of its parts takes them`,
    });
  });
}

for (const family of CONDITIONAL) {
  for (const shape of shapesOf(family)) {
    const name = `${family} with classes over [${shape}]`;

    Deno.test(`${name} is the flow without classes where V is 0, bit for bit`, async () => {
      await startEngine();
      using flow = make(family, shape, new Rng(3));
      using plain = make(family, shape, new Rng(3), { classes: undefined });
      const ofClasses = flow.variables.filter((v) => variableName(v).endsWith("/context"));
      const others = flow.variables.filter((v) => !ofClasses.includes(v));
      assert.deepEqual(plain.variables.map(variableName), others.map(variableName));
      assert.ok(ofClasses.length > 0);
      tf.tidy(() => {
        const x = tf.tensor(new Rng(4).normal(5 * flow.dim), [5, ...shape]);
        const compare = () => {
          const expected = plain.logProb(x).dataSync();
          for (const found of logProbs(flow, x)) assert.deepEqual(found, expected);
          return expected;
        };
        const before = compare();
        perturb(flow.bijector, new Rng(5), 0.05);
        perturb(plain.bijector, new Rng(5), 0.05);
        for (const kernel of ofClasses) kernel.assign(tf.zerosLike(kernel));
        assert.notDeepEqual(compare(), before);
      });
    });

    Deno.test(`${name} has another density for each class`, async () => {
      await startEngine();
      using flow = make(family, shape, new Rng(3));
      tf.tidy(() => {
        const x = tf.tensor(new Rng(4).normal(5 * flow.dim), [5, ...shape]);
        perturb(flow.bijector, new Rng(5), 0.05);
        const ofClass = logProbs(flow, x);
        for (const other of ofClass.slice(1)) {
          other.forEach((value, row) => assert.ok(Math.abs(value - ofClass[0]![row]!) > 1e-5));
        }
        // An example's density is that of its class, whatever the others are.
        const mixed = flow.logProb(x, classesInTurn(5, classes)).dataSync();
        assertAllClose(mixed, mixed.map((_, row) => ofClass[row % classes]![row]!), 1e-5, "mixed");
      });
    });
  }
}

for (const family of Object.keys(FAMILIES).filter((name) => FAMILIES[name]!.images)) {
  for (const network of ["plain", "residual"] satisfies ConvNetwork[]) {
    testShapes(`${family} with classes over images (${network})`, {
      make: (shape, rng) => make(family, shape, rng, { network }).bijector,
      shapes: [[4, 4, 1], [4, 4, 2]] satisfies ImageShape[],
      classes,
      seeds: [0],
      noise: 0.05,
    });
  }

  testWith(
    ["read", "write"],
    `${family} with classes over images saved and loaded gives the same bits`,
    async () => {
      await startEngine();
      const options = { logitAlpha: 1e-3, dequantization: "variational" };
      using flow = make(family, [4, 4, 1], new Rng(2), options);
      perturb(flow.bijector, new Rng(2), 0.05);
      await assertSameWhenLoaded(flow);
    },
  );
}

Deno.test("gradients of classes and of untied biases sum over the blocks of a batch", async () => {
  await startEngine();
  // Eight images of 16 x 16 pixels and 256 channels are a block.
  const [batch, shape] = [20, [16, 16, 2]];
  using coupling = new Coupling("p", {
    eventShape: shape,
    keep: "first half",
    hidden: [256],
    activation: "relu",
    scaleMap: null,
    zeroOutput: false,
    untiedBias: true,
    classes,
  }, new Rng(0));
  const variables = coupling.variables.slice(-2);
  assert.deepEqual(variables.map(variableName), ["p/untiedBias", "p/context"]);
  tf.tidy(() => {
    perturb(coupling, new Rng(1), 0.05);
    const x = tf.tensor(new Rng(2).normal(batch * 512), [batch, ...shape]);
    const labels = classesInTurn(batch, classes);
    const gradients = (x: tf.Tensor, labels: tf.Tensor): tf.Tensor[] => {
      const loss = () => tf.sum(tf.square(coupling.forward(x, labels).z)) as tf.Scalar;
      const { grads } = tf.variableGrads(loss, variables);
      return variables.map(({ name }) => grads[name]!);
    };
    const together = gradients(x, labels);
    const alone = Array.from(
      { length: batch },
      (_, i) => gradients(tf.slice(x, i, 1), tf.slice(labels, i, 1)),
    );
    for (const [i, name] of ["dB", "dV"].entries()) {
      const scale = tf.max(tf.abs(together[i]!));
      const wanted = addAll(alone.map((one) => one[i]!));
      const [found, expected] = [together[i]!, wanted].map((t) => tf.div(t, scale).dataSync());
      assert.ok(scale.dataSync()[0]! > 1);
      assertAllClose(found!, expected!, 1e-4, name);
    }
  });
});

Deno.test("variational dequantisation does not look at the class", async () => {
  await startEngine();
  const options = { layers: 2, hidden: [6], activation: "tanh", scaleMap: "tanh" } as const;
  using dequantizer = new VariationalDequantizer("p", [2, 2, 1], options, new Rng(0));
  assert.ok(dequantizer.variables.every((v) => !variableName(v).endsWith("/context")));
  using flow = make("glow", [4, 4, 1], new Rng(0), { dequantization: "variational" });
  const names = flow.variables.map(variableName).filter((name) => name.endsWith("/context"));
  assert.ok(names.length > 0 && names.every((name) => !name.startsWith("dequantizer")));
});
