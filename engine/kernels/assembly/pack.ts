// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

/**
 * Copies lines (rows of A or columns of B) to panels of `width` lines:
 * panel[step * width + line] = from[line, step].
 */
export function pack(
  to: usize,
  from: usize,
  lines: i32,
  steps: i32,
  lineBytes: i32,
  stepBytes: i32,
  width: i32,
): void {
  const stride = width << 2;
  for (let line = 0; line < lines; line += width) {
    if (lines - line < width) {
      packNarrow(to, from, lines - line, steps, lineBytes, stepBytes, stride);
    } else if (lineBytes == 4) packStraight(to, from, steps, stepBytes, stride);
    else packTransposed(to, from, steps, lineBytes, stride);
    to += stride * steps;
    from += width * lineBytes;
  }
}

/** A last panel that lacks lines. */
function packNarrow(
  to: usize,
  from: usize,
  lines: i32,
  steps: i32,
  lineBytes: i32,
  stepBytes: i32,
  stride: i32,
): void {
  memory.fill(to, 0, stride * steps);
  for (let line = 0; line < lines; line++) {
    let source = from + line * lineBytes;
    let target = to + (line << 2);
    for (let step = 0; step < steps; step++) {
      store<f32>(target, load<f32>(source));
      source += stepBytes;
      target += stride;
    }
  }
}

/** A whole panel whose lines are neighbours in memory. */
function packStraight(to: usize, from: usize, steps: i32, stepBytes: i32, stride: i32): void {
  for (let step = 0; step < steps; step++) {
    v128.store(to, v128.load(from));
    if (stride == 32) v128.store(to, v128.load(from, 16), 16);
    else store<u64>(to, load<u64>(from, 16), 16);
    to += stride;
    from += stepBytes;
  }
}

/** A whole panel whose steps are neighbours in memory: 4 x 4 transposes, then a rest. */
function packTransposed(
  to: usize,
  from: usize,
  steps: i32,
  lineBytes: i32,
  stride: i32,
): void {
  const whole = steps & ~3;
  for (let step = 0; step < whole; step += 4) {
    transpose4(to, from, lineBytes, stride);
    if (stride == 32) transpose4(to + 16, from + 4 * lineBytes, lineBytes, stride);
    else transpose2(to + 16, from + 4 * lineBytes, lineBytes, stride);
    to += 4 * stride;
    from += 16;
  }
  for (let step = whole; step < steps; step++) {
    for (let offset = 0, source = from; offset < stride; offset += 4, source += lineBytes) {
      store<f32>(to + offset, load<f32>(source));
    }
    to += stride;
    from += 4;
  }
}

/** Four lines of four steps become four steps of four lines. */
function transpose4(to: usize, from: usize, lineBytes: i32, stride: i32): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + lineBytes);
  const r2 = v128.load(from + 2 * lineBytes);
  const r3 = v128.load(from + 3 * lineBytes);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + stride, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * stride, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * stride, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** Two lines of four steps become four steps of two lines. */
function transpose2(to: usize, from: usize, lineBytes: i32, stride: i32): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + lineBytes);
  const low = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  v128.store_lane<u64>(to, low, 0);
  v128.store_lane<u64>(to + stride, low, 1);
  v128.store_lane<u64>(to + 2 * stride, high, 0);
  v128.store_lane<u64>(to + 3 * stride, high, 1);
}
