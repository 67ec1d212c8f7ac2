/**
 * The error function.
 *
 *     erf(x) = 2/sqrt(pi) exp(-x^2) sum_k 2^k x^(2k+1) / (2k+1)!!     for |x| < 2
 *
 * Source: Abramowitz and Stegun 1964, 7.1.6; all terms have one sign, so nothing cancels.
 */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x >= 2) return 1 - Math.exp(-x * x) * erfcx(x);
  let term = x, sum = x;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= 2 * x * x / (2 * k + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/**
 * The scaled complementary error function, exp(x^2) (1 - erf(x)), which never underflows.
 *
 *     erfcx(x) = 1/sqrt(pi) 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …))))     for x >= 2
 *
 * Source: Abramowitz and Stegun 1964, 7.1.14.
 *
 * @param x Not negative.
 */
export function erfcx(x: number): number {
  if (x < 2) return Math.exp(x * x) * (1 - erf(x));
  let tail = x;
  for (let k = Math.ceil(8 + 150 / (x * x)); k >= 1; k--) tail = x + k / (2 * tail);
  return 1 / (Math.sqrt(Math.PI) * tail);
}

/**
 * Log-density of the sum of U[-h, h] and N(0, sigma^2).
 *
 *     log (Phi((d + h)/sigma) - Phi((d - h)/sigma)) / (2 h)
 *
 * Outside of [-h, h] the difference is taken between scaled tails, so it neither cancels nor
 * underflows however far d is.
 *
 * @param halfWidth h, at least of the order of sigma.
 */
export function logUniformPlusGaussian(
  halfWidth: number,
  sigma: number,
): (d: number) => number {
  const scale = 1 / (Math.SQRT2 * sigma);
  const logNorm = -Math.log(4 * halfWidth);
  return (d) => {
    const near = (Math.abs(d) - halfWidth) * scale, far = (Math.abs(d) + halfWidth) * scale;
    if (near <= 0) return logNorm + Math.log(erf(far) + erf(-near));
    const tails = erfcx(near) - Math.exp(near * near - far * far) * erfcx(far);
    return logNorm - near * near + Math.log(tails);
  };
}
