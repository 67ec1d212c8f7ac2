/**
 * Colours of a density, dark violet to light yellow: lightness rises evenly, so that equal steps look
 * equal and a print in gray keeps their order.
 *
 *     L = 0.22 + 0.70 t,   hue = 300 - 200 t degrees,   chroma = 0.13 at the middle, less at the ends
 *
 * in Oklch (Ottosson 2020, "A perceptual color space for image processing").
 *
 * @param t In [0, 1].
 * @returns Red, green and blue, 0 … 255.
 */
export function colourOf(t: number): readonly [red: number, green: number, blue: number] {
  const hue = (300 - 200 * t) * Math.PI / 180;
  const chroma = 0.09 + 0.16 * t * (1 - t);
  return srgbOf(0.22 + 0.7 * t, chroma * Math.cos(hue), chroma * Math.sin(hue));
}

/** From Oklab by the cubes of cone responses to linear light, and from there to sRGB. */
function srgbOf(L: number, a: number, b: number): [number, number, number] {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function encode(light: number): number {
  const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
