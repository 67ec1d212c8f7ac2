import assert from "node:assert/strict";
import { soak, type SoakSample } from "../../benchmarks/soak.ts";
import { startEngine, testWith } from "../_engine.ts";

testWith(["read"], "soak() leaves no tensor behind, round after round", async () => {
  await startEngine();
  const samples: SoakSample[] = [];
  await soak(6, (sample) => void samples.push(sample));
  assert.ok(samples.length >= 1);
  const [first] = samples;
  for (const { tensors, tensorBytes } of samples) {
    assert.deepEqual([tensors, tensorBytes], [first!.tensors, first!.tensorBytes]);
  }
  assert.equal(first!.tensors, 0);
});
