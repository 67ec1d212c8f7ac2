import { fileURLToPath } from "node:url";
import { EMBEDDED, type Embedded } from "./browser/embedded.ts";
import { gunzip, gzip } from "./gzip.ts";

/** What {@link buildDemo} takes. */
export interface DemoOptions {
  /** Files of the flows: `.safetensors.gz`, as `deno task demo:flows` writes them. */
  readonly flows: { readonly toy: string; readonly images: string };
}

/** The flows that are committed. */
export const DEMO_FLOWS: DemoOptions["flows"] = {
  toy: local("flows/toy.safetensors.gz"),
  images: local("flows/images.safetensors.gz"),
};

function local(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/**
 * Builds the files of the demo page, which goes with `DEMO_BODY`: one classic script of code, one of
 * data, and a stylesheet. Nothing else is fetched by it.
 *
 * @param options Which flows it shows.
 * @returns Contents by name, to be put beside the page.
 * @throws {Error} If the code cannot be bundled.
 */
export async function buildDemo(options: DemoOptions): Promise<{ [file: string]: string }> {
  const embedded: Embedded = {
    wasm: (await gzip(await Deno.readFile(wasmBinary()))).toBase64(),
    toy: await packed(options.flows.toy),
    images: await packed(options.flows.images),
  };
  return {
    "demo.js": await bundle(),
    "demo_data.js": `globalThis.${EMBEDDED} = ${JSON.stringify(embedded)};\n`,
    "demo.css": await Deno.readTextFile(new URL("demo.css", import.meta.url)),
  };
}

/** In the module graph by `browser/tf.ts`. */
function wasmBinary(): URL {
  return new URL(import.meta.resolve(
    "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm",
  ));
}

/** A gzip file as base64; refused where it is none. */
async function packed(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  await gunzip(bytes).catch((cause) => {
    throw new SyntaxError(`Cannot build the demo as ${path} must be a gzip file`, { cause });
  });
  return bytes.toBase64();
}

/** The code as one classic script; `import_map.json` puts a smaller TensorFlow.js into it. */
async function bundle(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    // deno-fmt-ignore
    args: [
      "bundle", "--quiet", "--frozen", "--platform", "browser", "--format", "iife", "--minify",
      "--import-map", local("import_map.json"), local("browser/main.ts"),
    ],
    cwd: local("../.."),
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`Cannot bundle the demo: ${new TextDecoder().decode(stderr).trim()}`);
}
