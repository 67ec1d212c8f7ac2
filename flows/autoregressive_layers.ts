import type { Bijector } from "./bijector.ts";
import { Chain } from "./chain.ts";
import { Inverted } from "./inverted.ts";
import { MaskedAutoregressive } from "./masked_autoregressive.ts";

/**
 * The masked autoregressive layers of a bijector, in the order in which data meet them: what
 * `inversion` can be chosen for, and `passes` be asked of.
 */
export function autoregressiveLayers(bijector: Bijector): MaskedAutoregressive[] {
  if (bijector instanceof MaskedAutoregressive) return [bijector];
  if (bijector instanceof Inverted) return autoregressiveLayers(bijector.inner).reverse();
  if (bijector instanceof Chain) return bijector.parts.flatMap(autoregressiveLayers);
  return [];
}
