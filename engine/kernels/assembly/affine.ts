// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { exp4, sigmoid4, softplus4, sumLanes } from "./math.ts";

/*
 * The elementwise half of a layer, on the columns start … start + count - 1 of x [batch, rows, dim]; the
 * other columns stay. The formulas are in ../../../flows/affine.ts.
 *
 * The shift t and the raw scale a are rows of `count` numbers; with a line of 0 bytes one row serves
 * all. At address 0 there is none: t = 0, log s = 0.
 */

/** Codes of the scale maps, as ../../affine.ts has them. */
const TANH: i32 = 1;
const SIGMOID2: i32 = 2;

/** log s = scaleMap(a). */
export function affineScale(a: v128, scaleMap: i32): v128 {
  if (scaleMap == TANH) {
    return f32x4.sub(f32x4.mul(f32x4.splat(4), sigmoid4(a)), f32x4.splat(2));
  }
  if (scaleMap == SIGMOID2) return f32x4.neg(softplus4(f32x4.sub(f32x4.splat(-2), a)));
  return a;
}

/** d log s / da. */
export function affineSlope(a: v128, scaleMap: i32): v128 {
  if (scaleMap == TANH) {
    const s = sigmoid4(a);
    return f32x4.mul(f32x4.splat(4), f32x4.mul(s, f32x4.sub(f32x4.splat(1), s)));
  }
  if (scaleMap == SIGMOID2) return sigmoid4(f32x4.sub(f32x4.splat(-2), a));
  return f32x4.splat(1);
}

function get(from: usize, isWhole: bool): v128 {
  return isWhole ? v128.load(from) : v128.load_zero<f32>(from);
}

function set(to: usize, value: v128, isWhole: bool): void {
  if (isWhole) v128.store(to, value);
  else v128.store_lane<f32>(to, value, 0);
}

/** The first lane, and 0 in the others: they hold what was made of nothing. */
function firstLane(value: v128): v128 {
  return f32x4.replace_lane(f32x4.splat(0), 0, f32x4.extract_lane(value, 0));
}

/**
 * y = x s + t, logDet = sum log s over the rows of an example; or y = (x - t) / s, logDet = -sum log s.
 *
 * @param standardise Not 0: the second form.
 */
export function affine(
  x: usize,
  t: usize,
  a: usize,
  line: i32,
  y: usize,
  logDet: usize,
  batch: i32,
  rows: i32,
  dim: i32,
  start: i32,
  count: i32,
  scaleMap: i32,
  standardise: i32,
): void {
  const zero = f32x4.splat(0);
  const lanes = count & ~3;
  for (let example = 0; example < batch; example++) {
    let total: f64 = 0;
    for (let row = 0; row < rows; row++) {
      if (count < dim) memory.copy(y, x, dim << 2);
      const from = x + (start << 2);
      const to = y + (start << 2);
      let sum = zero;
      let j = 0;
      while (j < count) {
        const isWhole = j < lanes;
        const at = <usize> j << 2;
        const value = get(from + at, isWhole);
        const shift = t ? get(t + at, isWhole) : zero;
        let result: v128;
        if (!a) result = standardise ? f32x4.sub(value, shift) : f32x4.add(value, shift);
        else {
          let logS = affineScale(get(a + at, isWhole), scaleMap);
          if (standardise) {
            logS = f32x4.neg(logS);
            result = f32x4.mul(f32x4.sub(value, shift), exp4(logS));
          } else result = f32x4.add(f32x4.mul(value, exp4(logS)), shift);
          sum = f32x4.add(sum, isWhole ? logS : firstLane(logS));
        }
        set(to + at, result, isWhole);
        j += isWhole ? 4 : 1;
      }
      total += sumLanes(sum);
      x += dim << 2;
      y += dim << 2;
      if (t) t += line;
      if (a) a += line;
    }
    store<f32>(logDet, <f32> total);
    logDet += 4;
  }
}

/**
 * The gradient of {@link affine}, with log s of sign 1, or -1 where it standardises:
 *
 *     dx = dy s^sign,   dt = dy, or -dx where it standardises
 *     d(log s) = sign (dy y' + dLogDet) with y' = x s, or (x - t) / s,   da = d(log s) scaleMap'(a)
 *
 * @param dt Where t's gradient goes, line by line as t; with a line of 0 it is the sum over all rows.
 * @param da The same for a.
 */
export function affineGradient(
  x: usize,
  t: usize,
  a: usize,
  line: i32,
  dy: usize,
  dLogDet: usize,
  dx: usize,
  dt: usize,
  da: usize,
  batch: i32,
  rows: i32,
  dim: i32,
  start: i32,
  count: i32,
  scaleMap: i32,
  standardise: i32,
): void {
  const zero = f32x4.splat(0);
  const lanes = count & ~3;
  if (!line) {
    if (t) memory.fill(dt, 0, count << 2);
    if (a) memory.fill(da, 0, count << 2);
  }
  for (let example = 0; example < batch; example++) {
    const dDet = f32x4.splat(load<f32>(dLogDet));
    dLogDet += 4;
    for (let row = 0; row < rows; row++) {
      if (count < dim) memory.copy(dx, dy, dim << 2);
      const from = x + (start << 2);
      const slopes = dy + (start << 2);
      const to = dx + (start << 2);
      let j = 0;
      while (j < count) {
        const isWhole = j < lanes;
        const at = <usize> j << 2;
        const dValue = get(slopes + at, isWhole);
        let result = dValue;
        if (a) {
          const raw = get(a + at, isWhole);
          let logS = affineScale(raw, scaleMap);
          if (standardise) logS = f32x4.neg(logS);
          const s = exp4(logS);
          result = f32x4.mul(dValue, s);
          let value = get(from + at, isWhole);
          if (standardise && t) value = f32x4.sub(value, get(t + at, isWhole));
          let dLogS = f32x4.add(f32x4.mul(result, value), dDet);
          if (standardise) dLogS = f32x4.neg(dLogS);
          add(da + at, f32x4.mul(dLogS, affineSlope(raw, scaleMap)), isWhole, line);
        }
        set(to + at, result, isWhole);
        if (t) add(dt + at, standardise ? f32x4.neg(result) : dValue, isWhole, line);
        j += isWhole ? 4 : 1;
      }
      x += dim << 2;
      dy += dim << 2;
      dx += dim << 2;
      if (t) {
        t += line;
        dt += line;
      }
      if (a) {
        a += line;
        da += line;
      }
    }
  }
}

/** Sets a row of its own, or adds to the row of all. */
function add(to: usize, value: v128, isWhole: bool, line: i32): void {
  set(to, line ? value : f32x4.add(get(to, isWhole), value), isWhole);
}
