/// <reference lib="dom" />
/**
 * The demo page: its script is bundled from here.
 *
 * @module
 */
import { initEngine } from "../../../engine/init_engine.ts";
import * as tf from "../../../engine/tf.ts";
import type { Flow } from "../../../flows/flow.ts";
import { decodeFlow } from "../../../flows/save_flow.ts";
import { bytesOf, unpack } from "./embedded.ts";
import { startImages } from "./images.ts";
import { find } from "./page.ts";
import { startPlane } from "./plane.ts";
import { setWasmPaths } from "./tf.ts";

/** The builds of TensorFlow.js's wasm binary; the page holds the second one. */
const BINARIES = ["", "-simd", "-threaded-simd"].map((build) => `tfjs-backend-wasm${build}.wasm`);

async function start(): Promise<void> {
  const status = find("demo-status");
  status.textContent = "Starting …";
  try {
    const binary = new Blob([await unpack("wasm")], { type: "application/wasm" });
    const url = URL.createObjectURL(binary);
    setWasmPaths(Object.fromEntries(BINARIES.map((name) => [name, url])));
    // Where a host allows threads TensorFlow.js would start the third one.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    const { backend, gemm, note } = await initEngine();
    URL.revokeObjectURL(url);
    const toy = await decodeFlow(await unpack("toy"), "the flow over the plane");
    describe("demo-plane-note", toy);
    const images = await decodeFlow(await unpack("images"), "the flow over images");
    describe("demo-image-note", images);
    await startPlane(toy.flow);
    await startImages(images.flow, bytesOf(images.metadata.testDigits!));
    for (const button of find("demo").querySelectorAll<HTMLButtonElement>("[data-ready]")) {
      button.disabled = false;
    }
    status.textContent = backend === "cpu"
      ? `Computes in plain JavaScript, which is slow: this browser started no WebAssembly. ${note}`
      : `Computes in WebAssembly on one thread of this machine (${gemm}).`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    status.textContent =
      `The demo cannot run here as ${why}. A current Firefox, Chrome, Edge or Safari should do.`;
  }
}

/** Says what a flow is and how well it fits. */
function describe(
  id: string,
  { flow, metadata }: { flow: Flow; metadata: Readonly<Record<string, string>> },
): void {
  const { unit, testNll, entropyNats } = metadata;
  const score = `${Number(testNll).toFixed(3)} ${unit} on the test set`;
  const floor = entropyNats ? `, of which ${Number(entropyNats).toFixed(3)} are the entropy` : "";
  const params = `${flow.params.toLocaleString("en")} parameters`;
  find(id).textContent = `${params}; ${score}${floor}.`;
}

void start();
