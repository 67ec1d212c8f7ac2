/// <reference lib="dom" />
import { installedKernels } from "../../../engine/matmul.ts";
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import { autoregressiveLayers } from "../../../flows/autoregressive_layers.ts";
import type { Flow } from "../../../flows/flow.ts";
import { context2d, find, formatMs, pause, temperatureOf } from "./page.ts";
import { type InTurn, sampleInTurn } from "./sample_in_turn.ts";
import { scoreImage } from "./score_image.ts";

const SIDE = 28;
/** Inversions of which the median time is shown: one takes as long as the clock can tell. */
const REPEATS = 15;

/** The half of the page with a flow over images. */
export async function startImages(
  flow: Flow,
  digits: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const canvas = find<HTMLCanvasElement>("demo-image");
  const context = context2d(canvas);
  const temperature = temperatureOf("demo-image");
  const [incremental, sequential, stop] = ["incremental", "sequential", "stop"].map((what) =>
    find<HTMLButtonElement>(`demo-${what}`)
  ) as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
  const progress = find<HTMLProgressElement>("demo-progress");
  const times: { incremental?: number; sequential?: number } = {};
  /** Number of the latents drawn last, and whether incremental sampling took them. */
  let draws = 0, isOpen = false;
  let abort = new AbortController();

  const latents = (): tf.Tensor => {
    const rng = new Rng(0).split("images").split(draws);
    return flow.latents(1, rng, { temperature: temperature() });
  };
  const show = async (levels: Uint8Array<ArrayBuffer>, what: string): Promise<void> => {
    drawGray(context, levels);
    const score = (await scoreImage(flow, levels)).toFixed(4);
    find<HTMLOutputElement>("demo-bits").value = `${what}: ${score} bits/dim`;
    canvas.setAttribute("aria-label", `${what}, 28 x 28 pixels, ${score} bits/dim`);
  };
  const showTime = (method: "incremental" | "sequential", ms: number, passes: number): void => {
    times[method] = ms;
    find(`demo-${method}-ms`).textContent = `${formatMs(ms)} ms`;
    find(`demo-${method}-passes`).textContent = passes.toLocaleString("en");
    if (times.incremental === undefined || times.sequential === undefined) return;
    const ratio = times.sequential / times.incremental;
    find<HTMLOutputElement>("demo-ratio").value = `Sequential takes ${
      Math.round(ratio).toLocaleString("en")
    } times as long as incremental.`;
  };

  const sampleIncremental = async (): Promise<void> => {
    draws++;
    isOpen = true;
    const z = latents();
    const all: number[] = [];
    let x = flow.bijector.inverse(z).x;
    for (let i = 0; i < REPEATS; i++) {
      x.dispose();
      const start = performance.now();
      x = tf.tidy(() => flow.bijector.inverse(z).x);
      all.push(performance.now() - start);
    }
    const passes = autoregressiveLayers(flow.bijector).reduce(
      (sum, layer) => sum + layer.passes,
      0,
    );
    showTime("incremental", all.sort((a, b) => a - b)[REPEATS >> 1]!, passes);
    await show(levelsOf(await x.data()), "Incremental sample");
    tf.dispose([x, z]);
  };
  const sampleSequential = async (): Promise<void> => {
    if (!isOpen) draws++;
    isOpen = false;
    const z = latents();
    setBusy(true);
    let found: InTurn | null = null;
    try {
      found = await sampleInTurn(flow.bijector, z, ({ passes, ofPasses, partial }) => {
        progress.value = passes / ofPasses;
        const known = partial ? levelsOf(partial.x.dataSync()).fill(0, partial.known) : null;
        drawGray(context, known ?? new Uint8Array(SIDE * SIDE));
      }, abort.signal);
      showTime("sequential", found.ms, found.passes);
      await show(levelsOf(await found.x.data()), "Sequential sample");
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      find<HTMLOutputElement>("demo-bits").value = "Stopped.";
    } finally {
      tf.dispose([z, ...(found ? [found.x] : [])]);
      setBusy(false);
    }
  };
  const setBusy = (isBusy: boolean): void => {
    abort = new AbortController();
    progress.value = 0;
    progress.hidden = !isBusy;
    stop.disabled = !isBusy;
    for (const button of [sequential, ...digitButtons]) button.disabled = isBusy;
    incremental.disabled = isBusy || !installedKernels();
    if (isBusy) stop.focus();
    else if (document.activeElement === document.body) sequential.focus();
  };

  const digitButtons = Array.from({ length: 10 }, (_, label) => {
    const levels = digits.slice(label * SIDE * SIDE, (label + 1) * SIDE * SIDE);
    const picture = document.createElement("canvas");
    picture.width = picture.height = SIDE;
    drawGray(context2d(picture), levels);
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Test image of a ${label}`);
    button.append(picture);
    button.addEventListener("click", () => void show(levels, `Test image of a ${label}`));
    find("demo-digits").append(button);
    return button;
  });
  incremental.addEventListener("click", () => void sampleIncremental());
  sequential.addEventListener("click", () => void sampleSequential());
  stop.addEventListener("click", () => abort.abort());
  setBusy(false);
  await pause();
  if (installedKernels()) await sampleIncremental();
  else {
    find("demo-incremental-ms").textContent = "not without WebAssembly";
    await show(digits.slice(0, SIDE * SIDE), "Test image of a 0");
  }
}

/** Pixels in [0, 1] as 8 bits. */
function levelsOf(x: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(x, (value) => Math.min(255, Math.max(0, Math.floor(256 * value))));
}

function drawGray(context: CanvasRenderingContext2D, levels: Uint8Array): void {
  const image = context.createImageData(SIDE, SIDE);
  for (const [i, level] of levels.entries()) image.data.set([level, level, level, 255], 4 * i);
  context.putImageData(image, 0, 0);
}
