/// <reference lib="dom" />
import { Rng } from "../../../engine/rng.ts";
import * as tf from "../../../engine/tf.ts";
import type { Flow } from "../../../flows/flow.ts";
import { colourOf } from "./colours.ts";
import { context2d, find, formatMs, pause, temperatureOf } from "./page.ts";

/** The plane shown: |x1|, |x2| < EXTENT. */
const EXTENT = 4;
/** Cells of the picture on a side, and rows of them that are computed at once. */
const CELLS = 160, ROWS = 8;
const POINTS = 1000;

/** The half of the page with a flow over the plane. */
export async function startPlane(flow: Flow): Promise<void> {
  const canvas = find<HTMLCanvasElement>("demo-plane");
  const context = context2d(canvas);
  const temperature = temperatureOf("demo-plane");
  const picture = document.createElement("canvas");
  picture.width = picture.height = CELLS;
  let points: Float32Array = new Float32Array(0);
  let shown = 0, draws = 0;

  const pixel = (x: number): number => (x / EXTENT + 1) / 2 * canvas.width;
  const draw = (): void => {
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.fillStyle = "#fff";
    context.strokeStyle = "#0008";
    for (let i = 0; i < shown; i++) {
      context.beginPath();
      context.arc(pixel(points[2 * i]!), pixel(-points[2 * i + 1]!), 2.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    const [x1, x2] = coordinates.map((input) => Number(input.value)) as [number, number];
    for (const [colour, width] of [["#000", 5], ["#fff", 2]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(pixel(x1), pixel(-x2), 9, 0, 2 * Math.PI);
      context.stroke();
    }
    context.lineWidth = 1;
  };

  const coordinates = ["demo-x1", "demo-x2"].map((id) => find<HTMLInputElement>(id));
  const showDensity = async (): Promise<void> => {
    const x = coordinates.map((input) => Number(input.value));
    const [nats] = await logProbs(flow, Float32Array.from(x));
    find<HTMLOutputElement>("demo-log-prob").value = `log p(x) = ${nats!.toFixed(4)} nats`;
    draw();
  };
  const moveTo = (event: PointerEvent): void => {
    const box = canvas.getBoundingClientRect();
    const x1 = ((event.clientX - box.left) / box.width * 2 - 1) * EXTENT;
    const x2 = (1 - (event.clientY - box.top) / box.height * 2) * EXTENT;
    for (const [i, x] of [x1, x2].entries()) coordinates[i]!.value = x.toFixed(2);
    void showDensity();
  };
  canvas.addEventListener("pointerdown", moveTo);
  canvas.addEventListener("pointermove", (event) => event.buttons === 1 && moveTo(event));
  for (const input of coordinates) input.addEventListener("input", () => void showDensity());

  const sample = async (): Promise<void> => {
    const rng = new Rng(0).split("plane").split(draws++);
    const start = performance.now();
    const x = flow.sample(POINTS, rng, { temperature: temperature() });
    points = await x.data() as Float32Array;
    const ms = performance.now() - start;
    x.dispose();
    find<HTMLOutputElement>("demo-plane-result").value = `${
      POINTS.toLocaleString("en")
    } points in ${formatMs(ms)} ms`;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const own = points;
    shown = isCalm ? POINTS : 0;
    const grow = (): void => {
      if (points !== own) return; // A later draw has taken its place.
      shown = Math.min(POINTS, shown + 25);
      draw();
      if (shown < POINTS) requestAnimationFrame(grow);
    };
    grow();
  };
  const clear = (): void => {
    points = new Float32Array(0);
    shown = 0;
    find<HTMLOutputElement>("demo-plane-result").value = "";
    draw();
  };

  await paintDensity(flow, context2d(picture), draw);
  find("demo-plane-sample").addEventListener("click", () => void sample());
  find("demo-plane-clear").addEventListener("click", clear);
  await showDensity();
}

/** log p(x), nats, of points (x1, x2). */
async function logProbs(flow: Flow, points: Float32Array): Promise<Float32Array> {
  const result = tf.tidy(() => flow.logProb(tf.tensor2d(points, [points.length / 2, 2])));
  const nats = await result.data() as Float32Array;
  result.dispose();
  return nats;
}

/** A pixel a cell, its colour by the density as a share of the highest one. */
async function paintDensity(
  flow: Flow,
  context: CanvasRenderingContext2D,
  onRows: () => void,
): Promise<void> {
  const densities = new Float64Array(CELLS * CELLS);
  const centre = (cell: number): number => ((cell + 0.5) / CELLS * 2 - 1) * EXTENT;
  for (let row = 0; row < CELLS; row += ROWS) {
    const points = new Float32Array(2 * ROWS * CELLS);
    for (let i = 0; i < ROWS * CELLS; i++) {
      points[2 * i] = centre(i % CELLS);
      points[2 * i + 1] = -centre(row + Math.floor(i / CELLS));
    }
    densities.set((await logProbs(flow, points)).map(Math.exp), row * CELLS);
    await pause();
  }
  const highest = densities.reduce((most, density) => Math.max(most, density), 0);
  const image = context.createImageData(CELLS, CELLS);
  for (const [i, density] of densities.entries()) {
    image.data.set([...colourOf(Math.sqrt(density / highest)), 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  onRows();
}
