import { engineInfo, initEngine } from "../engine/init_engine.ts";

/** Starts the engine again where it has a BLAS library with other threads. */
export async function useThreads(wanted: number): Promise<void> {
  const { backend, threads } = engineInfo();
  if (backend === "wasm+blas" && threads !== wanted) await initEngine({ backend, threads: wanted });
}
