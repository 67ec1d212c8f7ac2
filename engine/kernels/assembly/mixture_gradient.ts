// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { affineSlope } from "./affine.ts";
import { exp4, sumLanes } from "./math.ts";
import { evaluate, exp1, four, logSlopeOf, readComponents } from "./mixture.ts";

/** Keeps what lies beyond the last component as it is. */
function setFour(to: usize, k: i32, components: i32, values: v128): void {
  to += <usize> k << 2;
  if (k + 4 <= components) return v128.store(to, values);
  v128.store_lane<f32>(to, values, 0);
  if (k + 1 < components) v128.store_lane<f32>(to, values, 1, 4);
  if (k + 2 < components) v128.store_lane<f32>(to, values, 2, 8);
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
  const ofL = f32x4.splat(gy - gSlope), ofR = f32x4.splat(-gy - gSlope);
  const ofD = f32x4.splat(gSlope);
  const L = f32x4.splat(f32x4.extract_lane(logs, 0));
  const R = f32x4.splat(f32x4.extract_lane(logs, 1));
  const D = f32x4.splat(f32x4.extract_lane(logs, 2));
  let sum = f32x4.splat(0);
  for (let k = 0; k < components; k += 4) {
    const at = lines + (<usize> k << 2);
    const logWeight = v128.load(at + 3 * line);
    const u = v128.load(at + 4 * line), l = v128.load(at + 5 * line), r = v128.load(at + 6 * line);
    const p = f32x4.mul(ofL, exp4(f32x4.sub(l, L)));
    const q = f32x4.mul(ofR, exp4(f32x4.sub(r, R)));
    const e = f32x4.mul(ofD, exp4(f32x4.sub(v128.load(at + 7 * line), D)));
    // Each by itself: 1 less the other has lost the digits that the slope of an inverse brings back.
    const below = exp4(f32x4.sub(l, logWeight)), above = exp4(f32x4.sub(r, logWeight));
    const du = f32x4.add(
      f32x4.sub(f32x4.mul(p, above), f32x4.mul(q, below)),
      f32x4.mul(e, f32x4.sub(above, below)),
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
  return sumLanes(sum);
}

/**
 * The gradient of `mixture`: from that of y, g, and that of logDet, h, to those of x and (t, a, b). Of the inverse,
 * which found x with y(x) = z and returned it with logDet = -log dy/dx,
 *
 *     v = (g - h d(log dy/dx)/dx) / (dy/dx)    is the gradient of z: by the implicit function theorem dx/dz = 1 / (dy/dx),
 *                                              and dx/dt = -(dy/dt) / (dy/dx), as for a and b
 *     so that (t, a, b) have the gradient of y(x) weighted by -v and log dy/dx weighted by -h, at a constant x.
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
        readComponents(t, a, t + 2 * part, components, scaleMap, lines, width);
        const at = <usize> (start + j) << 2;
        const logs = evaluate(load<f32>(x + at), components, lines, width);
        let gy = load<f32>(dy + at), gSlope = dDet;
        if (isInverse) {
          // deno-fmt-ignore
          const bend = gradientAt(logs, 0, 1, a, 0, 0, 0, components, scaleMap, lines, width);
          // Where it is flatter than float32 can tell, x is anything, and its gradient huge but finite.
          gy = -(gy - dDet * bend) * exp1(min<f32>(-logSlopeOf(logs), 80));
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
