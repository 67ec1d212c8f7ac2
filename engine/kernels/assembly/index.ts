// deno-lint-ignore-file
// @ts-nocheck: AssemblyScript, checked by its own compiler in ../build.ts.

export { adam, sumSquares } from "./adam.ts";
export { matmul, scratchBytes } from "./matmul.ts";
