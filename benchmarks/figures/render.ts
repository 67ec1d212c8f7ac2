import { initWasm, Resvg } from "npm:@resvg/resvg-wasm@2.6.2";
// Puts the font into the module graph, where its file is found.
import "npm:dejavu-fonts-ttf@2.37.3/package.json" with { type: "json" };
import { encode } from "npm:fast-png@8.0.0";

/** The font of {@link renderPng}. */
export const FONT = "DejaVu Sans";

let started: Promise<Uint8Array> | undefined;

/** Draws an SVG in gray as a PNG of its own size, with one font, the same on every machine. */
export async function renderGrayPng(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  started ??= start();
  const fontBuffers = [await started];
  const resvg = new Resvg(svg, { font: { fontBuffers, defaultFontFamily: FONT } });
  const { pixels, width, height } = resvg.render();
  return encodeGray(
    Uint8Array.from({ length: width * height }, (_, i) => pixels[4 * i]!),
    width,
    height,
  );
}

async function start(): Promise<Uint8Array> {
  const read = (file: string) => Deno.readFile(new URL(import.meta.resolve(file)));
  await initWasm(await read("npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm"));
  return await read("npm:dejavu-fonts-ttf@2.37.3/ttf/DejaVuSans.ttf");
}

/** A picture in gray levels 0 … 255, row by row, as a data URL of a PNG. */
export function grayDataUrl(gray: Uint8Array, width: number, height: number): string {
  return `data:image/png;base64,${encodeGray(gray, width, height).toBase64()}`;
}

function encodeGray(data: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const png = encode({ width, height, data, channels: 1, depth: 8 }, { zlib: { level: 9 } });
  return Uint8Array.from(png);
}
