// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { affineScale, affineSlope } from "./affine.ts";
import { exp4, log4, softplus4 } from "./math.ts";

/*
 * The logit of the distribution function of a mixture of logistic distributions, on the columns start …
 * start + count - 1 of x [batch, rows, dim]; the other columns stay. The formulas are in
 * ../../../flows/mixture.ts. For one number x and its components, with u_k = (x - m_k) / s_k:
 *
 *     l_k = log w_k + log sigmoid(u_k),   r_k = l_k - u_k = log w_k + log sigmoid(-u_k)
 *     d_k = l_k + r_k - log w_k - log s_k
 *     L, R, D = log sum_k exp of l_k, r_k, d_k:   log F, log (1 - F), log F'
 *     y = L - R,   log dy/dx = D - L - R
 *
 * Components are the lanes. The last vector is filled up with copies of the last component whose weight is 0.
 *
 * `lines` is working memory, 7 lines of `width` numbers: m, 1 / s, log s, log w, and at some x: u, l, d.
 */

/** Next to log 0, and with room for sums of it. */
const NO_WEIGHT: f32 = -1e30;

/** Newton's method has mostly ended after 10; what has not converged halves its bracket. */
const MAX_STEPS: i32 = 100;

/** Of a logit, relative to 1 + |logit|: what rounding leaves. */
const TOLERANCE: f32 = 4e-7;

function laneMax(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

function laneMin(v: v128): f32 {
  return -laneMax(f32x4.neg(v));
}

function laneSum(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** Four numbers of a line of `components`, from k on; beyond the last one, copies of it. */
function four(from: usize, k: i32, components: i32): v128 {
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

/** Keeps what lies beyond the last component as it is. */
function setFour(to: usize, k: i32, components: i32, values: v128): void {
  to += <usize> k << 2;
  if (k + 4 <= components) return v128.store(to, values);
  v128.store_lane<f32>(to, values, 0);
  if (k + 1 < components) v128.store_lane<f32>(to, values, 1, 4);
  if (k + 2 < components) v128.store_lane<f32>(to, values, 2, 8);
}

/** Where a lane is a component: all ones. */
function lanesOf(k: i32, components: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(k), i32x4(0, 1, 2, 3)), i32x4.splat(components));
}

/** Fills the first four lines from (t, a, b). */
function describe(
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
  let most = f32x4.splat(NO_WEIGHT);
  for (let k = 0; k < components; k += 4) {
    const at = lines + (<usize> k << 2);
    const number = f32x4.convert_i32x4_s(
      i32x4.min_s(i32x4.add(i32x4.splat(k), i32x4(0, 1, 2, 3)), i32x4.splat(components - 1)),
    );
    const center = f32x4.sub(f32x4.mul(number, step), f32x4.splat(2));
    const logScale = affineScale(four(a, k, components), scaleMap);
    const weight = v128.bitselect(
      four(b, k, components),
      f32x4.splat(NO_WEIGHT),
      lanesOf(k, components),
    );
    v128.store(at, f32x4.add(four(t, k, components), center));
    v128.store(at + line, exp4(f32x4.neg(logScale)));
    v128.store(at + 2 * line, logScale);
    v128.store(at + 3 * line, weight);
    most = f32x4.max(most, weight);
  }
  const highest = f32x4.splat(laneMax(most));
  let sum = f32x4.splat(0);
  for (let k = 0; k < components; k += 4) {
    const at = lines + 3 * line + (<usize> k << 2);
    sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(at), highest)));
  }
  const logSum = f32x4.add(highest, log4(f32x4.splat(laneSum(sum))));
  for (let k = 0; k < components; k += 4) {
    const at = lines + 3 * line + (<usize> k << 2);
    v128.store(at, f32x4.sub(v128.load(at), logSum));
  }
}

/** Fills the last three lines at x. @returns (L, R, D, 0). */
function evaluate(x: f32, components: i32, lines: usize, width: i32): v128 {
  const line = <usize> width << 2;
  const at = f32x4.splat(x);
  let mostL = f32x4.splat(-Infinity), mostR = mostL, mostD = mostL;
  const end = lines + (<usize> components << 2);
  for (let from = lines; from < end; from += 16) {
    const u = f32x4.mul(f32x4.sub(at, v128.load(from)), v128.load(from + line));
    const logWeight = v128.load(from + 3 * line);
    const l = f32x4.sub(logWeight, softplus4(f32x4.neg(u)));
    const r = f32x4.sub(l, u);
    const d = f32x4.add(l, f32x4.sub(f32x4.sub(r, logWeight), v128.load(from + 2 * line)));
    v128.store(from + 4 * line, u);
    v128.store(from + 5 * line, l);
    v128.store(from + 6 * line, d);
    mostL = f32x4.max(mostL, l);
    mostR = f32x4.max(mostR, r);
    mostD = f32x4.max(mostD, d);
  }
  const most = f32x4(laneMax(mostL), laneMax(mostR), laneMax(mostD), 0);
  mostL = f32x4.splat(f32x4.extract_lane(most, 0));
  mostR = f32x4.splat(f32x4.extract_lane(most, 1));
  mostD = f32x4.splat(f32x4.extract_lane(most, 2));
  let sumL = f32x4.splat(0), sumR = sumL, sumD = sumL;
  for (let from = lines + 4 * line; from < end + 4 * line; from += 16) {
    const l = v128.load(from + line);
    sumL = f32x4.add(sumL, exp4(f32x4.sub(l, mostL)));
    sumR = f32x4.add(sumR, exp4(f32x4.sub(f32x4.sub(l, v128.load(from)), mostR)));
    sumD = f32x4.add(sumD, exp4(f32x4.sub(v128.load(from + 2 * line), mostD)));
  }
  return f32x4.add(most, log4(f32x4(laneSum(sumL), laneSum(sumR), laneSum(sumD), 1)));
}

function logitOf(logs: v128): f32 {
  return f32x4.extract_lane(logs, 0) - f32x4.extract_lane(logs, 1);
}

function logSlopeOf(logs: v128): f32 {
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
  let low = laneMin(least), high = laneMax(most);
  let x: f32 = 0.5 * low + 0.5 * high;
  for (let i = 0; i < MAX_STEPS; i++) {
    const logs = evaluate(x, components, lines, width);
    const miss: f32 = z - logitOf(logs);
    if (!(abs(miss) > TOLERANCE * (1 + abs(z)))) break; // NaN ends it too.
    if (miss > 0) low = x;
    else high = x;
    const next: f32 = x + miss * exp1(-logSlopeOf(logs));
    x = next > low && next < high ? next : 0.5 * low + 0.5 * high;
    if (!(x > low && x < high)) break; // Nothing is between them.
  }
  return x;
}

/**
 * With the lines as `evaluate` left them, the gradient of gy y + gSlope log dy/dx. With
 * p_k = exp(l_k - L), q_k = exp(r_k - R), f_k = exp(d_k - D):
 *
 *     P_k = (gy - gSlope) p_k,  Q_k = -(gy + gSlope) q_k,  E_k = gSlope f_k
 *     du_k = P_k sigmoid(-u_k) - Q_k sigmoid(u_k) + E_k (sigmoid(-u_k) - sigmoid(u_k))
 *     dx = sum du_k / s_k,  dt_k = -du_k / s_k,  d(log s_k) = -u_k du_k - E_k,
 *     db_k = P_k + Q_k + E_k + gSlope w_k
 *
 * @param dt Where the gradient of t goes, and da and db; 0: only dx is asked for.
 * @returns dx.
 */
function gradientAt(
  logs: v128,
  gy: f32,
  gSlope: f32,
  a: usize,
  dt: usize,
  da: usize,
  db: usize,
  components: i32,
  scaleMap: i32,
  lines: usize,
  width: i32,
): f32 {
  const line = <usize> width << 2;
  const one = f32x4.splat(1);
  const ofL = f32x4.splat(gy - gSlope), ofR = f32x4.splat(-gy - gSlope);
  const ofD = f32x4.splat(gSlope);
  const L = f32x4.splat(f32x4.extract_lane(logs, 0));
  const R = f32x4.splat(f32x4.extract_lane(logs, 1));
  const D = f32x4.splat(f32x4.extract_lane(logs, 2));
  let sum = f32x4.splat(0);
  for (let k = 0; k < components; k += 4) {
    const at = lines + (<usize> k << 2);
    const logWeight = v128.load(at + 3 * line);
    const u = v128.load(at + 4 * line), l = v128.load(at + 5 * line);
    const p = f32x4.mul(ofL, exp4(f32x4.sub(l, L)));
    const q = f32x4.mul(ofR, exp4(f32x4.sub(f32x4.sub(l, u), R)));
    const e = f32x4.mul(ofD, exp4(f32x4.sub(v128.load(at + 6 * line), D)));
    const right = exp4(f32x4.sub(l, logWeight)); // sigmoid(u)
    const left = f32x4.sub(one, right);
    const du = f32x4.add(
      f32x4.sub(f32x4.mul(p, left), f32x4.mul(q, right)),
      f32x4.mul(e, f32x4.sub(left, right)),
    );
    const dm = f32x4.mul(du, v128.load(at + line));
    sum = f32x4.add(sum, dm);
    if (!dt) continue;
    const dLogScale = f32x4.neg(f32x4.add(f32x4.mul(u, du), e));
    setFour(dt, k, components, f32x4.neg(dm));
    setFour(
      da,
      k,
      components,
      f32x4.mul(dLogScale, affineSlope(four(a, k, components), scaleMap)),
    );
    const ofWeights = f32x4.add(f32x4.add(p, q), f32x4.add(e, f32x4.mul(ofD, exp4(logWeight))));
    setFour(db, k, components, ofWeights);
  }
  return laneSum(sum);
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
        describe(t, t + part, t + 2 * part, components, scaleMap, lines, width);
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

/**
 * The gradient of {@link mixture}. Of the inverse, by the implicit function theorem: log dx/dy takes part in
 * dy = dy_given - dLogDet d(log dx/dy)/dy, and x is held by dx = dy / (dx/dy).
 *
 * @param x What the map was given; of the inverse what it found.
 */
export function mixtureGradient(
  x: usize,
  params: usize,
  dy: usize,
  dLogDet: usize,
  dx: usize,
  dParams: usize,
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
    const dDet = load<f32>(dLogDet);
    dLogDet += 4;
    for (let row = 0; row < rows; row++) {
      if (count < dim) memory.copy(dx, dy, dim << 2);
      for (let j = 0; j < count; j++) {
        const t = params + (<usize> (j * components) << 2);
        const dt = dParams + (<usize> (j * components) << 2);
        const a = t + part, da = dt + part, db = dt + 2 * part;
        describe(t, a, t + 2 * part, components, scaleMap, lines, width);
        const at = <usize> (start + j) << 2;
        const logs = evaluate(load<f32>(x + at), components, lines, width);
        let gy = load<f32>(dy + at), gSlope = dDet;
        if (isInverse) {
          // deno-fmt-ignore
          const bend = gradientAt(logs, 0, 1, a, 0, 0, 0, components, scaleMap, lines, width);
          gy = -(gy - dDet * bend) * exp1(-logSlopeOf(logs));
          gSlope = -dDet;
        }
        // deno-fmt-ignore
        const slope = gradientAt(logs, gy, gSlope, a, dt, da, db, components, scaleMap, lines, width);
        store<f32>(dx + at, isInverse ? -gy : slope);
      }
      x += dim << 2;
      dy += dim << 2;
      dx += dim << 2;
      params += 3 * part;
      dParams += 3 * part;
    }
  }
}
