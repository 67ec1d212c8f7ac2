import type * as tf from "../tf.ts";
import { KERNELS_WASM } from "./kernels_wasm.ts";

/** The builds of the kernels, best first. */
export const KERNEL_VARIANTS = ["relaxed-simd", "simd"] as const;

/** A build of the kernels. */
export type KernelVariant = typeof KERNEL_VARIANTS[number];

/** What is used of TensorFlow.js's wasm backend; true of 4.22.0. */
export interface WasmBackend {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    readonly tfjs: {
      registerTensor(id: number, size: number, address: number): void;
      disposeData(id: number): void;
    };
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly id: number; readonly memoryOffset: number };
  };
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  disposeData(dataId: object): boolean;
  refCount(dataId: object): number;
}

/** The exports of a build; the parameters are described in assembly/. */
interface KernelExports {
  scratchBytes(): number;
  // deno-fmt-ignore
  matmul(
    a: number, b: number, c: number, m: number, n: number, k: number,
    transposeA: number, transposeB: number, bias: number, relu: number, scratch: number,
  ): void;
  // deno-fmt-ignore
  adam(
    x: number, gradient: number, m: number, v: number, count: number, scale: number, l2: number,
    keep: number, beta1: number, rest1: number, beta2: number, rest2: number, stepSize: number,
    vScale: number, epsilon: number,
  ): void;
  sumSquares(from: number, count: number): number;
}

/** Our kernels in the memory of one backend: addresses in, no copies. */
export interface Kernels extends Omit<KernelExports, "scratchBytes"> {
  readonly variant: KernelVariant;
  readonly backend: WasmBackend;
  /** Working memory of matmul. */
  readonly scratch: number;
  /** Where the numbers of a tensor are; if they are on another backend they are moved here. */
  address(tensor: tf.TensorInfo): number;
  /**
   * Must follow every change of a tensor in place. TensorFlow.js's own products, convolutions and prelu
   * keep packed copies of their weights under the number of the tensor, and would go on with the old
   * ones; taking the number off the books and putting it back drops the copies.
   */
  forgetCopies(tensor: tf.TensorInfo): void;
}

/** @returns Whether this machine can run a build. */
export function isSupported(variant: KernelVariant): boolean {
  return WebAssembly.validate(decode(variant));
}

/**
 * Starts a build of the kernels in the memory of TensorFlow.js's wasm backend. They have no memory of
 * their own: their module holds no static data, and the scratch space is from the allocator of
 * TensorFlow.js, where it stays as long as the backend.
 *
 * @param backend `tf.backend()` while that is wasm.
 * @param variant The build.
 * @returns The kernels.
 */
export async function loadKernels(
  backend: WasmBackend,
  variant: KernelVariant,
): Promise<Kernels> {
  const { memory } = backend.wasm.asm;
  const { instance } = await WebAssembly.instantiate(decode(variant), { env: { memory } });
  const { scratchBytes, matmul, adam, sumSquares } = instance
    .exports as unknown as KernelExports;
  const ALIGNMENT = 64;
  const start = backend.wasm._malloc(scratchBytes() + ALIGNMENT) >>> 0;
  return {
    variant,
    backend,
    scratch: Math.ceil(start / ALIGNMENT) * ALIGNMENT,
    matmul,
    adam,
    sumSquares,
    address: ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
    forgetCopies: ({ dataId, shape }) => {
      const { id, memoryOffset } = backend.dataIdMap.get(dataId);
      backend.wasm.tfjs.disposeData(id);
      backend.wasm.tfjs.registerTensor(id, shape.reduce((size, n) => size * n, 1), memoryOffset);
    },
  };
}

function decode(variant: KernelVariant): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(KERNELS_WASM[variant]), (char) => char.charCodeAt(0));
}
