import { gaussLegendre } from "./_gauss_legendre.ts";
import type { Point } from "./_sampling.ts";

/** A piece of a curve along which points are distributed. */
export interface CurvePiece {
  readonly from: number;
  readonly to: number;
  /** The curve at parameter t. */
  point(t: number): Point;
  /** Probability density of the parameter; the pieces of a curve integrate to 1 together. */
  density(t: number): number;
}

/** A short stretch of curve as a weighted set of points: quadrature nodes. */
export interface Panel {
  readonly points: readonly Point[];
  readonly logWeights: readonly number[];
}

/** The density of noise in the plane. */
export interface Noise {
  /** Log-density at a displacement, nats. */
  log(dx: number, dy: number): number;
  /** An upper bound of `log` at this distance and farther. */
  logAtMost(distance: number): number;
}

/** Nodes of one panel. */
const NODES = 12;

/** Panels so far below the largest term, in nats, are left out: less than the rounding error. */
const NEGLIGIBLE = 40;

/**
 * Composite Gauss-Legendre quadrature along a curve: panels are halved until none is longer than
 * `longest`. With two standard deviations of Gaussian noise a panel, the relative error of the
 * density is below 1e-9 up to ten standard deviations away from the curve.
 */
export function curvePanels(pieces: readonly CurvePiece[], longest: number): Panel[] {
  const { nodes, weights } = gaussLegendre(NODES);

  const split = (piece: CurvePiece, a: number, b: number, depth: number): Panel[] => {
    const { point, density } = piece;
    const middle = (a + b) / 2, half = (b - a) / 2;
    const length = distance(point(a), point(middle)) + distance(point(middle), point(b));
    // The first halvings are unconditional: a chord says little about a long arc.
    if (depth < 3 || length > longest) {
      return [...split(piece, a, middle, depth + 1), ...split(piece, middle, b, depth + 1)];
    }
    const parameters = Array.from(nodes, (node) => middle + half * node);
    return [{
      points: parameters.map(point),
      logWeights: parameters.map((t, i) => Math.log(weights[i]! * half * density(t))),
    }];
  };
  return pieces.flatMap((piece) => split(piece, piece.from, piece.to, 0));
}

/**
 * The log-density of a point of the curve plus independent noise.
 *
 *     log p(x, y) = log sum_i w_i noise(x - x_i, y - y_i)
 */
export function curveMixture(
  panels: readonly Panel[],
  noise: Noise,
): (x: number, y: number) => number {
  const stretches = panels.map(({ points, logWeights }) => {
    const center = points[points.length >> 1]!;
    return {
      xs: Float64Array.from(points, ([x]) => x),
      ys: Float64Array.from(points, ([, y]) => y),
      logWeights: Float64Array.from(logWeights),
      logMass: Math.log(logWeights.reduce((sum, logWeight) => sum + Math.exp(logWeight), 0)),
      center,
      radius: Math.max(...points.map((point) => distance(point, center))),
    };
  });
  const bounds = new Float64Array(stretches.length);

  return (x, y) => {
    let nearest = 0;
    for (let k = 0; k < bounds.length; k++) {
      const { center, radius, logMass } = stretches[k]!;
      const dx = x - center[0], dy = y - center[1];
      const gap = Math.sqrt(dx * dx + dy * dy) - radius;
      bounds[k] = logMass + noise.logAtMost(gap > 0 ? gap : 0);
      if (bounds[k]! > bounds[nearest]!) nearest = k;
    }
    // Sum relative to the largest term so far, the most promising panel first.
    let largest = -Infinity, sum = 0;
    const add = (k: number): void => {
      const { xs, ys, logWeights } = stretches[k]!;
      for (let i = 0; i < xs.length; i++) {
        const term = logWeights[i]! + noise.log(x - xs[i]!, y - ys[i]!);
        if (term <= largest) sum += Math.exp(term - largest);
        else {
          sum = sum * Math.exp(largest - term) + 1;
          largest = term;
        }
      }
    };
    add(nearest);
    for (let k = 0; k < bounds.length; k++) {
      if (k !== nearest && bounds[k]! > largest - NEGLIGIBLE) add(k);
    }
    return largest + Math.log(sum);
  };
}

function distance(p: Point, q: Point): number {
  return Math.hypot(p[0] - q[0], p[1] - q[1]);
}
