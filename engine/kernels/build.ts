/**
 * Compiles assembly/ to the two modules in kernels_wasm.ts, in memory, the same bytes every time:
 *
 *     deno run -P=build engine/kernels/build.ts
 *
 * @module
 */
import * as asc from "npm:assemblyscript@0.28.20/asc";

const HERE = new URL("./", import.meta.url);
const FILES = [
  "index",
  "adam",
  "affine",
  "bounds",
  "dense",
  "madd",
  "made",
  "math",
  "matmul",
  "mixture",
  "mixture_gradient",
  "pack",
  "patches",
  "row",
  "solve",
  "tile",
];
const VARIANTS = { "relaxed-simd": ["--enable", "relaxed-simd"], "simd": [] };

/** @returns The text of kernels_wasm.ts. */
export async function buildKernels(): Promise<string> {
  const sources = new Map<string, string>();
  for (const name of FILES) {
    sources.set(`${name}.ts`, await Deno.readTextFile(new URL(`assembly/${name}.ts`, HERE)));
  }
  let text = "// Made from assembly/ by build.ts: change it there.\n\n" +
    "/** The two builds of the kernels as base64: with relaxed SIMD, and without. */\n" +
    "// deno-fmt-ignore\nexport const KERNELS_WASM = {\n";
  for (const [variant, flags] of Object.entries(VARIANTS)) {
    const bytes = await compile(sources, flags);
    checkNoData(bytes);
    text += `  "${variant}": \`\n${bytes.toBase64().replace(/.{1,100}/g, "$&\n")}\`,\n`;
  }
  return text + "} as const;\n";
}

async function compile(sources: Map<string, string>, flags: string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "index.ts",
      "--outFile",
      "kernels.wasm",
      "-O3",
      "--enable",
      "simd",
      ...flags,
      "--runtime",
      "stub",
      "--importMemory",
      "--noAssert",
      "--use",
      "abort=",
    ],
    {
      // The compiler adds .ts to imports that have it, as Deno wants them.
      readFile: (name) => sources.get(name.replace(".ts.ts", ".ts")) ?? null,
      writeFile: (_name, contents) => {
        binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) {
    throw new Error(`Cannot build kernels as the compiler failed: ${stderr.toString()}`);
  }
  return binary;
}

/** Static data would be written over the memory of TensorFlow.js when the module starts. */
function checkNoData(bytes: Uint8Array): void {
  const DATA_SECTION = 11;
  for (let at = 8; at < bytes.length;) {
    if (bytes[at++] === DATA_SECTION) {
      throw new Error("Cannot build kernels as they hold static data: the memory is not theirs");
    }
    let size = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
    }
    at += size;
  }
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("kernels_wasm.ts", HERE), await buildKernels());
}
