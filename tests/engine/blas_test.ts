import assert from "node:assert/strict";
import { BLAS_LIBRARIES, isBlasRight } from "../../engine/blas.ts";
import type { Matrix } from "../../engine/matrix.ts";
import { initEngine } from "../../engine/init_engine.ts";
import { installedKernels } from "../../engine/matmul.ts";
import { testWith } from "../_engine.ts";
import { blasProblem, kernelsTest, wasmTest } from "./_support.ts";

Deno.test({
  name: `initEngine() takes a BLAS library for auto${blasProblem && ` (${blasProblem})`}`,
  ignore: blasProblem !== "",
  fn: async () => {
    const { backend, gemm, gemmBuild, threads, note } = await initEngine({ threads: 1 });
    assert.equal(backend, "wasm+blas");
    assert.ok(BLAS_LIBRARIES.some(({ name }) => name === gemm));
    if (gemm === "openblas") assert.match(gemmBuild, /^OpenBLAS \d+\.\d+/);
    assert.equal(threads, 1);
    assert.equal(note, "");
    const wasm = await initEngine({ backend: "wasm" });
    assert.deepEqual([wasm.backend, wasm.gemmBuild], ["wasm", ""]);
    assert.equal(installedKernels()!.blas, null);
  },
});

Deno.test({
  name: "initEngine() without FFI permission takes wasm, and says why",
  permissions: { read: true, ffi: false },
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn: async () => {
    const { backend, note } = await initEngine();
    assert.equal(backend, "wasm");
    assert.match(note, /^Backend is wasm as no BLAS library may be opened: .*--allow-ffi/);
    await assert.rejects(initEngine({ backend: "wasm+blas" }), /Cannot start engine "wasm\+blas"/);
  },
});

wasmTest("initEngine() refuses threads that are no count", async () => {
  await assert.rejects(initEngine({ threads: 0 }), {
    name: "RangeError",
    message: "Cannot start engine as threads must be an integer >= 1: current value is 0",
  });
});

kernelsTest("isBlasRight() accepts a right library and refuses wrong ones", (kernels) => {
  if (!kernels.blas) return;
  const { blas } = kernels;
  assert.ok(isBlasRight(kernels, blas));
  const wrong: (typeof blas)["multiply"][] = [
    () => {},
    (a, b, c) => blas.multiply(a, b, c, false),
    (a, b, c, accumulate) => blas.multiply(a, b, { ...c, rows: c.rows - 1 }, accumulate),
    (a, b, c, accumulate) => {
      blas.multiply(a, b, c, accumulate);
      new Float32Array(kernels.memory.buffer, c.address, 1)[0]! += 1e-3;
    },
  ];
  // A single row says nothing of the way to the next one, and BLAS refuses a short way.
  const isRefused = ({ rows, rowBytes, columns }: Matrix) => rows === 1 && rowBytes < 4 * columns;
  wrong.push((a, b, c, accumulate) => {
    if (!isRefused(b)) blas.multiply(a, b, c, accumulate);
  });
  for (const multiply of wrong) assert.equal(isBlasRight(kernels, { ...blas, multiply }), false);
});

testWith(
  ["read"],
  "deno.json allows the libraries that are looked for, and no others",
  async () => {
    const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
    const { permissions } = JSON.parse(text);
    const paths = BLAS_LIBRARIES.map(({ path }) => path);
    assert.deepEqual(permissions.bench.ffi, paths);
    assert.deepEqual(permissions.test.ffi, paths);
  },
);
