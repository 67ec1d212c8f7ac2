import { Adam } from "../../engine/adam.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { createFlow, type FlowOptions } from "../../flows/mod.ts";
import { type TimeConfig, type TimedOp, timeFlow } from "../time_flow.ts";

/** What is timed of each model; a product of two matrices is an operation of its own. */
export type EngineOp = TimedOp | "product";

/** A model of the engine's benchmark, under the same name in peers/torch_flows.py. */
export interface EngineModel {
  readonly name: string;
  readonly batch: number;
  readonly ops: readonly EngineOp[];
  /** Multiplications and additions of one operation, of connections that exist. */
  flops(op: EngineOp): number;
  /** Times one operation on the engine that was started. */
  time(op: EngineOp, config: TimeConfig): Promise<readonly number[]>;
}

/** The largest square product: its speed is the machine's own peak in the same run. */
const SQUARE = 1024;

/** Sizes of MNIST, and one small model that is bound by the number of operations. */
export const ENGINE_MODELS: readonly EngineModel[] = [
  square(),
  perceptron("mlp_784_1024_1024_784", [784, 1024, 1024, 784], 100),
  flow("maf_1x1024", "maf", { eventShape: [784], hidden: [1024], actnorm: false }, 100),
  flow("maf_2x1024", "maf", { eventShape: [784], hidden: [1024, 1024], actnorm: false }, 100),
  flow("nice_5x1000", "nice", { eventShape: [784], layers: 4, hidden: Array(5).fill(1000) }, 100),
  flow(
    "realnvp_2x1024",
    "realnvp",
    { eventShape: [784], hidden: [1024, 1024], actnorm: false },
    100,
  ),
  flow("realnvp_2d_2x32", "realnvp", { eventShape: [2], hidden: [32, 32], actnorm: false }, 256),
];

function flow(
  name: string,
  family: string,
  options: FlowOptions,
  batch: number,
): EngineModel {
  const create = () => createFlow(family, { layers: 5, ...options }, new Rng(0));
  return {
    name,
    batch,
    ops: ["train_step", "density", "sample"],
    flops: (op) => {
      using made = create();
      const density = made.params;
      return 2 * batch * density * (op === "train_step" ? 3 : 1);
    },
    time: async (op, config) => {
      using made = create();
      if (op === "product") throw new RangeError("A flow has no operation product");
      return (await timeFlow(made, op, batch, config, new Rng(1))).samplesMs;
    },
  };
}

/** An Adam step of squared error, forwards and backwards by TensorFlow.js alone. */
function perceptron(name: string, sizes: readonly number[], batch: number): EngineModel {
  const weights = sizes.slice(1).reduce((sum, size, k) => sum + size * sizes[k]!, 0);
  return {
    name,
    batch,
    ops: ["train_step", "density"],
    // The gradient of the input is not needed.
    flops: (op) => 2 * batch * (op === "density" ? weights : 3 * weights - sizes[0]! * sizes[1]!),
    time: async (op, config) => {
      const rng = new Rng(0);
      const x = normal(rng.split("x"), [batch, sizes[0]!]);
      const variables = sizes.slice(1).flatMap((size, k) => [
        tf.tidy(() => tf.variable(normal(rng.split(k), [sizes[k]!, size]).div(sizes[k]! ** 0.5))),
        tf.tidy(() => tf.variable(tf.zeros([size]))),
      ]);
      const loss = () => {
        let h = x;
        for (let k = 0; k < variables.length; k += 2) {
          h = h.matMul(variables[k]!).add(variables[k + 1]!);
          if (k + 2 < variables.length) h = h.relu();
        }
        return h.sub(x).square().mean() as tf.Scalar;
      };
      using adam = new Adam(variables);
      const samples = await repeat(config, async () => {
        if (op === "density") return tf.tidy(() => void loss().dataSync());
        const { value, grads } = tf.variableGrads(loss, variables);
        await adam.step(variables.map(({ name }) => grads[name]!), { learningRate: 1e-6 });
        tf.dispose([value, grads]);
      });
      tf.dispose([x, ...variables]);
      return samples;
    },
  };
}

function square(): EngineModel {
  return {
    name: `product_${SQUARE}`,
    batch: SQUARE,
    ops: ["product"],
    flops: () => 2 * SQUARE ** 3,
    time: async (_op, config) => {
      const [a, b] = [new Rng(0), new Rng(1)].map((rng) => normal(rng, [SQUARE, SQUARE]));
      const samples = await repeat(config, () => tf.tidy(() => void tf.matMul(a!, b!)));
      tf.dispose([a!, b!]);
      return samples;
    },
  };
}

async function repeat(
  config: TimeConfig,
  run: () => void | Promise<void>,
): Promise<number[]> {
  for (let i = 0; i < config.warmup; i++) await run();
  const samples: number[] = [];
  let seconds = 0;
  do {
    const start = performance.now();
    await run();
    samples.push(performance.now() - start);
    seconds += samples.at(-1)! / 1000;
  } while (
    seconds < config.maxSeconds && samples.length < config.maxRepeats &&
    (samples.length < config.minRepeats || seconds < config.minSeconds)
  );
  return samples;
}

function normal(rng: Rng, shape: number[]): tf.Tensor {
  return tf.tensor(rng.normal(tf.util.sizeFromShape(shape)), shape);
}
