/** Nodes and weights of a quadrature rule. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss-Legendre quadrature on [-1, 1], exact for polynomials of degree 2 n - 1.
 *
 *     weight_i = 2 / ((1 - x_i^2) P_n'(x_i)^2),   P_n(x_i) = 0
 *
 * Source: Abramowitz and Stegun 1964, 25.4.29; the roots by Newton's method from Chebyshev's.
 *
 * @param n Number of nodes.
 */
export function gaussLegendre(n: number): Quadrature {
  const nodes = new Float64Array(n), weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = -Math.cos(Math.PI * (i + 0.75) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < 8; round++) {
      let previous = 0, current = 1;
      for (let k = 1; k <= n; k++) {
        [previous, current] = [current, ((2 * k - 1) * x * current - (k - 1) * previous) / k];
      }
      slope = n * (x * current - previous) / (x * x - 1);
      x -= current / slope;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
