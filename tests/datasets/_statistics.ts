import { gaussLegendre } from "../../datasets/_gauss_legendre.ts";
import type { Box, ToyDensity } from "../../datasets/mod.ts";

type LogDensity = ToyDensity["logDensity"];

/** Mass, mean and second moments of a density in a box, by the midpoint rule. */
export function momentsOnGrid(
  logDensity: LogDensity,
  [xmin, xmax, ymin, ymax]: Box,
  step: number,
): { mass: number; moments: number[]; spreads: number[] } {
  const nx = Math.round((xmax - xmin) / step), ny = Math.round((ymax - ymin) / step);
  const dx = (xmax - xmin) / nx, dy = (ymax - ymin) / ny;
  let mass = 0;
  const sums = [0, 0, 0, 0, 0], squares = [0, 0, 0, 0, 0];
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      const x = xmin + (i + 0.5) * dx, y = ymin + (j + 0.5) * dy;
      const p = Math.exp(logDensity(x, y)) * dx * dy;
      mass += p;
      for (const [k, value] of monomials(x, y).entries()) {
        sums[k]! += p * value;
        squares[k]! += p * value * value;
      }
    }
  }
  const spreads = squares.map((square, k) => Math.sqrt(square - sums[k]! ** 2));
  return { mass, moments: sums, spreads };
}

/** x, y, x^2, xy, y^2. */
export function monomials(x: number, y: number): number[] {
  return [x, y, x * x, x * y, y * y];
}

/** Cells of a side. */
const CELLS = 32;
/** Gauss-Legendre nodes of a cell's side. */
const NODES = 5;
/** Cells that expect fewer points are pooled. */
const MIN_EXPECTED = 10;

/**
 * Pearson's chi-square test of points against a density on a grid of 32 x 32 cells; everything
 * outside, and all cells that expect fewer than 10 points, are one more cell.
 *
 * @returns The statistic as a standard normal deviate (Wilson and Hilferty 1931): 3.72 is exceeded
 *   with probability 1e-4 if the points follow the density.
 */
export function chiSquareDeviate(
  points: Float32Array,
  logDensity: LogDensity,
  [xmin, xmax, ymin, ymax]: Box,
): number {
  const count = points.length / 2;
  const dx = (xmax - xmin) / CELLS, dy = (ymax - ymin) / CELLS;
  const observed = new Float64Array(CELLS * CELLS);
  for (let i = 0; i < count; i++) {
    const column = Math.floor((points[2 * i]! - xmin) / dx);
    const row = Math.floor((points[2 * i + 1]! - ymin) / dy);
    if (column >= 0 && column < CELLS && row >= 0 && row < CELLS) observed[row * CELLS + column]!++;
  }
  const { nodes, weights } = gaussLegendre(NODES);
  let statistic = 0, cells = 0, observedRest = count, expectedRest = count;
  for (let cell = 0; cell < CELLS * CELLS; cell++) {
    const x = xmin + (cell % CELLS + 0.5) * dx, y = ymin + (Math.floor(cell / CELLS) + 0.5) * dy;
    let expected = 0;
    for (let i = 0; i < NODES; i++) {
      for (let j = 0; j < NODES; j++) {
        const logP = logDensity(x + nodes[i]! * dx / 2, y + nodes[j]! * dy / 2);
        expected += Math.exp(logP) * weights[i]! * weights[j]! * count * dx * dy / 4;
      }
    }
    if (expected < MIN_EXPECTED) continue;
    cells++;
    statistic += (observed[cell]! - expected) ** 2 / expected;
    observedRest -= observed[cell]!;
    expectedRest -= expected;
  }
  if (expectedRest > 1) {
    cells++;
    statistic += (observedRest - expectedRest) ** 2 / expectedRest;
  } else if (observedRest > 30) return Infinity;
  const degrees = cells - 1;
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(statistic / degrees) - (1 - spread)) / Math.sqrt(spread);
}
