// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

/*
 * The two halves of a 3 x 3 convolution besides the product: what each pixel sees of its neighbours,
 * and the transpose of that. Images are [height, width, channels]; outside of them is 0.
 *
 * Neighbour k = 3 (di + 1) + (dj + 1) of pixel (i, j) is pixel (i + di, j + dj).
 */

/** to [images * height * width, 9 * channels]: row p holds the 9 neighbours of pixel p. */
export function gatherPatches(
  x: usize,
  to: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
): void {
  const pixel = channels << 2;
  const line = width * pixel;
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const left = j == 0 ? pixel : 0;
        const right = j == width - 1 ? pixel : 0;
        for (let y = i - 1; y <= i + 1; y++) {
          if (y < 0 || y >= height) zero(to, 3 * pixel);
          else {
            if (left) zero(to, pixel);
            copy(to + left, x + y * line + (j - 1) * pixel + left, 3 * pixel - left - right);
            if (right) zero(to + 2 * pixel, pixel);
          }
          to += 3 * pixel;
        }
      }
    }
    x += height * line;
  }
}

/**
 * to [images * height * width, channels]: every pixel sums what its neighbours' rows say of it, the
 * transpose of {@link gatherPatches}.
 *
 * @param bias Where each sum starts: one number a channel, or 0 for 0.
 */
export function foldPatches(
  patches: usize,
  to: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  bias: usize,
): void {
  const pixel = channels << 2;
  const row = 9 * pixel;
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        if (bias) copy(to, bias, pixel);
        else zero(to, pixel);
        for (let di = -1; di <= 1; di++) {
          const y = i - di;
          if (y < 0 || y >= height) continue;
          for (let dj = -1; dj <= 1; dj++) {
            const x = j - dj;
            if (x < 0 || x >= width) continue;
            add(to, patches + (y * width + x) * row + (3 * di + dj + 4) * pixel, pixel);
          }
        }
        to += pixel;
      }
    }
    patches += height * width * row;
  }
}

function zero(to: usize, bytes: i32): void {
  const end = to + bytes;
  const whole = to + (bytes & ~15);
  for (; to < whole; to += 16) v128.store(to, f32x4.splat(0));
  for (; to < end; to += 4) store<f32>(to, 0);
}

function copy(to: usize, from: usize, bytes: i32): void {
  const end = to + bytes;
  const whole = to + (bytes & ~15);
  for (; to < whole; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(from));
}

function add(to: usize, from: usize, bytes: i32): void {
  const end = to + bytes;
  const whole = to + (bytes & ~15);
  for (; to < whole; to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}
