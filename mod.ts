/**
 * flowbench: flow-based generative models behind one interface, and a benchmark that scores them by
 * test likelihood, sampling time and density-evaluation time.
 *
 * @example Train a masked autoregressive flow on the two moons
 * ```ts
 * import { createFlow, evaluateFlow, initEngine, loadDataset, Rng, trainFlow } from "@flowbench/flowbench";
 * import assert from "node:assert/strict";
 *
 * await initEngine({ backend: "cpu" });
 * const rng = new Rng(0);
 * const moons = await loadDataset("moons", { counts: { train: 500, validation: 100, test: 500 } });
 * using flow = createFlow("maf", { eventShape: [2], layers: 2, hidden: [16] }, rng.split("init"));
 * const before = await evaluateFlow(flow, moons.splits.test, rng.split("noise"));
 * await trainFlow(flow, moons.splits, { maxSteps: 50, learningRate: 1e-2 }, rng.split("train"));
 * const after = await evaluateFlow(flow, moons.splits.test, rng.split("noise"));
 * assert.ok(after.nllNats < before.nllNats - 0.1);
 * ```
 *
 * @module
 */
export { Adam, type AdamOptions, type AdamStepOptions } from "./engine/adam.ts";
export {
  type EngineInfo,
  engineInfo,
  type EngineOptions,
  initEngine,
} from "./engine/init_engine.ts";
export type { LayerActivation } from "./engine/activation.ts";
export type { DenseLayer } from "./engine/dense.ts";
export type { Mask } from "./engine/mask.ts";
export { Muon, type MuonOptions } from "./engine/muon.ts";
export { Rng, type RngState } from "./engine/rng.ts";
export * from "./flows/mod.ts";
export * from "./datasets/mod.ts";
export * from "./benchmarks/mod.ts";
