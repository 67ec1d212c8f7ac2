/**
 * Whether two output folders hold the same but for what is measured: `compare.ts A B`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { decided } from "../benchmarks/_program.ts";

const [a, b] = await Promise.all(Deno.args.map(decided));
assert.deepEqual(a, b);
console.log(`${a!.size} files are the same but for what is measured`);
