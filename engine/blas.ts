import type { Blas, Kernels } from "./kernels/kernels.ts";
import { type Matrix, matrix, transposed } from "./matrix.ts";

/** Where a library may be, best first. The permissions in deno.json name the same files. */
export const BLAS_LIBRARIES = [
  { name: "accelerate", path: "/System/Library/Frameworks/Accelerate.framework/Accelerate" },
  { name: "mkl", path: "/opt/intel/oneapi/mkl/latest/lib/libmkl_rt.so.2" },
  { name: "mkl", path: "/usr/lib/x86_64-linux-gnu/libmkl_rt.so" },
  { name: "openblas", path: "/usr/lib/x86_64-linux-gnu/libopenblas.so.0" },
  { name: "openblas", path: "/usr/lib/aarch64-linux-gnu/libopenblas.so.0" },
  { name: "openblas", path: "/usr/lib64/libopenblas.so.0" },
  { name: "openblas", path: "/usr/lib/libopenblas.so.0" },
  { name: "openblas", path: "/opt/homebrew/opt/openblas/lib/libopenblas.dylib" },
  { name: "openblas", path: "/usr/local/opt/openblas/lib/libopenblas.dylib" },
] as const;

const SGEMM = {
  // deno-fmt-ignore
  parameters: [
    "i32", "i32", "i32", "i32", "i32", "i32", "f32", "buffer", "i32", "buffer", "i32", "f32", "buffer",
    "i32",
  ],
  result: "void",
} as const;
const SET_THREADS = { parameters: ["i32"], result: "void" } as const;
const GET_CONFIG = { parameters: [], result: "pointer" } as const;
const SCOPY = {
  parameters: ["i32", "pointer", "i32", "buffer", "i32"],
  result: "void",
} as const;

const ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112;

/** Multiplications from which on threads gain more than they lose by waiting for each other. */
const SHARED_WORK = 4_000_000;

/** What was opened, and stays open: a library that runs threads cannot be closed safely. */
const opened = new Map<string, Library>();

interface Library {
  readonly sgemm: Deno.DynamicLibrary<{ cblas_sgemm: typeof SGEMM }>["symbols"]["cblas_sgemm"];
  /** Undefined in a build that decides by itself. */
  readonly setThreads: ((threads: number) => void) | undefined;
  readonly build: string;
}

/**
 * Opens the first library that may be opened, is there, and gives right results.
 *
 * @param memory What the addresses in matrices are of.
 * @param threads How many a product may use.
 * @returns The library, or why there is none.
 */
export function openBlas(
  memory: WebAssembly.Memory,
  threads: number,
): { blas: Blas } | { problem: string } {
  if (typeof Deno === "undefined" || !Deno.dlopen) return { problem: "this runtime has no FFI" };
  let problem = "no BLAS library was found: OpenBLAS makes large products 2 to 4 times faster " +
    "(Debian, Ubuntu: apt install libopenblas0-pthread)";
  for (const { name, path } of BLAS_LIBRARIES) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") {
      problem = "no BLAS library may be opened: run with the task, or with --allow-ffi";
      continue;
    }
    const library = opened.get(path) ?? open(name, path);
    if (!library) continue;
    opened.set(path, library);
    const known = library.setThreads !== undefined;
    const multiply = product(library, memory, threads);
    const { build } = library;
    return { blas: { name, build, threads: known ? threads : null, multiply } };
  }
  return { problem };
}

/**
 * Whether a library computes products: small ones of all four kinds, with parts of larger matrices and
 * with single rows and columns, plain and accumulated. A library for 64-bit integers fails here, for
 * example.
 */
export function isBlasRight(kernels: Kernels, blas: Blas): boolean {
  const whole = (m: Matrix): Matrix => m;
  const wide = (m: Matrix): Matrix => ({ ...m, rowBytes: m.rowBytes + 4 });
  const SIZES = [[5, 7, 6], [5, 7, 1], [5, 1, 6], [4, 1, 1]] as const;
  return SIZES.every((size) =>
    [whole, wide].every((part) => areProductsRight(kernels, blas, size, part))
  );
}

/** @param part Of a larger matrix, or the whole one. */
function areProductsRight(
  kernels: Kernels,
  blas: Blas,
  [m, n, k]: readonly [number, number, number],
  part: (m: Matrix) => Matrix,
): boolean {
  const SIZE = 64;
  const at = kernels.scratch;
  const numbers = new Float32Array(kernels.memory.buffer, at, 4 * SIZE);
  for (let i = 0; i < 2 * SIZE; i++) numbers[i] = Math.sin(i + 1);
  const [mine, theirs] = [matrix(at + 8 * SIZE, m, n), matrix(at + 12 * SIZE, m, n)];
  const as = [part(matrix(at, m, k)), transposed(part(matrix(at, k, m)))];
  const bs = [part(matrix(at + 4 * SIZE, k, n)), transposed(part(matrix(at + 4 * SIZE, n, k)))];
  for (const a of as) {
    for (const b of bs) {
      numbers.fill(1, 2 * SIZE);
      for (const accumulate of [false, true]) {
        byDefinition(numbers, at, a, b, mine, accumulate);
        blas.multiply(a, b, theirs, accumulate);
        for (let i = 0; i < m * n; i++) {
          if (!(Math.abs(numbers[2 * SIZE + i]! - numbers[3 * SIZE + i]!) < 1e-4)) return false;
        }
      }
    }
  }
  return true;
}

/** C = A B, or C += A B, by three loops. */
function byDefinition(
  numbers: Float32Array,
  at: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  accumulate: boolean,
): void {
  const index = (m: Matrix, i: number, j: number) =>
    (m.address - at + i * m.rowBytes + j * m.columnBytes) / 4;
  for (let i = 0; i < c.rows; i++) {
    for (let j = 0; j < c.columns; j++) {
      let sum = accumulate ? numbers[index(c, i, j)]! : 0;
      for (let p = 0; p < a.columns; p++) {
        sum += numbers[index(a, i, p)]! * numbers[index(b, p, j)]!;
      }
      numbers[index(c, i, j)] = sum;
    }
  }
}

function open(name: string, path: string): Library | undefined {
  try {
    const sgemm = Deno.dlopen(path, { cblas_sgemm: SGEMM }).symbols.cblas_sgemm;
    return { sgemm, setThreads: openSetThreads(name, path), build: buildOf(name, path) };
  } catch {
    return undefined; // It is not there: the usual case.
  }
}

/**
 * Version, options, and the kind of processor whose kernels OpenBLAS chose. It keeps them in 256 bytes, which its
 * own copy of 64 numbers fetches: to look at foreign memory takes permission for all libraries.
 */
function buildOf(name: string, path: string): string {
  if (name !== "openblas") return "";
  try {
    const { symbols } = Deno.dlopen(path, { openblas_get_config: GET_CONFIG, cblas_scopy: SCOPY });
    const bytes = new Uint8Array(256);
    symbols.cblas_scopy(bytes.length / 4, symbols.openblas_get_config(), 1, bytes, 1);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  } catch {
    return ""; // A build without this symbol.
  }
}

function openSetThreads(name: string, path: string): Library["setThreads"] {
  try {
    if (name === "openblas") {
      return Deno.dlopen(path, { openblas_set_num_threads: SET_THREADS })
        .symbols.openblas_set_num_threads;
    }
    if (name === "mkl") {
      return Deno.dlopen(path, { MKL_Set_Num_Threads: SET_THREADS }).symbols.MKL_Set_Num_Threads;
    }
  } catch {
    // A build without this symbol decides by itself.
  }
  return undefined;
}

function product(
  { sgemm, setThreads }: Library,
  memory: WebAssembly.Memory,
  most: number,
): Blas["multiply"] {
  const at = ({ address }: Matrix) => new Uint8Array(memory.buffer as ArrayBuffer, address);
  // From one row to the next: of a single row that may be anything, but BLAS wants a row's length.
  const leading = ({ rows, columns, rowBytes, columnBytes }: Matrix) =>
    columnBytes === 4 ? Math.max(rowBytes / 4, columns) : Math.max(columnBytes / 4, rows);
  let current = 0;
  return (a, b, c, accumulate) => {
    const threads = c.rows * c.columns * a.columns < SHARED_WORK ? 1 : most;
    if (threads !== current) setThreads?.(current = threads);
    const isPlainA = a.columnBytes === 4, isPlainB = b.columnBytes === 4;
    // deno-fmt-ignore
    sgemm(
      ROW_MAJOR, isPlainA ? PLAIN : TRANSPOSED, isPlainB ? PLAIN : TRANSPOSED, c.rows, c.columns,
      a.columns, 1, at(a), leading(a), at(b), leading(b), Number(accumulate), at(c), leading(c),
    );
  };
}
