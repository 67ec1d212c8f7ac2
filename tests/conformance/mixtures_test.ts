import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { Coupling } from "../../flows/coupling.ts";
import { createFlow, FAMILIES, type Flow } from "../../flows/mod.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { perturb, testBijector, testShapes } from "./bijector.ts";
import { assertIntegratesToOne, assertSameWhenLoaded, assertSamplesFollowDensity } from "./flow.ts";

/** Families whose couplings can be mixtures. */
const MIXED = [FAMILIES.realnvp!, FAMILIES.glow!];

for (const { name, images } of MIXED) {
  const options = {
    layers: 3,
    hidden: [8],
    components: 3,
    scaleMap: "exp",
    base: "logistic",
  } as const;
  const make = (dim: number, rng: Rng): Flow =>
    createFlow(name, { eventShape: [dim], ...options }, rng);
  testBijector(`${name} of mixtures`, { make: (dim, rng) => make(dim, rng).bijector });

  Deno.test(`${name} of mixtures integrates to 1, untrained and perturbed`, async () => {
    await startEngine();
    using flow = make(2, new Rng(0));
    // The tails of a logistic distribution are long.
    assertIntegratesToOne(flow, { halfWidth: 40, points: 500 });
    perturb(flow.bijector, new Rng(1), 0.15);
    assertIntegratesToOne(flow, { halfWidth: 40, points: 500 });
  });

  Deno.test(`${name} of mixtures has samples that follow its density`, async () => {
    await startEngine();
    using flow = make(2, new Rng(7));
    perturb(flow.bijector, new Rng(8), 0.1);
    assertSamplesFollowDensity(flow, new Rng(9));
  });

  testWith(
    ["read", "write"],
    `${name} of mixtures saved and loaded gives the same bits`,
    async () => {
      await startEngine();
      using flow = make(4, new Rng(2));
      perturb(flow.bijector, new Rng(2));
      await assertSameWhenLoaded(flow);
    },
  );

  if (!images) continue;
  Deno.test(`${name} of mixtures takes images and gives them back`, async () => {
    await startEngine();
    const config = { eventShape: [4, 4, 1], levels: 2, layers: 2, hidden: [4], components: 3 };
    using flow = createFlow(name, config, new Rng(3));
    perturb(flow.bijector, new Rng(4), 0.05);
    tf.tidy(() => {
      const x = tf.tensor(new Rng(5).normal(5 * 16), [5, 4, 4, 1]);
      const { z, logDet } = flow.bijector.forward(x);
      const back = flow.bijector.inverse(z);
      assertAllClose(back.x.dataSync(), x.dataSync(), TOLERANCES.roundTrip, "x");
      assertAllClose(tf.neg(back.logDet).dataSync(), logDet.dataSync(), TOLERANCES.roundTrip);
    });
  });
}

testShapes("Coupling over images (5 components)", {
  make: (shape, rng) =>
    new Coupling("p", {
      eventShape: shape,
      keep: "second half",
      hidden: [6, 5],
      activation: "relu",
      scaleMap: "tanh",
      components: 5,
      zeroOutput: true,
    }, rng),
  shapes: [[3, 2, 3], [1, 1, 2]],
  seeds: [0],
});

Deno.test("Coupling refuses components without a scale", () => {
  const options = { eventShape: [2], keep: "first half", hidden: [], activation: "relu" } as const;
  assert.throws(
    () =>
      new Coupling(
        "p",
        { ...options, scaleMap: null, components: 3, zeroOutput: true },
        new Rng(0),
      ),
    {
      name: "RangeError",
      message: /components must be 1 without a scale map: current value is 3$/,
    },
  );
});
