/// <reference lib="dom" />
import { installedKernels } from "../../../engine/matmul.ts";
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import { autoregressiveLayers } from "../../../flows/autoregressive_layers.ts";
import type { Flow } from "../../../flows/flow.ts";
import { drawGrid, SIDE } from "./draw_grid.ts";
import { context2d, find, formatMs, temperatureOf } from "./page.ts";
import { type InTurn, sampleInTurn } from "./sample_in_turn.ts";
import { scoreImages } from "./score_images.ts";

/** Images drawn at once. */
const COUNT = 9;
/** Incremental inversions of which the median is shown, and milliseconds that all may take. */
const REPEATS = 15, REPEATS_MS = 300;

/** The half of the page with a flow over images. */
export async function startImages(flow: Flow, digits: Uint8Array<ArrayBuffer>): Promise<void> {
  const canvas = find<HTMLCanvasElement>("demo-image");
  const bits = find<HTMLOutputElement>("demo-bits");
  const temperature = temperatureOf("demo-image");
  const [incremental, sequential, stop] = ["incremental", "sequential", "stop"].map((what) =>
    find<HTMLButtonElement>(`demo-${what}`)
  ) as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
  const progress = find<HTMLProgressElement>("demo-progress");
  const times: { incremental?: number; sequential?: number } = {};
  /** Number of the latents drawn last, and whether incremental sampling alone had them. */
  let draws = 0, isOpen = false;
  let abort = new AbortController();

  const latents = (): tf.Tensor => {
    const rng = new Rng(0).split("images").split(draws);
    return flow.latents(COUNT, rng, { temperature: temperature() });
  };
  const show = async (levels: Uint8Array<ArrayBuffer>, what: string): Promise<void> => {
    drawGrid(context2d(canvas), levels);
    const scores = await scoreImages(flow, levels);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const range = [Math.min(...scores), Math.max(...scores)].map((score) => score.toFixed(2));
    const spread = scores.length > 1 ? ` on average, ${range.join(" to ")}` : "";
    bits.value = `${what}: ${mean.toFixed(4)} bits/dim${spread}`;
    canvas.setAttribute("aria-label", bits.value);
  };
  const showTime = (method: "incremental" | "sequential", ms: number, passes: number): void => {
    times[method] = ms;
    find(`demo-${method}-ms`).textContent = `${formatMs(ms / COUNT)} ms`;
    find(`demo-${method}-passes`).textContent = passes.toLocaleString("en");
    if (times.incremental === undefined || times.sequential === undefined) return;
    const ratio = Math.round(times.sequential / times.incremental).toLocaleString("en");
    find<HTMLOutputElement>("demo-ratio").value =
      `Sequential takes ${ratio} times as long as incremental.`;
  };

  const sampleIncremental = async (): Promise<void> => {
    draws++;
    isOpen = true;
    const z = latents();
    const all: number[] = [];
    const invert = (): tf.Tensor => tf.tidy(() => flow.bijector.inverse(z).x);
    let x = invert();
    for (const begin = performance.now(); all.length < REPEATS;) {
      x.dispose();
      const start = performance.now();
      x = invert();
      all.push(performance.now() - start);
      if (performance.now() - begin > REPEATS_MS) break;
    }
    const median = all.sort((a, b) => a - b)[all.length >> 1]!;
    const layers = autoregressiveLayers(flow.bijector);
    showTime("incremental", median, layers.reduce((sum, { passes }) => sum + passes, 0));
    await show(levelsOf(await x.data()), "Incremental samples");
    tf.dispose([x, z]);
  };
  const sampleSequential = async (): Promise<void> => {
    if (!isOpen) draws++;
    isOpen = false;
    const z = latents();
    setBusy(true);
    bits.value = "Sampling, one pixel after the other …";
    let found: InTurn | null = null;
    try {
      found = await sampleInTurn(flow.bijector, z, ({ passes, ofPasses, partial }) => {
        progress.value = passes / ofPasses;
        const known = new Uint8Array(COUNT * flow.dim);
        const levels = partial ? levelsOf(partial.x.dataSync()) : known;
        for (let from = 0; partial && from < known.length; from += flow.dim) {
          known.set(levels.subarray(from, from + partial.known), from);
        }
        drawGrid(context2d(canvas), known);
      }, abort.signal);
      showTime("sequential", found.ms, found.passes);
      await show(levelsOf(await found.x.data()), "Sequential samples");
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      bits.value = "Stopped.";
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
    // Who works with the keyboard is not to lose their place to a button that is disabled.
    if (isBusy) stop.focus();
    else if (document.activeElement === document.body) sequential.focus({ preventScroll: true });
  };

  const digitButtons = Array.from({ length: 10 }, (_, label) => {
    const levels = digits.slice(label * SIDE * SIDE, (label + 1) * SIDE * SIDE);
    const picture = document.createElement("canvas");
    drawGrid(context2d(picture), levels);
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
  sequential.disabled = false;
  incremental.disabled = !installedKernels();
  if (installedKernels()) return await sampleIncremental();
  find("demo-incremental-ms").textContent = "needs WebAssembly with SIMD";
  await show(digits.slice(0, SIDE * SIDE), "Test image of a 0");
}

/** Pixels in [0, 1] as 8 bits. */
function levelsOf(x: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(x, (value) => Math.min(255, Math.max(0, Math.floor(256 * value))));
}
