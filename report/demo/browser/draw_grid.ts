/// <reference lib="dom" />

/** Pixels of an image on a side. */
export const SIDE = 28;

/**
 * Draws images in gray, in rows that make a square; the canvas takes their size.
 *
 * @param levels Pixels, 0 … 255, image after image: 1, 4, 9, … of them.
 */
export function drawGrid(context: CanvasRenderingContext2D, levels: Uint8Array): void {
  const across = Math.sqrt(levels.length / SIDE ** 2);
  context.canvas.width = context.canvas.height = across * SIDE;
  for (let i = 0; i < across ** 2; i++) {
    const image = context.createImageData(SIDE, SIDE);
    for (const [at, level] of levels.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2).entries()) {
      image.data.set([level, level, level, 255], 4 * at);
    }
    context.putImageData(image, (i % across) * SIDE, Math.floor(i / across) * SIDE);
  }
}
