// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { madd } from "./madd.ts";

/*
 * Functions of four float32 at once. NaN stays NaN, but for log4; relative error below 3e-7 unless said
 * otherwise.
 */

/** e^x = 2^n e^r with n = round(x / ln 2) and the series of e^r for |r| <= ln 2 / 2. */
export function exp4(x: v128): v128 {
  x = f32x4.max(f32x4.min(x, f32x4.splat(89)), f32x4.splat(-104)); // inf and 0 are beyond.
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896)));
  // ln 2 in two parts, the first with few bits, so that n times it is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-0.00021219444005469)));
  let sum = f32x4.splat(1.0 / 5040);
  sum = madd(sum, r, f32x4.splat(1.0 / 720));
  sum = madd(sum, r, f32x4.splat(1.0 / 120));
  sum = madd(sum, r, f32x4.splat(1.0 / 24));
  sum = madd(sum, r, f32x4.splat(1.0 / 6));
  sum = madd(sum, r, f32x4.splat(0.5));
  sum = madd(sum, r, f32x4.splat(1));
  sum = madd(sum, r, f32x4.splat(1));
  // 2^n in two factors: 2^128 and 2^-149 have no float32 of their own.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(sum, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** 1 / (1 + e^-x). */
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** tanh x; absolute error below 2e-7. */
export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1);
  const two = f32x4.splat(2);
  return f32x4.sub(one, f32x4.div(two, f32x4.add(one, exp4(f32x4.mul(two, x)))));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), softplusTail4(x));
}

/** log(1 + v), v = e^-|x| in (0, 1]: 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = v / (2 + v) <= 1 / 3. */
export function softplusTail4(x: v128): v128 {
  const v = exp4(f32x4.neg(f32x4.abs(x)));
  const s = f32x4.div(v, f32x4.add(v, f32x4.splat(2)));
  const q = f32x4.mul(s, s);
  let sum = f32x4.splat(2.0 / 15);
  sum = madd(sum, q, f32x4.splat(2.0 / 13));
  sum = madd(sum, q, f32x4.splat(2.0 / 11));
  sum = madd(sum, q, f32x4.splat(2.0 / 9));
  sum = madd(sum, q, f32x4.splat(2.0 / 7));
  sum = madd(sum, q, f32x4.splat(2.0 / 5));
  sum = madd(sum, q, f32x4.splat(2.0 / 3));
  sum = madd(sum, q, f32x4.splat(2));
  return f32x4.mul(s, sum);
}

/**
 * log x, of x from 2^-126 up to what is finite, and not of NaN: log x = e log 2 + log m with x = 2^e m, m in [0.7, 1.4), and
 * log m = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = (m - 1) / (m + 1). Near 1 the relative error is that of
 * m - 1, which is exact.
 */
export function log4(x: v128): v128 {
  // The bits of 0.7 in front of the exponent: what is above goes to the next power of two.
  const base = i32x4.splat(0x3f333333);
  const e = i32x4.shr_s(i32x4.sub(x, base), 23);
  const m = i32x4.sub(x, i32x4.shl(e, 23));
  const one = f32x4.splat(1);
  const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
  const q = f32x4.mul(s, s);
  let sum = f32x4.splat(2.0 / 9);
  sum = madd(sum, q, f32x4.splat(2.0 / 7));
  sum = madd(sum, q, f32x4.splat(2.0 / 5));
  sum = madd(sum, q, f32x4.splat(2.0 / 3));
  sum = madd(sum, q, f32x4.splat(2));
  return madd(f32x4.convert_i32x4_s(e), f32x4.splat(0.693147180559945), f32x4.mul(s, sum));
}

/** The sum of the four. */
export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The largest of the four; NaN where one is. */
export function maxLanes(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}
