// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.
import { tanh4 } from "./math.ts";

/** Codes of the activations, as ../../dense.ts has them. */
const RELU: i32 = 1;

/** tanh of `count` numbers, in place. */
export function tanhInPlace(x: usize, count: i32): void {
  const end = x + (<usize> count << 2);
  const whole = x + (<usize> (count & ~3) << 2);
  for (; x < whole; x += 16) v128.store(x, tanh4(v128.load(x)));
  for (; x < end; x += 4) v128.store_lane<f32>(x, tanh4(v128.load_zero<f32>(x)), 0);
}

/** delta *= activation'(h), from the activation's output h: 1 or 0 for relu, 1 - h^2 for tanh. */
export function multiplySlope(delta: usize, h: usize, count: i32, activation: i32): void {
  const end = delta + (<usize> count << 2);
  const whole = delta + (<usize> (count & ~3) << 2);
  for (; delta < whole; delta += 16, h += 16) {
    v128.store(delta, withSlope(v128.load(delta), v128.load(h), activation));
  }
  for (; delta < end; delta += 4, h += 4) {
    const value = withSlope(v128.load_zero<f32>(delta), v128.load_zero<f32>(h), activation);
    v128.store_lane<f32>(delta, value, 0);
  }
}

function withSlope(delta: v128, h: v128, activation: i32): v128 {
  if (activation == RELU) return v128.and(delta, f32x4.gt(h, f32x4.splat(0)));
  return f32x4.mul(delta, f32x4.sub(f32x4.splat(1), f32x4.mul(h, h)));
}

/** to [columns] = the sum over the rows of x [rows, columns]. */
export function sumRows(x: usize, rows: i32, columns: i32, to: usize): void {
  memory.copy(to, x, columns << 2);
  for (let i = 1; i < rows; i++) {
    x += columns << 2;
    let j: usize = 0;
    for (; j < <usize> (columns & ~3) << 2; j += 16) {
      v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(x + j)));
    }
    for (; j < <usize> columns << 2; j += 4) {
      store<f32>(to + j, load<f32>(to + j) + load<f32>(x + j));
    }
  }
}

/** y [batch, dim]: column i is column order[i] of x. */
export function gatherColumns(x: usize, order: usize, y: usize, batch: i32, dim: i32): void {
  for (let row = 0; row < batch; row++) {
    for (let i = 0; i < dim; i++) {
      store<f32>(y + (i << 2), load<f32>(x + (load<i32>(order + (i << 2)) << 2)));
    }
    x += dim << 2;
    y += dim << 2;
  }
}
