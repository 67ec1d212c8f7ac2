import type { Matrix } from "../matrix.ts";
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
  incRef(dataId: object): void;
  refCount(dataId: object): number;
}

/** The exports of a build; what they do and take is described in assembly/. */
interface KernelExports {
  scratchBytes(): number;
  // deno-fmt-ignore
  matmul(
    a: number, aLine: number, aStep: number, b: number, bLine: number, bStep: number, c: number,
    cLine: number, m: number, n: number, k: number, bias: number, relu: number, accumulate: number,
    bounds: number, kind: number, scratch: number,
  ): void;
  // deno-fmt-ignore
  multiplyRowWithin(
    a: number, b: number, c: number, k: number, aStep: number, bStep: number, bounds: number,
  ): void;
  fillRows(c: number, lineBytes: number, rows: number, columns: number, bias: number): void;
  reluRows(c: number, lineBytes: number, rows: number, columns: number): void;
  // deno-fmt-ignore
  copyInside(
    to: number, source: number, lineBytes: number, stepBytes: number, bounds: number,
    columns: number, from: number, rows: number,
  ): void;
  // deno-fmt-ignore
  zeroOutsideRows(
    corner: number, lineBytes: number, bounds: number, columns: number, from: number, rows: number,
  ): void;
  // deno-fmt-ignore
  gatherPatches(
    x: number, to: number, images: number, height: number, width: number, channels: number,
  ): void;
  // deno-fmt-ignore
  foldPatches(
    patches: number, to: number, images: number, height: number, width: number, channels: number,
    bias: number,
  ): void;
  gatherColumns(x: number, order: number, y: number, batch: number, dim: number): void;
  // deno-fmt-ignore
  solveTriangle(
    b: number, bLine: number, minus: number, minusLine: number, step: number, batch: number,
    t: number, tRow: number, tColumn: number, d: number, n: number,
  ): void;
  tanhInPlace(x: number, count: number): void;
  multiplySlope(delta: number, h: number, count: number, activation: number): void;
  sumRows(x: number, rows: number, columns: number, to: number): void;
  // deno-fmt-ignore
  affine(
    x: number, shift: number, raw: number, line: number, y: number, logDet: number, batch: number,
    rows: number, dim: number, start: number, count: number, scaleMap: number, standardise: number,
  ): void;
  // deno-fmt-ignore
  affineGradient(
    x: number, shift: number, raw: number, line: number, dy: number, dLogDet: number, dx: number,
    dShift: number, dRaw: number, batch: number, rows: number, dim: number, start: number,
    count: number, scaleMap: number, standardise: number,
  ): void;
  // deno-fmt-ignore
  mixture(
    x: number, params: number, y: number, logDet: number, batch: number, rows: number, dim: number,
    start: number, count: number, components: number, scaleMap: number, isInverse: number, lines: number,
  ): void;
  // deno-fmt-ignore
  mixtureGradient(
    x: number, params: number, dy: number, dLogDet: number, dx: number, dParams: number, batch: number,
    rows: number, dim: number, start: number, count: number, components: number, scaleMap: number,
    isInverse: number, lines: number,
  ): void;
  // deno-fmt-ignore
  madeBlock(
    layers: number, layerCount: number, from: number, to: number, batch: number, atOnce: number,
    dim: number, isDescending: number, z: number, x: number, params: number, outKernel: number, logDet: number,
    scaleMap: number, activation: number, scratch: number,
  ): void;
  // deno-fmt-ignore
  madeBlockGradient(
    layers: number, layerCount: number, from: number, to: number, batch: number, atOnce: number,
    dim: number, isDescending: number, z: number, dx: number, dLogDet: number, params: number, dParams: number,
    outKernel: number, g: number, v: number, scaleMap: number, activation: number, scratch: number,
  ): void;
  // deno-fmt-ignore
  adam(
    table: number, variables: number, scale: number, l2: number, keep: number, beta1: number,
    rest1: number, beta2: number, rest2: number, stepSize: number, vScale: number, epsilon: number,
  ): void;
  sumSquares(table: number, variables: number): number;
}

/** A BLAS library that works in the memory of the kernels. */
export interface Blas {
  /** "openblas", "accelerate" or "mkl". */
  readonly name: string;
  /** What it says of itself; "": nothing. */
  readonly build: string;
  /** Threads of one large product; null where the library decides by itself. */
  readonly threads: number | null;
  /** C = A B, or C += A B; every matrix has neighbouring rows or neighbouring columns, C the latter. */
  multiply(a: Matrix, b: Matrix, c: Matrix, accumulate: boolean): void;
}

/** Our kernels in the memory of one backend: addresses in, no copies. */
export interface Kernels extends Omit<KernelExports, "scratchBytes"> {
  readonly variant: KernelVariant;
  readonly backend: WasmBackend;
  /** What large products go to; null: the kernels do all themselves. */
  readonly blas: Blas | null;
  /** The memory that all addresses are of; its buffer changes when it grows. */
  readonly memory: WebAssembly.Memory;
  /** Working memory of matmul. */
  readonly scratch: number;
  /** Where the numbers of a tensor are; if they are on another backend they are moved here. */
  address(tensor: tf.TensorInfo): number;
  /** A new tensor whose numbers are not set yet. */
  allocate(shape: number[]): tf.TensorInfo;
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
  const exports = instance.exports as unknown as KernelExports;
  const ALIGNMENT = 64;
  const start = backend.wasm._malloc(exports.scratchBytes() + ALIGNMENT) >>> 0;
  return {
    ...exports,
    variant,
    backend,
    blas: null,
    memory,
    scratch: Math.ceil(start / ALIGNMENT) * ALIGNMENT,
    address: ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
    allocate: (shape) => backend.makeOutput(shape, "float32"),
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
