/**
 * Every family on every backend: the same values, inverses and gradients as on cpu, and training.
 */
import assert from "node:assert/strict";
import { trainFlow } from "../../benchmarks/training/train_flow.ts";
import { reverseKl } from "../../benchmarks/training/train_by_reverse_kl.ts";
import { ENERGIES, loadDataset } from "../../datasets/mod.ts";
import { Adam } from "../../engine/adam.ts";
import { type EngineInfo, initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { latentShapeOf } from "../../flows/bijector.ts";
import { FAMILIES } from "../../flows/mod.ts";
import { classesInTurn, perturb } from "../conformance/bijector.ts";
import { CONDITIONAL, flowOf } from "../_families.ts";
import { assertClose, normal } from "./_support.ts";

/**
 * Float32 in another order of sums, through layers that divide and exponentiate; a GPU's own exp and
 * tanh are good for about 1e-5.
 */
const TOLERANCES = { "wasm": 2e-4, "wasm+blas": 2e-4, "webgpu": 2e-3 } as const;

type Backend = keyof typeof TOLERANCES;

/** Why it cannot be tested here, or "". */
async function problemOf(backend: Backend): Promise<string> {
  return await initEngine({ backend }).then(() => "", (error: Error) => error.message);
}

const OPTIONS = [
  { eventShape: [2], layers: 2, hidden: [8] },
  { eventShape: [5], layers: 3, hidden: [13, 7], activation: "tanh" },
  { eventShape: [17], layers: 2, hidden: [40] },
  { eventShape: [5], layers: 2, hidden: [11], classes: 3 },
  { eventShape: [5], layers: 2, hidden: [8], components: 5 },
] as const;

const IMAGE_OPTIONS = [
  { eventShape: [4, 4, 2], layers: 1, hidden: [6, 5], activation: "tanh" },
  { eventShape: [4, 8, 1], layers: 2, hidden: [6, 5, 6], network: "residual" },
  { eventShape: [4, 4, 1], layers: 1, hidden: [6], dequantization: "variational" },
  { eventShape: [4, 4, 1], layers: 1, hidden: [6, 5], greyLevels: "shaped", logitAlpha: 1e-3 },
  { eventShape: [4, 4, 1], layers: 1, hidden: [6, 5], classes: 3 },
  { eventShape: [4, 8, 1], layers: 1, hidden: [6, 5], untiedBias: true },
  { eventShape: [4, 4, 1], layers: 1, hidden: [6, 5], components: 3 },
] as const;

/** All that a flow computes; awaited, as a GPU is read. */
async function evaluate(
  family: string,
  options: typeof OPTIONS[number] | typeof IMAGE_OPTIONS[number],
): Promise<number[][]> {
  const rng = new Rng(3);
  using flow = flowOf(family, { ...options }, rng.split("init"));
  perturb(flow.bijector, rng.split("perturb"), flow.eventShape.length > 1 ? 0.05 : 0.2);
  const shape = [6, ...flow.eventShape];
  const x = "dequantization" in options || "greyLevels" in options
    ? tf.tensor(rng.split("x").uniform(6 * flow.dim), shape)
    : normal(rng.split("x"), shape);
  const context = flow.classes === null ? undefined : classesInTurn(6, flow.classes);
  const trained = flow.variables.filter(({ trainable }) => trainable);
  const { z, logDet } = flow.bijector.forward(x, context);
  const latent = tf.reshape(x, [6, ...latentShapeOf(flow.bijector)]);
  const back = flow.bijector.inverse(latent, context);
  const { value, grads } = tf.variableGrads(
    () => tf.mean(flow.logProb(x, context)) as tf.Scalar,
    trained,
  );
  const tensors = [z, logDet, back.x, back.logDet, value, ...trained.map((v) => grads[v.name]!)];
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([x, latent, context, ...tensors]);
  return values.map((array) => Array.from(array));
}

/** The reverse KL of a flow to an energy, and its gradient. */
async function evaluateReverse(family: string, energy: string): Promise<number[][]> {
  const rng = new Rng(4);
  using flow = flowOf(family, { ...OPTIONS[0] }, rng.split("init"));
  perturb(flow.bijector, rng.split("perturb"));
  const trained = flow.variables.filter(({ trainable }) => trainable);
  const { value, grads } = tf.variableGrads(
    () => reverseKl(flow, ENERGIES[energy]!, 50, rng.split("latents")),
    trained,
  );
  const tensors = [value, ...trained.map((v) => grads[v.name]!)];
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose(tensors);
  return values.map((array) => Array.from(array));
}

for (const backend of Object.keys(TOLERANCES) as Backend[]) {
  const problem = await problemOf(backend);
  if (problem) console.log(`Backend ${backend} is not tested: ${problem}`);
  Deno.test({
    name: `every family computes on ${backend} what it computes on cpu${
      problem && ` (${problem})`
    }`,
    ignore: problem !== "",
    fn: async (t) => {
      for (const family of Object.keys(FAMILIES)) {
        for (const options of [...OPTIONS, ...(FAMILIES[family]!.images ? IMAGE_OPTIONS : [])]) {
          const classes = "classes" in options ? ", with classes" : "";
          if (classes !== "" && !CONDITIONAL.includes(family)) continue;
          await t.step(`${family}, shape [${options.eventShape}]${classes}`, async () => {
            await initEngine({ backend: "cpu" });
            const wanted = await evaluate(family, options);
            await initEngine({ backend });
            const found = await evaluate(family, options);
            // A learned map of the noise sees 256 times the rounding of x.
            const tolerance = TOLERANCES[backend] * ("dequantization" in options ? 20 : 1);
            found.forEach((values, i) => assertClose(values, wanted[i]!, tolerance));
          });
        }
      }
    },
  });

  Deno.test({
    name: `reverse KL of every family and energy is on ${backend} what it is on cpu${
      problem && ` (${problem})`
    }`,
    ignore: problem !== "",
    fn: async () => {
      for (const family of Object.keys(FAMILIES)) {
        for (const energy of Object.keys(ENERGIES)) {
          await initEngine({ backend: "cpu" });
          const wanted = await evaluateReverse(family, energy);
          await initEngine({ backend });
          const found = await evaluateReverse(family, energy);
          found.forEach((values, i) => assertClose(values, wanted[i]!, TOLERANCES[backend]));
        }
      }
    },
  });

  Deno.test({
    name: `Adam.step() measures the norm of many gradients on ${backend}${
      problem && ` (${problem})`
    }`,
    ignore: problem !== "",
    fn: async () => {
      await initEngine({ backend });
      const sizes = Array.from({ length: 20 }, (_, i) => i + 1);
      const variables = sizes.map((size) => tf.tidy(() => tf.variable(tf.zeros([size]))));
      const gradients = sizes.map((size) => tf.fill([size], size));
      {
        using adam = new Adam(variables);
        const { gradientNorm } = await adam.step(gradients, { learningRate: 0.1 });
        assertClose([gradientNorm], [Math.hypot(...sizes.map((size) => size ** 1.5))], 1e-6);
      }
      tf.dispose([...variables, ...gradients]);
    },
  });

  Deno.test({
    name: `every family trains on ${backend}${problem && ` (${problem})`}`,
    ignore: problem !== "",
    fn: async () => {
      const info: EngineInfo = await initEngine({ backend });
      assert.equal(info.backend, backend);
      const { splits } = await loadDataset("moons", {
        counts: { train: 500, validation: 100, test: 100 },
      });
      for (const family of Object.keys(FAMILIES)) {
        using flow = flowOf(family, { eventShape: [2], layers: 2, hidden: [16] }, new Rng(0));
        const { curve } = await trainFlow(flow, splits, {
          batch: 100,
          maxSteps: 20,
          validateEvery: 10,
          learningRate: 0.01,
        }, new Rng(1));
        // One without networks has nothing to learn after its initialisation from data.
        const slack = CONDITIONAL.includes(family) ? 0 : 0.05;
        const [first, last] = [curve[0]!.validationNats, curve[1]!.validationNats];
        assert.ok(last < first + slack, `${family} does not learn`);
      }
    },
  });
}
await initEngine({ backend: "cpu" });
