/**
 * The modified Bessel function of order 0, scaled: exp(-z) I0(z).
 *
 *     I0(z) = sum_k ((z/2)^k / k!)^2                                        for z < 20
 *     exp(-z) I0(z) ~ (2 pi z)^(-1/2) sum_k ((2k-1)!!)^2 / (k! (8z)^k)      otherwise
 *
 * The least term of the second series is about exp(-2z), below the rounding error.
 *
 * Source: Abramowitz and Stegun 1964, 9.6.12 and 9.7.1.
 *
 * @param z Not negative.
 */
export function besselI0Scaled(z: number): number {
  let term = 1, sum = 1;
  if (z < 20) {
    const quarter = z * z / 4;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= quarter / (k * k);
      sum += term;
    }
    return Math.exp(-z) * sum;
  }
  for (let k = 1; term > 1e-17 * sum && k < 40; k++) {
    term *= (2 * k - 1) ** 2 / (8 * k * z);
    sum += term;
  }
  return sum / Math.sqrt(2 * Math.PI * z);
}
