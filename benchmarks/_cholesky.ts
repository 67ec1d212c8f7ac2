/**
 * The lower triangular L with L L^T = A, row-major, in float64.
 *
 * @param matrix Symmetric positive definite, [n, n]; its lower triangle is read.
 * @throws {RangeError} If it is not positive definite.
 */
export function choleskyFactor(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * n + k]! * lower[j * n + k]!;
      if (i === j && !(sum > 0)) {
        throw new RangeError(
          `Cannot factor matrix as it must be positive definite: pivot ${i} is ${sum}`,
        );
      }
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / lower[j * n + j]!;
    }
  }
  return lower;
}

/** Solves L y = b; b becomes y. */
export function solveLowerInPlace(lower: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    const row = i * n;
    for (let k = 0; k < i; k++) sum -= lower[row + k]! * b[k]!;
    b[i] = sum / lower[row + i]!;
  }
}
