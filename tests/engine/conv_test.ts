import { conv, convGradients, type ConvLayer } from "../../engine/conv.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertClose, kernelsTest, normal } from "./_support.ts";

interface Case {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  /** 1 or 3. */
  readonly size: number;
}

/** One of each kind, and odd and prime sizes at random; more outputs than inputs, and fewer. */
const CASES: readonly Case[] = [
  { batch: 1, height: 1, width: 1, inputs: 1, outputs: 1, size: 3 },
  { batch: 1, height: 1, width: 5, inputs: 3, outputs: 2, size: 3 },
  { batch: 2, height: 7, width: 1, inputs: 2, outputs: 3, size: 3 },
  { batch: 40, height: 14, width: 14, inputs: 8, outputs: 33, size: 3 },
  { batch: 23, height: 14, width: 14, inputs: 33, outputs: 8, size: 3 },
  { batch: 3, height: 5, width: 4, inputs: 7, outputs: 9, size: 1 },
  ...Array.from({ length: 12 }, (_, i) => {
    const rng = new Rng(i);
    const [batch, height, width, inputs, outputs] = Array.from(
      { length: 5 },
      () => 1 + Math.floor(13 * rng.next()),
    );
    return {
      batch: batch!,
      height: height!,
      width: width!,
      inputs: inputs!,
      outputs: outputs!,
      size: 3,
    };
  }),
];

/** Sums of some thousand products of standard normals, relative to those that come out large. */
const TOLERANCE = 5e-4;

/** The layer and its gradients, by `conv`. */
function evaluate(options: Case, activation: ConvLayer["activation"]): number[][] {
  return tf.tidy(() => {
    const { x, delta, layer } = inputsOf(options, activation);
    const { dx, dKernel, dBias } = convGradients(x, delta, layer, activation);
    return [conv(x, layer), dx, dKernel, dBias].map((t) => Array.from(t.dataSync()));
  });
}

/** The same by TensorFlow.js's convolution and its own gradients. */
function expected(options: Case, activation: ConvLayer["activation"]): number[][] {
  const { inputs, outputs, size } = options;
  const act = (y: tf.Tensor) =>
    activation === "linear" ? y : activation === "relu" ? tf.relu(y) : tf.tanh(y);
  return tf.tidy(() => {
    const { x, delta, layer } = inputsOf(options, activation);
    const filter = tf.reshape<tf.Rank.R4>(layer.kernel, [size, size, inputs, outputs]);
    const sums = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) =>
      tf.add(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"), bias);
    const [dx, dFilter, dBias] = tf.grads(sums)([x, filter, layer.bias], delta);
    // x stands for what an activation made of something: relu's slope is 1 or 0, that of tanh 1 - x^2.
    const slope = activation === "linear"
      ? tf.onesLike(x)
      : activation === "relu"
      ? tf.cast(tf.greater(x, 0), "float32")
      : tf.sub(1, tf.square(x));
    return [act(sums(x, filter, layer.bias)), tf.mul(dx!, slope), dFilter!, dBias!]
      .map((t) => Array.from(t.dataSync()));
  });
}

function inputsOf(
  { batch, height, width, inputs, outputs, size }: Case,
  activation: ConvLayer["activation"],
): { x: tf.Tensor; delta: tf.Tensor; layer: ConvLayer } {
  const rng = new Rng(1);
  return {
    x: normal(rng.split("x"), [batch, height, width, inputs]),
    delta: normal(rng.split("delta"), [batch, height, width, outputs]),
    layer: {
      kernel: normal(rng.split("kernel"), [size * size * inputs, outputs]),
      bias: normal(rng.split("bias"), [outputs]),
      activation,
    },
  };
}

await initEngine({ backend: "cpu" });
const reference = CASES.map((options, i) => {
  const activation = (["linear", "relu", "tanh"] as const)[i % 3]!;
  return { options, activation, wanted: expected(options, activation) };
});

kernelsTest("conv() and its gradients are those of TensorFlow.js's conv2d on cpu", () => {
  for (const { options, activation, wanted } of reference) {
    evaluate(options, activation).forEach((values, i) =>
      assertClose(values, wanted[i]!, TOLERANCE)
    );
  }
});

Deno.test("conv() by operations on cpu, and its gradients, are those of conv2d", async () => {
  await initEngine({ backend: "cpu" });
  for (const { options, activation, wanted } of reference) {
    evaluate(options, activation).forEach((values, i) =>
      assertClose(values, wanted[i]!, TOLERANCE)
    );
  }
});
