import assert from "node:assert/strict";
import { Training } from "../../../benchmarks/training/_training.ts";
import { trainConfig } from "../../../benchmarks/training/train_config.ts";
import { Rng } from "../../../engine/rng.ts";
import type * as tf from "../../../engine/tf.ts";
import { variableName } from "../../../flows/_variable.ts";
import { createFlow } from "../../../flows/mod.ts";
import { startEngine } from "../../_engine.ts";

Deno.test("Training by Muon steps the kernels of networks as matrices, and nothing else", async () => {
  await startEngine();
  const image = { eventShape: [4, 4, 1], levels: 2, layers: 2, hidden: [6, 5], untiedBias: true };
  for (
    const [family, options, shapes] of [
      ["nice", { eventShape: [4], layers: 2, hidden: [3] }, ["2,2,3", "2,3,2"]],
      // Mixing, permutations, actnorm, biases, also untied, and grey levels are Adam's.
      [
        "glow",
        { ...image, greyLevels: "shaped", logitAlpha: 1e-3 },
        // Level 0: 2 layers and a prior, of 2 channels; level 1: 2 layers, of 4.
        ["2,18,6", "4,6,5", "2,45,4", "1,18,4", "2,36,6", "2,45,8"],
      ],
    ] as const
  ) {
    using flow = createFlow(family, options, new Rng(0));
    using training = new Training(flow, trainConfig({ optimizer: "muon" }));
    const isKernel = (variable: tf.Variable) => /\/kernel\d$/.test(variableName(variable));
    const others = training.trained.filter((variable) => !isKernel(variable));
    const { moments } = training.optimizer;
    // Two of each variable that Adam steps, then one of all matrices of a shape.
    const ofAdam = [...others, ...others].map(({ shape }) => shape);
    assert.deepEqual(moments.slice(0, ofAdam.length).map(({ shape }) => shape), ofAdam);
    const ofMuon = moments.slice(ofAdam.length).map(({ shape }) => String(shape));
    assert.deepEqual(ofMuon.toSorted(), shapes.toSorted(), family);
  }
});

Deno.test("Training by Muon refuses a flow that has only masked kernels", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [3], layers: 1, hidden: [4] }, new Rng(0));
  assert.throws(() => new Training(flow, trainConfig({ optimizer: "muon" })), {
    name: "RangeError",
    message: "Cannot train flow as optimizer muon needs networks without masks: maf has none",
  });
});
