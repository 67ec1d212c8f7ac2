import * as tf from "../../../engine/tf.ts";
import type { Bijector } from "../../../flows/bijector.ts";
import { Chain } from "../../../flows/chain.ts";
import { MaskedAutoregressive } from "../../../flows/masked_autoregressive.ts";
import { pause, SLICE_MS } from "./page.ts";

/** How far {@link sampleInTurn} is. */
export interface Progress {
  readonly passes: number;
  readonly ofPasses: number;
  /** What is known of x, [batch, dim], and of how many coordinates; null before the last layer. */
  readonly partial: { readonly x: tf.Tensor; readonly known: number } | null;
}

/** What {@link sampleInTurn} found. */
export interface InTurn {
  /** Shape [batch, dim]; the caller's. */
  readonly x: tf.Tensor;
  /** Time of the passes, without what the page did between them. */
  readonly ms: number;
  readonly passes: number;
}

/**
 * The inverse of autoregressive layers one coordinate at a time, as in the papers, with pauses in which
 * the page lives.
 *
 * @param bijector Of a flow.
 * @param z Shape [batch, dim]; borrowed.
 * @param onProgress Called at each pause; its tensor is taken back afterwards.
 * @param signal Aborts at a pause.
 * @param sliceMs Milliseconds of computing between two pauses.
 */
export async function sampleInTurn(
  bijector: Bijector,
  z: tf.Tensor,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
  sliceMs = SLICE_MS,
): Promise<InTurn> {
  const parts = partsOf(bijector);
  const count = parts.filter((part) => part instanceof MaskedAutoregressive).length;
  const ofPasses = count * z.shape[1]!;
  let passes = 0, ms = 0, start = performance.now();
  let value = tf.clone(z);
  const replaceBy = (next: tf.Tensor): void => {
    value.dispose();
    value = next;
  };
  for (const [i, part] of [...parts.entries()].reverse()) {
    if (!(part instanceof MaskedAutoregressive)) {
      replaceBy(tf.tidy(() => part.inverse(value).x));
      continue;
    }
    const latent = value, rest = parts.slice(0, i);
    const isLast = !rest.some((part) => part instanceof MaskedAutoregressive);
    value = tf.zerosLike(latent);
    for (let step = 0; step < part.eventShape[0]!; step++) {
      replaceBy(part.solveNext(latent, value, step));
      passes++;
      const now = performance.now();
      if (now - start < sliceMs) continue;
      ms += now - start;
      tf.tidy(() => {
        const partial = isLast ? { x: inverseOf(rest, value), known: step + 1 } : null;
        onProgress({ passes, ofPasses, partial });
      });
      await pause();
      if (signal.aborted) {
        tf.dispose([latent, value]);
        throw signal.reason;
      }
      start = performance.now();
    }
    latent.dispose();
  }
  return { x: value, ms: ms + performance.now() - start, passes };
}

/** The bijectors that are no chains, in the order in which data meets them. */
function partsOf(bijector: Bijector): readonly Bijector[] {
  return bijector instanceof Chain ? bijector.parts.flatMap(partsOf) : [bijector];
}

function inverseOf(parts: readonly Bijector[], z: tf.Tensor): tf.Tensor {
  return parts.reduceRight((value, part) => part.inverse(value).x, z);
}
