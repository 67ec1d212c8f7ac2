import { installAffine } from "./affine.ts";
import { installMixture } from "./mixture.ts";
import { isBlasRight, openBlas } from "./blas.ts";
import {
  isSupported,
  KERNEL_VARIANTS,
  type Kernels,
  loadKernels,
  type WasmBackend,
} from "./kernels/kernels.ts";
import { installMatMul, restoreMatMul } from "./matmul.ts";
import * as tf from "./tf.ts";

/** What computes: part of every result. */
export interface EngineInfo {
  /** The TensorFlow.js backend; "wasm+blas" is wasm with large products by a BLAS library. */
  readonly backend: "cpu" | "wasm" | "wasm+blas" | "webgpu";
  /**
   * Which matrix product runs: the name of a BLAS library, "flowbench-relaxed-simd",
   * "flowbench-simd", "tfjs-wasm" (where wasm has no SIMD), "tfjs-cpu", or "tfjs-webgpu" with the name of the
   * adapter. Results repeat bit for bit
   * on one machine; on another one multiply-adds may be rounded differently, except with
   * "flowbench-simd" and "tfjs-cpu".
   */
  readonly gemm: string;
  /**
   * What a BLAS library says of its version and of the processor that it chose its kernels for: others add in
   * another order. "" where there is none, or it says nothing.
   */
  readonly gemmBuild: string;
  /** Threads that a large product uses. */
  readonly threads: number;
  /** The version of TensorFlow.js. */
  readonly tfjs: string;
  /** Why "auto" did not take a faster backend, and what would help; "" if there is none. */
  readonly note: string;
}

/** What {@link initEngine} takes. */
export interface EngineOptions {
  /**
   * "auto" (the default) is the first of wasm+blas, wasm and cpu that can start. With "webgpu" tensors
   * are read by `data()` and never by `dataSync()`.
   */
  readonly backend?: "auto" | EngineInfo["backend"];
  /** Threads of a BLAS library's products, an integer >= 1. Default: all processors. */
  readonly threads?: number;
}

/** The values of {@link EngineOptions.backend}. */
export const BACKENDS = ["auto", "cpu", "wasm", "wasm+blas", "webgpu"] as const;

let current: EngineInfo | undefined;
let kernels: Kernels | undefined;

/**
 * Chooses where numbers are computed. Call it before anything else; calling it again with another
 * backend switches, and tensors follow when they are next used.
 *
 * @param options The backend.
 * @returns What was started.
 * @throws {RangeError} If the backend has no such name, or threads is not an integer >= 1.
 * @throws {Error} If a backend was asked for by name and cannot start.
 *
 * @example
 * ```ts
 * import { initEngine } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * const { backend, gemm } = await initEngine({ backend: "cpu" });
 * assert.deepEqual({ backend, gemm }, { backend: "cpu", gemm: "tfjs-cpu" });
 * ```
 */
export async function initEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  const wanted = options.backend ?? "auto";
  if (!BACKENDS.includes(wanted)) {
    throw new RangeError(
      `Cannot start engine as backend must be one of ${BACKENDS.join(", ")}: current value is ${
        JSON.stringify(wanted)
      }`,
    );
  }
  const threads = options.threads ?? navigator.hardwareConcurrency;
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(
      `Cannot start engine as threads must be an integer >= 1: current value is ${threads}`,
    );
  }
  if (wanted === "cpu") return await startCpu("");
  if (wanted === "webgpu") return await startWebGpu();
  const problem = await startWasm();
  if (problem !== "") {
    if (wanted === "auto") return await startCpu(`Backend is cpu as ${problem}`);
    throw new Error(`Cannot start engine "${wanted}" as ${problem}`);
  }
  if (wanted === "wasm") return current!;
  const noBlas = startBlas(threads);
  if (noBlas === "") return current!;
  if (wanted === "auto") return current = { ...current!, note: `Backend is wasm as ${noBlas}` };
  throw new Error(`Cannot start engine "wasm+blas" as ${noBlas}`);
}

/**
 * @returns What {@link initEngine} started last.
 * @throws {Error} If it was not called.
 */
export function engineInfo(): EngineInfo {
  if (!current) {
    throw new Error(
      "Cannot describe engine as it was not started: call initEngine() first and await it",
    );
  }
  return current;
}

async function startCpu(note: string): Promise<EngineInfo> {
  await tf.setBackend("cpu");
  return current = describe("cpu", "tfjs-cpu", note);
}

async function startWebGpu(): Promise<EngineInfo> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) {
    throw new Error(
      'Cannot start engine "webgpu" as there is no adapter: a graphics driver is needed (a software ' +
        "one for tests, on Debian and Ubuntu: apt install mesa-vulkan-drivers)",
    );
  }
  await tf.loadWebGpu();
  if (!await tf.setBackend("webgpu")) {
    await startCpu("");
    throw new Error('Cannot start engine "webgpu" as TensorFlow.js could not start it');
  }
  const { description, vendor } = adapter.info;
  return current = describe("webgpu", `tfjs-webgpu ${description || vendor}`.trim(), "");
}

/** @returns "" or why it did not start. */
async function startWasm(): Promise<string> {
  const problem = wasmBinaryProblem();
  if (problem !== "") return problem;
  if (!await tf.setBackend("wasm")) {
    await startCpu("");
    return "TensorFlow.js could not start its wasm backend";
  }
  current = describe("wasm", await startKernels(), "");
  return "";
}

/** @returns The name of the matrix product. */
async function startKernels(): Promise<string> {
  const variant = KERNEL_VARIANTS.find(isSupported);
  if (!variant) {
    restoreMatMul();
    return "tfjs-wasm";
  }
  const backend = tf.backend() as unknown as WasmBackend;
  if (kernels?.backend !== backend) kernels = await loadKernels(backend, variant);
  installKernels(kernels);
  return `flowbench-${variant}`;
}

/** @returns "" or why large products stay where they are. */
function startBlas(threads: number): string {
  if (!kernels) return "wasm has no SIMD here";
  const found = openBlas(kernels.memory, threads);
  if ("problem" in found) return found.problem;
  const { blas } = found;
  if (!isBlasRight(kernels, blas)) return `the products of ${blas.name} are wrong`;
  installKernels({ ...kernels, blas });
  const { note } = current!;
  const { name, build, threads: taken } = blas;
  current = { ...describe("wasm+blas", name, note), gemmBuild: build, threads: taken ?? threads };
  return "";
}

/** Puts what computes in its place, instead of what did before. */
export function installKernels(kernels: Kernels): void {
  installMatMul(kernels);
  installAffine(kernels);
  installMixture(kernels);
}

/**
 * Asks before TensorFlow.js reads its binary: without permission Deno would prompt on a terminal,
 * and otherwise TensorFlow.js prints a screenful. Where nothing can be asked, there is no problem.
 */
function wasmBinaryProblem(): string {
  if (typeof WebAssembly === "undefined") return "this runtime has no WebAssembly";
  if (typeof Deno === "undefined") return "";
  let path: URL;
  try {
    path = new URL(import.meta.resolve(
      "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm",
    ));
  } catch {
    return "";
  }
  if (path.protocol !== "file:") return "";
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted"
    ? ""
    : `the wasm binary of TensorFlow.js may not be read: current read permission is "${state}", run with --allow-read`;
}

function describe(backend: EngineInfo["backend"], gemm: string, note: string): EngineInfo {
  return { backend, gemm, gemmBuild: "", threads: 1, tfjs: tf.version.tfjs, note };
}
