// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

/**
 * One step of Adam over all variables, in place; the formula is in ../../adam.ts.
 *
 * @param table Five uint32 for each variable: the addresses of the variable, its gradient (read
 *   only), its first and its second moment, and how many numbers each of them has.
 * @param variables How many.
 * @param scale What gradients are multiplied by.
 * @param l2 What x is multiplied by before it is added to the gradient.
 * @param keep What x is multiplied by: 1 - rate * decay.
 * @param stepSize rate / (1 - beta1^t).
 * @param vScale 1 / sqrt(1 - beta2^t).
 */
export function adam(
  table: usize,
  variables: i32,
  scale: f32,
  l2: f32,
  keep: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  stepSize: f32,
  vScale: f32,
  epsilon: f32,
): void {
  for (let i = 0; i < variables; i++, table += 20) {
    update(
      load<u32>(table),
      load<u32>(table, 4),
      load<u32>(table, 8),
      load<u32>(table, 12),
      load<i32>(table, 16),
      scale,
      l2,
      keep,
      beta1,
      rest1,
      beta2,
      rest2,
      stepSize,
      vScale,
      epsilon,
    );
  }
}

function update(
  x: usize,
  gradient: usize,
  m: usize,
  v: usize,
  count: i32,
  scale: f32,
  l2: f32,
  keep: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  stepSize: f32,
  vScale: f32,
  epsilon: f32,
): void {
  const whole = <usize> (count & ~3) << 2;
  const end = <usize> count << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const old = v128.load(x + i);
    const g = f32x4.add(
      f32x4.mul(v128.load(gradient + i), f32x4.splat(scale)),
      f32x4.mul(old, f32x4.splat(l2)),
    );
    const newM = f32x4.add(
      f32x4.mul(v128.load(m + i), f32x4.splat(beta1)),
      f32x4.mul(g, f32x4.splat(rest1)),
    );
    const newV = f32x4.add(
      f32x4.mul(v128.load(v + i), f32x4.splat(beta2)),
      f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest2)),
    );
    const root = f32x4.add(
      f32x4.mul(f32x4.sqrt(newV), f32x4.splat(vScale)),
      f32x4.splat(epsilon),
    );
    const change = f32x4.div(f32x4.mul(newM, f32x4.splat(stepSize)), root);
    v128.store(m + i, newM);
    v128.store(v + i, newV);
    v128.store(x + i, f32x4.sub(f32x4.mul(old, f32x4.splat(keep)), change));
  }
  for (; i < end; i += 4) {
    const old = load<f32>(x + i);
    const g = load<f32>(gradient + i) * scale + old * l2;
    const newM = load<f32>(m + i) * beta1 + g * rest1;
    const newV = load<f32>(v + i) * beta2 + g * g * rest2;
    store<f32>(m + i, newM);
    store<f32>(v + i, newV);
    store<f32>(x + i, old * keep - newM * stepSize / (sqrt<f32>(newV) * vScale + epsilon));
  }
}

/**
 * @param table As of {@link adam}.
 * @returns The sum of the squares of all gradients, in float64: no overflow.
 */
export function sumSquares(table: usize, variables: i32): f64 {
  let sum = 0.0;
  for (let i = 0; i < variables; i++, table += 20) {
    sum += sumSquaresOf(load<u32>(table, 4), load<i32>(table, 16));
  }
  return sum;
}

function sumSquaresOf(from: usize, count: i32): f64 {
  const whole = from + (<usize> (count & ~3) << 2);
  const end = from + (<usize> count << 2);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (; from < whole; from += 16) {
    const four = v128.load(from);
    const a = f64x2.promote_low_f32x4(four);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; from < end; from += 4) {
    const value = <f64> load<f32>(from);
    sum += value * value;
  }
  return sum;
}
