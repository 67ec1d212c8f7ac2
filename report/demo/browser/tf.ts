/**
 * What takes the place of `engine/tf.ts` in the browser: its core and two backends, without layers,
 * data and WebGL. The import map beside the build says so.
 *
 * @module
 */
import { version_core } from "npm:@tensorflow/tfjs-core@4.22.0";
import "npm:@tensorflow/tfjs-backend-cpu@4.22.0";
import "npm:@tensorflow/tfjs-backend-wasm@4.22.0";

export * from "npm:@tensorflow/tfjs-core@4.22.0";
export { setWasmPaths } from "npm:@tensorflow/tfjs-backend-wasm@4.22.0";

export const version = { tfjs: version_core };

/** There is none here. */
export function loadWebGpu(): Promise<void> {
  return Promise.reject(new Error('Cannot start engine "webgpu" as this page does without it'));
}
