import assert from "node:assert/strict";
import { engineInfo, initEngine } from "../../engine/init_engine.ts";
import * as tf from "../../engine/tf.ts";
import { wasmTest } from "./_support.ts";

Deno.test("initEngine() refuses unknown backends and names the valid ones", async () => {
  const before = await initEngine({ backend: "cpu" });
  for (const backend of ["webgl", "blas", "", "CPU"]) {
    await assert.rejects(initEngine({ backend: backend as "cpu" }), {
      name: "RangeError",
      message:
        `Cannot start engine as backend must be one of auto, cpu, wasm, wasm+blas, webgpu: current value is "${backend}"`,
    });
  }
  assert.equal(engineInfo(), before);
});

Deno.test("initEngine() starts cpu, again and again", async () => {
  for (let i = 0; i < 2; i++) {
    const info = await initEngine({ backend: "cpu" });
    assert.deepEqual(info, {
      backend: "cpu",
      gemm: "tfjs-cpu",
      gemmBuild: "",
      threads: 1,
      tfjs: tf.version.tfjs,
      note: "",
    });
    assert.equal(engineInfo(), info);
    assert.equal(tf.getBackend(), "cpu");
  }
});

wasmTest("initEngine() switches to wasm and back", async () => {
  for (let i = 0; i < 2; i++) {
    await initEngine({ backend: "cpu" });
    const info = await initEngine({ backend: "wasm" });
    assert.equal(info.backend, "wasm");
    assert.match(info.gemm, /^flowbench-(relaxed-)?simd$/);
    assert.equal(info.note, "");
    assert.equal(tf.getBackend(), "wasm");
  }
});

Deno.test({
  name: "initEngine() without read permission falls back to cpu and says why, without a prompt",
  permissions: { read: false },
  fn: async () => {
    // No matter what was started before: the permission is asked for each time.
    const info = await initEngine();
    assert.equal(info.backend, "cpu");
    assert.match(
      info.note,
      /^Backend is cpu as the wasm binary of TensorFlow\.js may not be read: /,
    );
    await assert.rejects(initEngine({ backend: "wasm" }), {
      name: "Error",
      message: /^Cannot start engine "wasm" as the wasm binary of TensorFlow\.js may not be read: /,
    });
    assert.equal(tf.getBackend(), "cpu");
  },
});
