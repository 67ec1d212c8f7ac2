import assert from "node:assert/strict";
import { learningRateAt } from "../../../benchmarks/training/train_config.ts";

Deno.test("learningRateAt() falls along half a cosine to 1 %, or stays", () => {
  const config = { learningRate: 0.2, schedule: "cosine", maxSteps: 1000 } as const;
  const expected: [step: number, rate: number][] = [[0, 0.2], [500, 0.101], [1000, 0.002]];
  for (const [step, rate] of expected) {
    assert.ok(Math.abs(learningRateAt(config, step) - rate) < 1e-12, `step ${step}`);
    assert.equal(learningRateAt({ ...config, schedule: "constant" }, step), 0.2);
  }
});

Deno.test("learningRateAt() starts a cosine again after each restart", () => {
  const config = { learningRate: 0.2, schedule: "cosine", maxSteps: 1000 } as const;
  const again = { ...config, restarts: [400, 700], maxSteps: 1700 };
  const cycles: [start: number, length: number][] = [[0, 400], [400, 300], [700, 1000]];
  for (const [start, length] of cycles) {
    for (const step of [0, 100, length - 1]) {
      const cycle = { ...config, maxSteps: length };
      assert.equal(learningRateAt(again, start + step), learningRateAt(cycle, step));
    }
  }
  assert.equal(learningRateAt(again, 1700), learningRateAt(config, 1000));
});
