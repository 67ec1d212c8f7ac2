// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

export { adam, sumSquares } from "./adam.ts";
export { affine, affineGradient } from "./affine.ts";
export { copyInside, zeroOutsideRows } from "./bounds.ts";
export { gatherColumns, multiplySlope, sumRows, tanhInPlace } from "./dense.ts";
export { madeBlock, madeBlockGradient } from "./made.ts";
export { matmul, scratchBytes } from "./matmul.ts";
export { mixture } from "./mixture.ts";
export { mixtureGradient } from "./mixture_gradient.ts";
export { foldPatches, gatherPatches } from "./patches.ts";
export { fillRows, multiplyRowWithin, reluRows } from "./row.ts";
export { solveTriangle } from "./solve.ts";
