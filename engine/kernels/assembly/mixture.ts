// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { affineScale } from "./affine.ts";
import { exp4, log4, maxLanes, softplusTail4, sumLanes } from "./math.ts";

/*
 * The logit of the distribution function of a mixture of logistic distributions, on the columns start …
 * start + count - 1 of x [batch, rows, dim]; the other columns stay. The formulas are in
 * ../../../flows/mixture.ts. For one number x and its components, with u_k = (x - m_k) / s_k:
 *
 *     l_k = log w_k + log sigmoid(u_k),   r_k = log w_k + log sigmoid(-u_k)
 *     d_k = l_k + r_k - log w_k - log s_k
 *     L, R, D = log sum_k exp of l_k, r_k, d_k:   log F, log (1 - F), log F'
 *     y = L - R,   log dy/dx = D - L - R
 *
 * Components are the lanes. The last vector is filled up with copies of the last component whose weight is 0.
 *
 * `lines` is working memory, 8 lines of `width` numbers: m, 1 / s, log s, log w, and at some x: u, l, r, d.
 */

/** Next to log 0, and with room for sums of it. */
const NO_WEIGHT: f32 = -1e30;

/** Mostly 4 to 20 are enough; between narrow components some halve their bracket, up to 60 times. */
const MAX_STEPS: i32 = 100;

/** Of a logit, relative to 1 + |logit|: what rounding leaves. */
const TOLERANCE: f32 = 4e-7;

export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** Four numbers of a line of `components`, from k on; beyond the last one, copies of it. */
export function four(from: usize, k: i32, components: i32): v128 {
  if (k + 4 <= components) return v128.load(from + (<usize> k << 2));
  const last: usize = components - 1;
  const at = <usize> k;
  const values = f32x4.splat(load<f32>(from + (last << 2)));
  return f32x4.replace_lane(
    f32x4.replace_lane(
      f32x4.replace_lane(values, 0, load<f32>(from + (min<usize>(at, last) << 2))),
      1,
      load<f32>(from + (min<usize>(at + 1, last) << 2)),
    ),
    2,
    load<f32>(from + (min<usize>(at + 2, last) << 2)),
  );
}

/** Where a lane is a component: all ones. */
function lanesOf(k: i32, components: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(k), i32x4(0, 1, 2, 3)), i32x4.splat(components));
}

/** Fills the first four lines from (t, a, b). */
export function readComponents(
  t: usize,
  a: usize,
  b: usize,
  components: i32,
  scaleMap: i32,
  lines: usize,
  width: i32,
): void {
  const line = <usize> width << 2;
  const step = f32x4.splat(<f32> (4.0 / <f64> (components - 1)));
  let most = f32x4.splat(-Infinity);
  for (let k = 0; k < components; k += 4) {
    const at = lines + (<usize> k << 2);
    const number = f32x4.convert_i32x4_s(
      i32x4.min_s(i32x4.add(i32x4.splat(k), i32x4(0, 1, 2, 3)), i32x4.splat(components - 1)),
    );
    const center = f32x4.sub(f32x4.mul(number, step), f32x4.splat(2));
    const logScale = affineScale(four(a, k, components), scaleMap);
    const logit = four(b, k, components);
    v128.store(at, f32x4.add(four(t, k, components), center));
    v128.store(at + line, exp4(f32x4.neg(logScale)));
    v128.store(at + 2 * line, logScale);
    const weight = v128.bitselect(logit, f32x4.splat(NO_WEIGHT), lanesOf(k, components));
    v128.store(at + 3 * line, weight);
    most = f32x4.max(most, logit);
  }
  const highest = f32x4.splat(maxLanes(most));
  let sum = f32x4.splat(0);
  for (let k = 0; k < components; k += 4) {
    const at = lines + 3 * line + (<usize> k << 2);
    sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(at), highest)));
  }
  const logSum = f32x4.add(highest, log4(f32x4.splat(sumLanes(sum))));
  for (let k = 0; k < components; k += 4) {
    const at = lines + 3 * line + (<usize> k << 2);
    v128.store(at, f32x4.sub(v128.load(at), logSum));
  }
}

/** Fills the last four lines at x. @returns (L, R, D, 0). */
export function evaluate(x: f32, components: i32, lines: usize, width: i32): v128 {
  const line = <usize> width << 2;
  const at = f32x4.splat(x);
  let mostL = f32x4.splat(-Infinity), mostR = mostL, mostD = mostL;
  const end = lines + (<usize> components << 2);
  for (let from = lines; from < end; from += 16) {
    const u = f32x4.mul(f32x4.sub(at, v128.load(from)), v128.load(from + line));
    const logWeight = v128.load(from + 3 * line);
    // log sigmoid(u) and log sigmoid(-u), each by itself: one from the other loses the digits of the smaller one.
    const tail = softplusTail4(u), zero = f32x4.splat(0);
    const l = f32x4.sub(logWeight, f32x4.sub(tail, f32x4.min(u, zero)));
    const r = f32x4.sub(logWeight, f32x4.add(tail, f32x4.max(u, zero)));
    const d = f32x4.add(l, f32x4.sub(f32x4.sub(r, logWeight), v128.load(from + 2 * line)));
    v128.store(from + 4 * line, u);
    v128.store(from + 5 * line, l);
    v128.store(from + 6 * line, r);
    v128.store(from + 7 * line, d);
    mostL = f32x4.max(mostL, l);
    mostR = f32x4.max(mostR, r);
    mostD = f32x4.max(mostD, d);
  }
  const most = f32x4(maxLanes(mostL), maxLanes(mostR), maxLanes(mostD), 0);
  mostL = f32x4.splat(f32x4.extract_lane(most, 0));
  mostR = f32x4.splat(f32x4.extract_lane(most, 1));
  mostD = f32x4.splat(f32x4.extract_lane(most, 2));
  let sumL = f32x4.splat(0), sumR = sumL, sumD = sumL;
  for (let from = lines; from < end; from += 16) {
    sumL = f32x4.add(sumL, exp4(f32x4.sub(v128.load(from + 5 * line), mostL)));
    sumR = f32x4.add(sumR, exp4(f32x4.sub(v128.load(from + 6 * line), mostR)));
    sumD = f32x4.add(sumD, exp4(f32x4.sub(v128.load(from + 7 * line), mostD)));
  }
  return f32x4.add(most, log4(f32x4(sumLanes(sumL), sumLanes(sumR), sumLanes(sumD), 1)));
}

function logitOf(logs: v128): f32 {
  return f32x4.extract_lane(logs, 0) - f32x4.extract_lane(logs, 1);
}

export function logSlopeOf(logs: v128): f32 {
  return f32x4.extract_lane(logs, 2) - f32x4.extract_lane(logs, 0) - f32x4.extract_lane(logs, 1);
}

/** x with y = z; by Newton's method inside a bracket, which a step that would leave it halves. */
function solve(z: f32, components: i32, lines: usize, width: i32): f32 {
  const line = <usize> width << 2;
  let least = f32x4.splat(Infinity), most = f32x4.splat(-Infinity);
  for (let k = 0; k < components; k += 4) {
    const at = lines + (<usize> k << 2);
    const s = exp4(v128.load(at + 2 * line));
    const quantile = f32x4.add(v128.load(at), f32x4.mul(s, f32x4.splat(z)));
    least = f32x4.min(least, quantile);
    most = f32x4.max(most, quantile);
  }
  let low = -maxLanes(f32x4.neg(least)), high = maxLanes(most);
  let x: f32 = 0.5 * low + 0.5 * high;
  for (let i = 0; i < MAX_STEPS; i++) {
    const logs = evaluate(x, components, lines, width);
    const miss: f32 = z - logitOf(logs);
    if (miss != miss) return miss; // NaN
    if (abs(miss) <= TOLERANCE * (1 + abs(z))) break;
    if (miss > 0) low = x;
    else high = x;
    const next: f32 = x + miss * exp1(-logSlopeOf(logs));
    if (next == x) break; // The miss is less than float32 can mend.
    x = next > low && next < high ? next : 0.5 * low + 0.5 * high;
    if (!(x > low && x < high)) break; // Nothing is between them.
  }
  return x;
}

/**
 * y = logit F(x), logDet = sum log dy/dx over the columns and rows of an example; or the inverse: y with
 * logit F(y) = x, logDet = -sum log dx/dy.
 *
 * @param params Rows of 3 count components numbers: t, a, b.
 * @param isInverse Not 0: the second.
 */
export function mixture(
  x: usize,
  params: usize,
  y: usize,
  logDet: usize,
  batch: i32,
  rows: i32,
  dim: i32,
  start: i32,
  count: i32,
  components: i32,
  scaleMap: i32,
  isInverse: i32,
  lines: usize,
): void {
  const width = (components + 3) & ~3;
  const part = <usize> (count * components) << 2;
  for (let example = 0; example < batch; example++) {
    let total: f64 = 0;
    for (let row = 0; row < rows; row++) {
      if (count < dim) memory.copy(y, x, dim << 2);
      for (let j = 0; j < count; j++) {
        const t = params + (<usize> (j * components) << 2);
        readComponents(t, t + part, t + 2 * part, components, scaleMap, lines, width);
        const at = <usize> (start + j) << 2;
        const given = load<f32>(x + at);
        const solved = isInverse ? solve(given, components, lines, width) : given;
        const logs = evaluate(solved, components, lines, width);
        store<f32>(y + at, isInverse ? solved : logitOf(logs));
        total += logSlopeOf(logs);
      }
      x += dim << 2;
      y += dim << 2;
      params += 3 * part;
    }
    store<f32>(logDet, <f32> (isInverse ? -total : total));
    logDet += 4;
  }
}
