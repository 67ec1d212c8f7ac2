import assert from "node:assert/strict";
import { Checkpoint } from "../../../benchmarks/training/checkpoint.ts";
import type {
  TrainHooks,
  TrainProgress,
  TrainResult,
} from "../../../benchmarks/training/optimize.ts";
import { trainByReverseKl } from "../../../benchmarks/training/train_by_reverse_kl.ts";
import { trainFlow } from "../../../benchmarks/training/train_flow.ts";
import { ENERGIES, loadDataset, type Rows } from "../../../datasets/mod.ts";
import { Rng } from "../../../engine/rng.ts";
import { FAMILIES } from "../../../flows/mod.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../flows/safetensors.ts";
import { startEngine, testWith } from "../../_engine.ts";
import { flowOf } from "../../_families.ts";
import { inTemporaryFolder } from "../_cli.ts";

const options = {
  batch: 50,
  maxSteps: 2_000,
  validateEvery: 70,
  patience: 100,
  learningRate: 0.02,
  weightDecay: 0.1,
};
const owner = { run: "a", backend: "wasm" };

/** Trains a new flow; returns all that training decides. */
type Train = (hooks: TrainHooks) => Promise<{ result: TrainResult; weights: Float32Array[] }>;

const { splits } = await loadDataset("moons", {
  counts: { train: 620, validation: 100, test: 1 },
});
/** 8-bit data, so that noise is drawn too. */
const bytes = (count: number): Rows => ({
  count,
  dim: 2,
  levels: 256,
  labels: null,
  values: Uint8Array.from({ length: 2 * count }, (_, i) => (i * i) % 251),
});

function trainerOf(
  family: string,
  kind: "data" | "bytes" | "energy",
  optimizer: "adam" | "muon" = "adam",
): Train {
  return async (hooks) => {
    const logitAlpha = kind === "bytes" ? 1e-6 : null;
    const shape = { eventShape: [2], layers: 2, hidden: [16], logitAlpha };
    using flow = flowOf(family, shape, new Rng(0));
    const result = kind === "energy"
      ? await trainByReverseKl(
        flow,
        ENERGIES["u2"]!,
        { ...options, validationCount: 100 },
        new Rng(1),
        hooks,
      )
      : await trainFlow(
        flow,
        kind === "bytes" ? { train: bytes(620), validation: bytes(100) } : splits,
        { ...options, optimizer },
        new Rng(1),
        hooks,
      );
    const weights = await Promise.all(flow.variables.map((variable) => variable.data()));
    return { result, weights: weights.map((values) => Float32Array.from(values)) };
  };
}

/** All but what is measured. */
function decided({ result, weights }: Awaited<ReturnType<Train>>): unknown {
  const { trainSeconds: _, peakRssMib: __, ...rest } = result;
  return { ...rest, weights };
}

/** Trains with an interruption every few hundred milliseconds; returns how many there were. */
async function trainInPieces(
  train: Train,
  path: string,
): Promise<{ outcome: Awaited<ReturnType<Train>>; interruptions: number }> {
  let step = 0;
  for (let interruptions = 0;; interruptions++) {
    const checkpoint = new Checkpoint(owner, {
      path,
      onRefuse: (reason) => assert.fail(reason),
    });
    const signal = AbortSignal.timeout(150);
    const onLook = (step: number) => [step / 7];
    const firstSteps = new Set([step]);
    const onProgress = (progress: TrainProgress) => {
      firstSteps.add(progress.firstStep);
      step = progress.step;
    };
    try {
      return { outcome: await train({ checkpoint, signal, onLook, onProgress }), interruptions };
    } catch (error) {
      assert.ok(signal.aborted, String(error));
    } finally {
      assert.equal(firstSteps.size, 1, `continued from ${[...firstSteps]}`);
    }
  }
}

for (
  const [family, kind, optimizer] of [
    ...Object.keys(FAMILIES).map((family) => [family, "data"] as const),
    ["realnvp", "data", "muon"] as const,
    ["maf", "bytes"] as const,
    ["glow", "energy"] as const,
    ["iaf", "energy"] as const,
  ]
) {
  testWith(
    ["read", "write"],
    `training of ${family} on ${kind}${
      optimizer ? ` by ${optimizer}` : ""
    } that is interrupted and continued gives the same bits`,
    async () => {
      await startEngine();
      await inTemporaryFolder(async (folder) => {
        const train = trainerOf(family, kind, optimizer);
        const whole = await train({ onLook: (step) => [step / 7] });
        const path = `${folder}/a.training.safetensors`;
        const { outcome, interruptions } = await trainInPieces(train, path);
        assert.ok(interruptions >= 1, "was never interrupted: no test");
        assert.deepEqual(decided(outcome), decided(whole));
        assert.equal(outcome.result.looks.length, 1 + outcome.result.curve.length);
        assert.ok(outcome.result.trainSeconds > 0.15 * interruptions, "forgot the earlier parts");
      });
    },
  );
}

testWith(
  ["read", "write"],
  "a checkpoint that was truncated, altered, or is of another run or engine is refused by name",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/a.training.safetensors`;
      const train = trainerOf("realnvp", "data");
      const signal = AbortSignal.timeout(100);
      const checkpoint = new Checkpoint(owner, { path });
      await assert.rejects(() => train({ checkpoint, signal }), { name: "TimeoutError" });
      const whole = await Deno.readFile(path);
      const fresh = decided(await train({}));

      const refusalOf = async (
        content: Uint8Array<ArrayBuffer>,
        current: Record<string, string> = owner,
      ): Promise<string> => {
        await Deno.writeFile(path, content);
        const reasons: string[] = [];
        const onRefuse = (reason: string) => void reasons.push(reason);
        const checkpoint = new Checkpoint(current, { path, onRefuse });
        assert.deepEqual(decided(await train({ checkpoint })), fresh);
        return reasons.join("\n");
      };
      assert.match(await refusalOf(whole.slice(0, 100)), /as a safetensors file.*truncated/);
      assert.match(await refusalOf(whole.slice(0, -1)), /truncated.*: training starts over$/);
      assert.match(await refusalOf(new Uint8Array()), /shorter/);
      const altered = whole.slice();
      altered[altered.length - 5]! ^= 1;
      assert.match(await refusalOf(altered), /altered: its checksum differs/);
      const { metadata, tensors } = decodeSafetensors(whole, path);
      const state = metadata.state!.replace(/"step":\d+/, '"step":0');
      assert.match(
        await refusalOf(encodeSafetensors({ metadata: { ...metadata, state }, tensors })),
        /altered/,
      );
      const old = { ...metadata, format: "flowbench-training/1" };
      assert.match(
        await refusalOf(encodeSafetensors({ metadata: old, tensors })),
        /its format must be .*: current value is "flowbench-training\/1": training starts over$/,
      );
      assert.match(
        await refusalOf(whole, { ...owner, run: "b" }),
        /its run must be b: current value is a/,
      );
      assert.match(
        await refusalOf(whole, { ...owner, backend: "cpu" }),
        /its backend must be cpu: current value is wasm: training starts over/,
      );
      assert.equal(await refusalOf(whole), "");

      await Deno.writeFile(path, whole);
      const onLook = (step: number) => [step];
      const startOver = new Checkpoint(owner, { path, resume: false });
      const { result } = await train({ checkpoint: startOver, onLook });
      assert.equal(result.looks[0]!.step, 0, "resume: false continued");
    });
  },
);

testWith(
  ["write", "read"],
  "Checkpoint waits for its interval, longer where writing is slow",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const due = new Checkpoint(owner, { path: `${folder}/a`, everySeconds: 1e-9 });
      assert.equal(due.isDue, true);
      assert.equal(new Checkpoint(owner, { path: `${folder}/b` }).isDue, false);
      const values = new Float32Array(2 ** 20);
      const state = { draws: { streams: [], position: 0 } } as never;
      const start = performance.now();
      const tensors = new Map([["weights/a", { shape: [2 ** 20], values }]]);
      await due.write(state, () => Promise.resolve(tensors));
      const costMs = performance.now() - start;
      assert.equal(due.isDue, false);
      // Writing takes at most 1 % of the time.
      await new Promise((resolve) => setTimeout(resolve, Math.min(10 * costMs, 200)));
      assert.equal(due.isDue, false, `after ${10 * costMs} ms`);
    });
  },
);
