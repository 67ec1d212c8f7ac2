import { FONT, grayDataUrl } from "./render.ts";

/** A grid of pictures of one size. */
export interface Panel {
  readonly title: string;
  /** Pixels in [0, 1], picture after picture, each row by row. */
  readonly pixels: Float32Array;
  /** [height, width] of a picture. */
  readonly size: readonly [height: number, width: number];
  /** Pictures in a row of the grid. */
  readonly columns: number;
}

/** Screen pixels of one pixel, and between two pictures. */
const ZOOM = 2, GAP = 2;
/** Whole numbers: a picture between two screen pixels would be blurred. */
const MARGIN = 16, TITLE_SIZE = 16, TEXT_SIZE = 13, LINE = 19;
/** Mean width of a letter, generously. */
const LETTER = 7;
/** Panels side by side at most. */
const ACROSS = 4;

/**
 * A page of panels under a title and lines of text, as SVG.
 *
 * @param lines Under the title; the page is wide enough for them.
 */
export function imagePage(
  title: string,
  lines: readonly string[],
  panels: readonly Panel[],
  across = ACROSS,
): string {
  const head = MARGIN + TITLE_SIZE + lines.length * LINE + 10;
  const grids = panels.map(drawGrid);
  const cell = {
    width: Math.max(...grids.map(({ width }) => width)) + MARGIN,
    height: Math.max(...grids.map(({ height }) => height)) + MARGIN + LINE + 4,
  };
  const columns = Math.min(across, panels.length);
  const longest = Math.max(...lines.map(({ length }) => length));
  const width = Math.max(columns * cell.width, Math.ceil(LETTER * longest) + MARGIN) + MARGIN;
  const height = head + Math.ceil(panels.length / columns) * cell.height + MARGIN;
  const placed = grids.map(({ url, width, height }, i) => {
    const x = MARGIN + (i % columns) * cell.width;
    const y = head + Math.floor(i / columns) * cell.height;
    return text(x, y + LINE - 4, TEXT_SIZE, panels[i]!.title) +
      `<image x="${x}" y="${y + LINE + 4}" width="${width}" height="${height}" href="${url}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="100%" height="100%" fill="white"/>` +
    text(MARGIN, MARGIN + TITLE_SIZE, TITLE_SIZE, title) +
    lines.map((line, i) => text(MARGIN, MARGIN + TITLE_SIZE + (i + 1) * LINE, TEXT_SIZE, line))
      .join("") +
    placed.join("") + "</svg>";
}

function text(x: number, y: number, size: number, content: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}">${escaped}</text>`;
}

/** White gaps, and every pixel ZOOM x ZOOM. */
function drawGrid(
  { pixels, size: [h, w], columns }: Panel,
): { url: string; width: number; height: number } {
  const count = pixels.length / (h * w);
  const rows = Math.ceil(count / columns);
  const width = columns * (w * ZOOM + GAP) - GAP;
  const height = rows * (h * ZOOM + GAP) - GAP;
  const gray = new Uint8Array(width * height).fill(255);
  for (let i = 0; i < count; i++) {
    const left = (i % columns) * (w * ZOOM + GAP);
    const top = Math.floor(i / columns) * (h * ZOOM + GAP);
    for (let y = 0; y < h * ZOOM; y++) {
      for (let x = 0; x < w * ZOOM; x++) {
        const value = pixels[(i * h + Math.floor(y / ZOOM)) * w + Math.floor(x / ZOOM)]!;
        gray[(top + y) * width + left + x] = Math.min(255, Math.max(0, Math.floor(256 * value)));
      }
    }
  }
  return { url: grayDataUrl(gray, width, height), width, height };
}
