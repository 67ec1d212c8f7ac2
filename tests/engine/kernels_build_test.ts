import assert from "node:assert/strict";

const NEEDED = [
  { name: "read", path: "engine/kernels" },
  { name: "env", variable: "CI" },
] as const;
const missing = NEEDED.filter((need) => Deno.permissions.querySync(need).state !== "granted")
  .map(({ name }) => name);

Deno.test({
  name: "kernels_wasm.ts is what build.ts makes, byte for byte" +
    (missing.length ? ` (needs permission: ${missing.join(", ")})` : ""),
  ignore: missing.length > 0,
  fn: async () => {
    const { buildKernels } = await import("../../engine/kernels/build.ts");
    const file = new URL("../../engine/kernels/kernels_wasm.ts", import.meta.url);
    assert.equal(await buildKernels(), await Deno.readTextFile(file));
  },
});
