import { type Dataset, exampleBatch, loadDataset } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { latentShapeOf } from "../../flows/bijector.ts";
import type { Flow } from "../../flows/flow.ts";
import { BASES } from "../../flows/base.ts";
import { oneHot } from "../../flows/one_hot.ts";
import { writeAtomically } from "../../engine/write_atomically.ts";
import { roundTripError } from "../evaluate_flow.ts";
import { figureNames } from "./figure_name.ts";
import { imagePage, type Panel } from "./image_page.ts";
import { drawLayers } from "./layer_figure.ts";
import { qualityCell } from "../tables/pivot.ts";
import { CONV_VARIANTS, modelName } from "../plan.ts";
import type { Record } from "../record.ts";
import { renderGrayPng } from "./render.ts";
import { loadSavedFlow, type OnSkip } from "../saved_flow.ts";
import { testNoise } from "../score.ts";

const TEMPERATURES = [0.7, 0.8, 0.9, 1] as const;

/** What figures are made of. */
interface Subject {
  readonly flow: Flow;
  readonly record: Record;
  readonly dataset: Dataset;
}

/**
 * Draws what flows make: samples of images, and of convolutional flows also interpolations and what
 * their scales hold; of flows with classes samples of each; of suite report also the plane on its way
 * through the couplings. Saved flows are read from the folder's checkpoints.
 *
 * @param records Those without a picture or without a checkpoint are passed over.
 * @param out The output folder: figures go to its folder `figures`, as PNG or SVG.
 * @param options `onSkip` hears of checkpoints that cannot be loaded.
 * @returns The files, relative to the folder.
 */
export async function writeFlowFigures(
  records: readonly Record[],
  out: string,
  { onSkip, ...options }: {
    readonly mnistDir?: string;
    readonly signal?: AbortSignal;
    readonly onSkip?: OnSkip;
  } = {},
): Promise<string[]> {
  const files: string[] = [];
  const nameOf = figureNames(records);
  for (const record of records) {
    const { run } = record;
    const pages = pagesOf(record);
    if (run.kind !== "quality" || pages.length === 0) continue;
    using flow = await loadSavedFlow(record, out, onSkip);
    if (flow === null) continue;
    const dataset = await loadDataset(run.dataset, {
      ...(run.counts && { counts: run.counts }),
      seed: run.seed,
      ...options,
    });
    for (const [what, draw] of pages) {
      options.signal?.throwIfAborted();
      const name = `figures/${nameOf(record, what)}`;
      const page = await draw({ flow, record, dataset });
      const isImage = dataset.imageShape !== null;
      const file = `${name}.${isImage ? "png" : "svg"}`;
      await writeAtomically(`${out}/${file}`, isImage ? await renderGrayPng(page) : page);
      files.push(file);
    }
  }
  return files;
}

type Draw = (subject: Subject) => Promise<string>;

/** What is drawn of a run, by name. */
function pagesOf({ run, scores, config }: Record): (readonly [string, Draw])[] {
  if (scores === null) return [];
  if (scores.space === "data") {
    const isReport = run.suite === "report" && run.family === "realnvp";
    return isReport ? [["layers", ({ flow, dataset }) => drawLayers(flow, dataset)]] : [];
  }
  if (config?.classes !== undefined) return [["classes", drawClasses]];
  if (!CONV_VARIANTS.includes(run.variant)) return [["samples", drawSamples]];
  return [
    ["samples", drawSamples],
    ["interpolation", drawInterpolations],
    ["scales", drawScales],
  ];
}

/** Samples at several temperatures, beside test images. */
async function drawSamples({ flow, record, dataset }: Subject): Promise<string> {
  const grid = { size: sizeOf(dataset), columns: 6 };
  const panels: Panel[] = [{
    ...grid,
    title: "test images",
    pixels: testImages(dataset, 36),
  }];
  for (const temperature of TEMPERATURES) {
    const rng = new Rng(0).split("figures"); // The same latents at each temperature.
    const samples = flow.sample(36, rng, { temperature });
    const pixels = await samples.data() as Float32Array;
    samples.dispose();
    panels.push({ ...grid, title: `samples, temperature ${temperature}`, pixels });
  }
  return imagePage(`Samples of ${titleOf(record)}`, captionOf(record), panels, 5);
}

/** A row of samples for each class, at two temperatures. */
async function drawClasses({ flow, record, dataset }: Subject): Promise<string> {
  const classes = flow.classes!, columns = 10;
  const labels = Array.from({ length: classes * columns }, (_, i) => Math.floor(i / columns));
  const panels: Panel[] = [];
  for (const temperature of [0.8, 1]) {
    const samples = tf.tidy(() => {
      const options = { temperature, context: oneHot(labels, classes) };
      return flow.sample(labels.length, new Rng(0).split("figures"), options);
    });
    const pixels = await samples.data() as Float32Array;
    samples.dispose();
    const title = `samples, temperature ${temperature}`;
    panels.push({ size: sizeOf(dataset), columns, title, pixels });
  }
  const lines = [
    ...captionOf(record),
    "Each row was asked for one label: 0, 1, 2, … from above. The score is of the mean of the densities for all.",
  ];
  return imagePage(`Samples by class of ${titleOf(record)}`, lines, panels);
}

const STEPS = 10;

/** From one test image to the next through latent space, on great circles. */
async function drawInterpolations({ flow, record, dataset }: Subject): Promise<string> {
  const rows = 8;
  const x = tensorOf(flow, testImages(dataset, 2 * rows));
  const error = await roundTripError(flow, x);
  const path = tf.tidy(() => {
    const z = tf.reshape(flow.bijector.forward(x).z, [rows, 2, flow.dim]);
    const [from, to] = tf.unstack(z, 1) as [tf.Tensor, tf.Tensor];
    const steps = Array.from({ length: STEPS }, (_, i) => slerp(from, to, i / (STEPS - 1)));
    const latents = tf.reshape(tf.stack(steps, 1), [rows * STEPS, ...latentShapeOf(flow.bijector)]);
    return flow.bijector.inverse(latents).x;
  });
  const pixels = await path.data() as Float32Array;
  tf.dispose([x, path]);
  const lines = [
    ...captionOf(record),
    "First and last column: test images, encoded and decoded. Between them: great circles in latent space.",
    `Largest error of coming back over the test images: ${
      error.toExponential(1)
    } of a pixel's range.`,
  ];
  const panel = { title: "", size: sizeOf(dataset), columns: STEPS, pixels };
  return imagePage(`Interpolations by ${titleOf(record)}`, lines, [panel]);
}

/** On the great circle from a to b, lengths interpolated: where latents of high dimension lie. */
function slerp(a: tf.Tensor, b: tf.Tensor, t: number): tf.Tensor {
  const [lengthA, lengthB] = [tf.norm(a, 2, 1, true), tf.norm(b, 2, 1, true)];
  const cosine = tf.div(tf.sum(tf.mul(a, b), 1, true), tf.mul(lengthA, lengthB));
  const angle = tf.acos(tf.clipByValue(cosine, -0.9999, 0.9999));
  const part = (share: number) => tf.div(tf.sin(tf.mul(share, angle)), tf.sin(angle));
  const direction = tf.add(
    tf.mul(part(1 - t), tf.div(a, lengthA)),
    tf.mul(part(t), tf.div(b, lengthB)),
  );
  return tf.mul(direction, tf.add(tf.mul(1 - t, lengthA), tf.mul(t, lengthB)));
}

/** Test images with the latents of one scale drawn anew; the coarsest is the first half of the latent. */
async function drawScales({ flow, record, dataset }: Subject): Promise<string> {
  const rows = 8, draws = 4;
  const images = testImages(dataset, rows);
  const base = BASES[flow.base];
  const grid = { size: sizeOf(dataset), columns: draws };
  const half = flow.dim / 2;
  const redrawn = async (from: number, to: number): Promise<Float32Array> => {
    const rng = new Rng(0).split("scales");
    const x = tf.tidy(() => {
      const z = flow.bijector.forward(tensorOf(flow, images)).z;
      const fresh = tf.tensor2d(base.draw(rows * draws * flow.dim, rng), [rows * draws, flow.dim]);
      const repeated = tf.reshape(tf.tile(tf.expandDims(z, 1), [1, draws, 1]), [-1, flow.dim]);
      const column = tf.range(0, flow.dim, 1, "int32");
      const isFresh = tf.logicalAnd(tf.greaterEqual(column, from), tf.less(column, to));
      return flow.bijector.inverse(tf.where(isFresh, fresh, repeated)).x;
    });
    const pixels = await x.data() as Float32Array;
    x.dispose();
    return pixels;
  };
  const panels: Panel[] = [
    { ...grid, columns: 1, title: "test", pixels: images },
    { ...grid, title: "fine scale drawn anew", pixels: await redrawn(half, flow.dim) },
    { ...grid, title: "coarse scale drawn anew", pixels: await redrawn(0, half) },
  ];
  return imagePage(`What the scales hold, ${titleOf(record)}`, captionOf(record), panels);
}

function titleOf({ run }: Record): string {
  return `${modelName(run)}, trained on ${run.dataset}`;
}

function captionOf(record: Record): string[] {
  const { run, scores, training } = record;
  return [
    `${qualityCell([record])} bits/dim on test, ${scores!.params} parameters, ` +
    `${training!.epochs?.toFixed(1)} epochs in ${Math.round(training!.trainSeconds)} s, ` +
    `profile ${run.profile}, seed ${run.seed}.`,
  ];
}

function sizeOf({ imageShape }: Dataset): readonly [number, number] {
  return [imageShape![0], imageShape![1]];
}

/** The first images of the test set, dequantised as they are scored. */
function testImages(dataset: Dataset, count: number): Float32Array {
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  return exampleBatch(dataset.splits.test, indices, testNoise(dataset.name));
}

function tensorOf(flow: Flow, pixels: Float32Array): tf.Tensor {
  return tf.tensor(pixels, [pixels.length / flow.dim, ...flow.eventShape]);
}
