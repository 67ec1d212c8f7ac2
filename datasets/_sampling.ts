import type { Rng } from "../engine/rng.ts";

/** A point of the plane. */
export type Point = readonly [x: number, y: number];

/** Points drawn one by one from one stream, so that more points start with the same ones. */
export function samplePoints(
  count: number,
  rng: Rng,
  draw: (rng: Rng) => Point,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = draw(rng);
    out[2 * i] = x;
    out[2 * i + 1] = y;
  }
  return out;
}

/** Two independent numbers of N(0, 1): one pair of the polar method. */
export function normalPair(rng: Rng): Point {
  const pair = rng.normal(2);
  return [pair[0]!, pair[1]!];
}
