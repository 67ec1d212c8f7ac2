/// <reference lib="dom" />
/**
 * What both halves of the page do with its elements.
 *
 * @module
 */

/** The element of the page with this id. */
export function find<Element extends HTMLElement>(id: string): Element {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Cannot start the demo as the page has no element #${id}`);
  return element as Element;
}

/** A canvas to draw on, and its context. */
export function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("Cannot start the demo as the browser draws no pictures");
  return context;
}

/** The temperature of a slider; the number beside it follows. */
export function temperatureOf(name: string): () => number {
  const slider = find<HTMLInputElement>(`${name}-temperature`);
  const output = find<HTMLOutputElement>(`${name}-temperature-value`);
  const show = (): void => void (output.value = Number(slider.value).toFixed(2));
  slider.addEventListener("input", show);
  show();
  return () => Number(slider.value);
}

/** Milliseconds of computing after which the page gets its turn. */
export const SLICE_MS = 12;

/** Lets the browser draw and answer. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Three digits, as people read times. */
export function formatMs(ms: number): string {
  return ms >= 100 ? String(Math.round(ms)) : ms.toPrecision(3);
}
