import { interpolateViridis } from "npm:d3-scale-chromatic@3.1.0";
import { encode } from "npm:fast-png@8.0.0";
import type { Box } from "../datasets/mod.ts";
import * as tf from "../engine/tf.ts";
import type { Flow } from "../flows/flow.ts";

/** Pixels along each side of a picture of a density. */
export const PLANE_SIZE = 120;

/** Values of a density at the pixels of a picture, row by row from above. */
export type Plane = Float64Array;

/** A known density over a box. */
export function planeOf(box: Box, logDensity: (x: number, y: number) => number): Plane {
  const { xs, ys } = pixels(box);
  return Float64Array.from(xs, (x, i) => Math.exp(logDensity(x, ys[i]!)));
}

/** The density of a flow over a box. */
export async function planeOfFlow(box: Box, flow: Flow): Promise<Plane> {
  const { xs, ys } = pixels(box);
  const logProb = tf.tidy(() => flow.logProb(tf.stack([tf.tensor1d(xs), tf.tensor1d(ys)], 1)));
  const values = await logProb.data();
  logProb.dispose();
  return Float64Array.from(values, Math.exp);
}

/** The points at the middles of the pixels. */
function pixels([xmin, xmax, ymin, ymax]: Box): { xs: number[]; ys: number[] } {
  const at = (from: number, to: number, i: number) => from + (to - from) * (i + 0.5) / PLANE_SIZE;
  const xs: number[] = [], ys: number[] = [];
  for (let row = 0; row < PLANE_SIZE; row++) {
    for (let column = 0; column < PLANE_SIZE; column++) {
      xs.push(at(xmin, xmax, column));
      ys.push(at(ymax, ymin, row));
    }
  }
  return { xs, ys };
}

/** The level that is drawn brightest: what lies above it is a share of 1e-3 of the pixels. */
export function brightest(plane: Plane): number {
  const sorted = plane.toSorted();
  return sorted[Math.floor(0.999 * (sorted.length - 1))]!;
}

/** A picture in perceptually even colours, dark where the density is 0; as PNG. */
export function planePng(plane: Plane, most: number): Uint8Array<ArrayBuffer> {
  const palette = Array.from({ length: 64 }, (_, i) => rgb(interpolateViridis(i / 63)));
  const level = (value: number) => Math.min(63, Math.round(63 * Math.max(0, value / most)));
  const data = Uint8Array.from(plane, level);
  const image = {
    width: PLANE_SIZE,
    height: PLANE_SIZE,
    data,
    depth: 8,
    channels: 1,
    palette,
  } as const;
  return Uint8Array.from(encode(image, { zlib: { level: 9 } }));
}

/** "#440154" as three numbers. */
function rgb(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
