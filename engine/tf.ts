/**
 * The one place where TensorFlow.js is imported. Full `npm:` specifiers, because a module that is
 * imported over HTTP does not see this project's import map. The union package is needed: under
 * Deno `@tensorflow/tfjs-core` alone registers no gradients.
 *
 * @module
 */
export * from "npm:@tensorflow/tfjs@4.22.0";
import "npm:@tensorflow/tfjs-backend-wasm@4.22.0";

/** Registers backend webgpu; loaded only when it is asked for. */
export async function loadWebGpu(): Promise<void> {
  await import("npm:@tensorflow/tfjs-backend-webgpu@4.22.0");
}
