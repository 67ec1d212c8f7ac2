import { gaussLegendre } from "./_gauss_legendre.ts";
import type { Box, Estimate } from "./dataset.ts";

/** Integrals over a rectangle or interval: of p, and of -p log p. */
interface Sums {
  readonly mass: number;
  readonly entropy: number;
}

/** The mean of -log p over the mass that a box may leave out, nats, about. */
const TAIL_NATS = 30;

/**
 * A value from a coarse and a fine rule. The error is their difference, which is that of the coarse
 * one, and what the missing or superfluous mass of the fine one can account for.
 */
export function estimate(coarse: Sums, fine: Sums): Estimate {
  const error = Math.abs(fine.entropy - coarse.entropy) + TAIL_NATS * Math.abs(1 - fine.mass);
  return { value: fine.entropy, error: error + 1e-12 };
}

/**
 * The entropy of a smooth density by the trapezoidal rule, which converges faster than any power
 * of the step when the density is negligible at the border.
 *
 *     H = -integral p log p
 *
 * @param logDensity Nats.
 * @param box Holds practically all of the mass.
 * @param step Of the fine grid; the coarse one has 3/2 of it.
 */
export function entropyOnGrid(
  logDensity: (x: number, y: number) => number,
  [xmin, xmax, ymin, ymax]: Box,
  step: number,
): Estimate {
  const sums = (h: number): Sums => {
    const nx = Math.ceil((xmax - xmin) / h), ny = Math.ceil((ymax - ymin) / h);
    const dx = (xmax - xmin) / nx, dy = (ymax - ymin) / ny;
    let mass = 0, entropy = 0;
    for (let i = 0; i < nx; i++) {
      for (let j = 0; j < ny; j++) {
        const logP = logDensity(xmin + (i + 0.5) * dx, ymin + (j + 0.5) * dy);
        const p = Math.exp(logP);
        if (p === 0) continue;
        mass += p;
        entropy -= p * logP;
      }
    }
    return { mass: mass * dx * dy, entropy: entropy * dx * dy };
  };
  return estimate(sums(1.5 * step), sums(step));
}

/**
 * The entropy of a density with circular symmetry about 0, by composite Gauss-Legendre quadrature.
 *
 *     H = -integral from 0 to radius of 2 pi r p(r) log p(r) dr
 *
 * @param logDensity At distance r from the centre, nats.
 * @param radius The circle that holds practically all of the mass.
 * @param step Length of a panel of the fine rule; the coarse one has 3/2 of it.
 */
export function entropyOverRadius(
  logDensity: (r: number) => number,
  radius: number,
  step: number,
): Estimate {
  const { nodes, weights } = gaussLegendre(16);
  const sums = (length: number): Sums => {
    const panels = Math.ceil(radius / length), half = radius / panels / 2;
    let mass = 0, entropy = 0;
    for (let panel = 0; panel < panels; panel++) {
      for (let i = 0; i < nodes.length; i++) {
        const r = half * (2 * panel + 1 + nodes[i]!);
        const logP = logDensity(r);
        const p = 2 * Math.PI * r * Math.exp(logP) * weights[i]! * half;
        if (p === 0) continue;
        mass += p;
        entropy -= p * logP;
      }
    }
    return { mass, entropy };
  };
  return estimate(sums(1.5 * step), sums(step));
}
