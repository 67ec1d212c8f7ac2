/** Milliseconds of computing between two chances for timers, signals and the progress bar. */
const INTERVAL_MS = 200;

let last = 0;

/**
 * Lets the event loop run, a few times a second: long computations are synchronous, and a Ctrl-C
 * is delivered only here.
 *
 * @param signal Aborted: its reason is thrown.
 * @returns Whether it was time.
 */
export async function breathe(signal?: AbortSignal): Promise<boolean> {
  if (performance.now() - last < INTERVAL_MS) return false;
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
  last = performance.now();
  return true;
}
