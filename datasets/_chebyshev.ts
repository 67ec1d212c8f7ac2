/** Degree of each polynomial. */
const DEGREE = 12;

/**
 * A smooth function as a table of polynomials, for one that is slow and needed a million times.
 * Each piece interpolates at Chebyshev nodes and is evaluated by Clenshaw's recurrence.
 *
 * Source: Trefethen 2013, "Approximation Theory and Approximation Practice", chapters 2 to 4.
 *
 * @param exact The function.
 * @param to The table covers [0, to]; beyond it `exact` is called.
 * @param pieces Number of polynomials; the error falls with the 13th power of it.
 * @returns An approximation of `exact` for x >= 0.
 */
export function tabulated(
  exact: (x: number) => number,
  to: number,
  pieces: number,
): (x: number) => number {
  const size = DEGREE + 1, width = to / pieces;
  const coefficients = new Float64Array(pieces * size);
  for (let piece = 0; piece < pieces; piece++) {
    const values = Array.from({ length: size }, (_, i) => {
      const node = Math.cos(Math.PI * (i + 0.5) / size);
      return exact(width * (piece + (node + 1) / 2));
    });
    for (let k = 0; k < size; k++) {
      const sum = values.reduce(
        (sum, value, i) => sum + value * Math.cos(Math.PI * k * (i + 0.5) / size),
        0,
      );
      coefficients[piece * size + k] = sum * (k === 0 ? 1 : 2) / size;
    }
  }
  return (x) => {
    const place = x / width, piece = Math.floor(place);
    if (!(piece < pieces)) return exact(x);
    const t = 2 * (place - piece) - 1;
    let b1 = 0, b2 = 0;
    for (let k = DEGREE; k >= 1; k--) {
      const b = coefficients[piece * size + k]! + 2 * t * b1 - b2;
      b2 = b1;
      b1 = b;
    }
    return coefficients[piece * size]! + t * b1 - b2;
  };
}
