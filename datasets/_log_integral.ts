import { gaussLegendre } from "./_gauss_legendre.ts";
import type { Box, Estimate } from "./dataset.ts";

/** Relative mass that a box may leave out. */
const TAIL = 1e-9;

/**
 * The log of an integral over the plane by composite Gauss-Legendre quadrature.
 *
 *     log integral exp(-energy(x, y)) dx dy
 *
 * The error is the difference of rules of 8 and 12 nodes, which is that of the coarse one, and what
 * the box leaves out.
 *
 * @param energy Nats; bounded below by a small number, so that no exponential overflows.
 * @param box Holds all but 1e-9 of the integral.
 * @param panel Length of a panel's sides. Kinks of the energy should lie on their borders.
 */
export function logIntegral(
  energy: (x: number, y: number) => number,
  [xmin, xmax, ymin, ymax]: Box,
  panel: number,
): Estimate {
  const byNodes = (nodes: number): number => {
    const xs = composite(xmin, xmax, panel, nodes), ys = composite(ymin, ymax, panel, nodes);
    let sum = 0;
    for (const { at: x, weight: wx } of xs) {
      for (const { at: y, weight: wy } of ys) sum += wx * wy * Math.exp(-energy(x, y));
    }
    return Math.log(sum);
  };
  const coarse = byNodes(8), value = byNodes(12);
  return { value, error: Math.abs(value - coarse) + TAIL };
}

/** The nodes of a composite rule on [from, to]. */
function composite(
  from: number,
  to: number,
  panel: number,
  count: number,
): { readonly at: number; readonly weight: number }[] {
  const { nodes, weights } = gaussLegendre(count);
  const panels = Math.ceil((to - from) / panel), half = (to - from) / panels / 2;
  return Array.from({ length: panels * count }, (_, i) => ({
    at: from + half * (2 * Math.floor(i / count) + 1 + nodes[i % count]!),
    weight: half * weights[i % count]!,
  }));
}
