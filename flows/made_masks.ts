import { Mask } from "../engine/mask.ts";

/** The degree of hidden unit k of a layer: sorted, spread evenly over 1 … D - 1. */
function degreeOf(k: number, dim: number, width: number): number {
  return 1 + Math.floor(k * (dim - 1) / width);
}

/** At d, how many units of a layer have a degree of at most d; d < dim. */
export function countUnits(dim: number, width: number): Int32Array {
  const counts = new Int32Array(dim);
  for (let k = 0; k < width; k++) {
    const degree = degreeOf(k, dim, width);
    if (degree < dim) counts[degree]!++;
  }
  for (let d = 1; d < dim; d++) counts[d]! += counts[d - 1]!;
  return counts;
}

/**
 * The masks of MADE. Input i has degree i + 1, or D - i in descending order, hidden unit k of H the
 * degree 1 + floor(k (D - 1) / H); a connection is kept where the degree does not fall, and in the
 * output layer where it rises, so that output i sees none but the inputs before i. It sees all of them if every
 * hidden layer has D - 1 units or more; of fewer units there are not enough degrees, and output i misses the
 * inputs from the last degree that is at most i on, x_{i-1} first.
 *
 * @returns One for each layer; the last has 2 dim columns.
 */
export function madeMasks(
  dim: number,
  hidden: readonly number[],
  order: "ascending" | "descending" = "ascending",
): Mask[] {
  const inputs = Array.from({ length: dim }, (_, i) => order === "ascending" ? i + 1 : dim - i);
  const degrees = [
    inputs,
    ...hidden.map((width) => Array.from({ length: width }, (_, k) => degreeOf(k, dim, width))),
  ];
  return degrees.map((from, layer) => {
    const isOutput = layer === hidden.length;
    const to = isOutput ? [...inputs, ...inputs] : degrees[layer + 1]!;
    const ones = from.flatMap((a) => to.map((b) => Number(isOutput ? b > a : b >= a)));
    return new Mask(Uint8Array.from(ones), from.length, to.length);
  });
}
