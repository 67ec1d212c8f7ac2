/**
 * Files that anyone may have made: valid ones with changes, and bytes of no meaning. Each is read, or
 * refused with a documented error, in bounded time and memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Checkpoint, FORMAT, type TrainState } from "../../benchmarks/training/checkpoint.ts";
import { toCsv } from "../../benchmarks/tables/csv.ts";
import { parseRecord } from "../../benchmarks/record_file.ts";
import { readIdxBytes } from "../../datasets/_read_idx.ts";
import { slugOf } from "../../datasets/file_name.ts";
import { parseIdx } from "../../datasets/idx.ts";
import { Rng } from "../../engine/rng.ts";
import { FAMILIES, loadFlow, saveFlow } from "../../flows/mod.ts";
import { checksum, decodeSafetensors, encodeSafetensors } from "../../flows/safetensors.ts";
import { startEngine, testWith } from "../_engine.ts";
import { flowOf } from "../_families.ts";
import { fc } from "../_fast_check.ts";
import { inTemporaryFolder, rows } from "../benchmarks/_cli.ts";
import { gzip, idxBytes } from "../datasets/_idx_files.ts";
import { cases, mutated, mutatedText } from "./_mutations.ts";
import { survives, Tally } from "./_survives.ts";

const idxFiles = [
  idxBytes([3], [1, 2, 3]),
  idxBytes([2, 3, 4], Array.from({ length: 24 }, (_, i) => i)),
  idxBytes([5, 28, 28], new Uint8Array(5 * 784)),
];

Deno.test("parseIdx() reads or refuses any change to valid files", async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated(idxFiles), fc.uint8Array({ maxLength: 64 }).map((b) => b.slice())),
      async (bytes) => tally.add(await survives(() => parseIdx(bytes, "a file"))),
    ),
    cases(3_000),
  );
  tally.check();
});

testWith(
  ["read", "write"],
  "readIdxBytes() reads or refuses any change to valid files, plain and compressed",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const tally = new Tally();
      const zipped = await Promise.all(idxFiles.map(gzip));
      const files = fc.oneof(
        mutated(idxFiles).map((bytes) => ({ bytes, name: "a" })),
        mutated(zipped).map((bytes) => ({ bytes, name: "a.gz" })),
        fc.constantFrom(...zipped).map((bytes) => ({ bytes, name: "a.gz" })),
      );
      await fc.assert(
        fc.asyncProperty(files, async ({ bytes, name }) => {
          await Deno.writeFile(`${folder}/${name}`, bytes);
          tally.add(await survives(() => readIdxBytes(`${folder}/${name}`)));
        }),
        cases(1_000),
      );
      tally.check();
    });
  },
);

testWith(
  ["read", "write"],
  "readIdxBytes() refuses a gzip bomb and absurd sizes before it allocates for them",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const promise = (count: number, more: number): Uint8Array<ArrayBuffer> => {
        const bytes = new Uint8Array(8 + more);
        bytes.set(idxBytes([0], []));
        new DataView(bytes.buffer).setUint32(4, count);
        return bytes;
      };
      const cases: [string, Uint8Array<ArrayBuffer>, RegExp][] = [
        ["bomb.gz", await gzip(promise(9, 2 ** 27)), /more bytes follow/],
        ["liar.gz", await gzip(promise(2 ** 28 - 8, 0)), /it is truncated after/],
        ["liar", promise(2 ** 28 - 8, 0), /it is truncated after 8/],
        ["huge", promise(2 ** 32 - 1, 0), /must have at most 268435456 bytes/],
      ];
      for (const [name, bytes, message] of cases) {
        await Deno.writeFile(`${folder}/${name}`, bytes);
        const [before, startMs] = [Deno.memoryUsage().rss, performance.now()];
        await assert.rejects(() => readIdxBytes(`${folder}/${name}`), {
          name: "SyntaxError",
          message,
        });
        const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
        assert.ok(grown < 64, `${name} took ${grown} MiB`);
        assert.ok(performance.now() - startMs < 2_000, `${name} took long`);
      }
    });
  },
);

const tensorFile = encodeSafetensors({
  metadata: { format: "x", note: "α" },
  tensors: new Map([
    ["a", { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, NaN, Infinity) }],
    ["b/c", { shape: [2], values: Int32Array.of(-1, 7) }],
  ]),
});

Deno.test("decodeSafetensors() reads or refuses any change to a valid file", async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated([tensorFile]), fc.uint8Array({ maxLength: 64 }).map((b) => b.slice())),
      async (bytes) => tally.add(await survives(() => decodeSafetensors(bytes, "a file"))),
    ),
    cases(3_000),
  );
  tally.check();
});

testWith(
  ["read", "write"],
  "loadFlow() loads or refuses any change to the config of a saved flow whose checksum is made to match",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/flow.safetensors`;
      const files = [];
      for (const family of Object.keys(FAMILIES)) {
        const options = { eventShape: [2], layers: 1, hidden: [4], logitAlpha: 0.1 };
        using flow = flowOf(family, options, new Rng(0));
        await saveFlow(flow, path);
        files.push(decodeSafetensors(await Deno.readFile(path), path));
      }
      const tally = new Tally();
      const values = fc.oneof(
        fc.constantFrom(null, -1, 0, 0.5, 3, 1e9, 2 ** 53, "", "maf", "../x", true, [], {}, [[]]),
        fc.constantFrom([4, 4], [0], [1e9], ["4"], [2, 2, 1]),
      );
      const configs = fc.constantFrom(...files).chain(({ metadata, tensors }) => {
        const config = JSON.parse(metadata.config!);
        const changed = fc.tuple(fc.constantFrom(...Object.keys(config), "more"), values)
          .map(([key, value]) => JSON.stringify({ ...config, [key]: value }));
        return fc.oneof(changed, mutatedText([metadata.config!]))
          .map((config) => ({ config, tensors }));
      });
      await fc.assert(
        fc.asyncProperty(configs, async ({ config, tensors }) => {
          const sha256 = await checksum(config, tensors);
          const metadata = { format: "flowbench/1", config, sha256 };
          await Deno.writeFile(path, encodeSafetensors({ metadata, tensors }));
          const load = async () => (await loadFlow(path))[Symbol.dispose]();
          tally.add(await survives(load, ["SyntaxError", "RangeError", "TypeError"]));
        }),
        cases(1_000),
      );
      tally.check();
    });
  },
);

testWith(
  ["read", "write"],
  "Checkpoint.read() continues from or refuses any change to a state whose checksum is made to match",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/a.training.safetensors`;
      const state: TrainState = {
        step: 3,
        optimizerSteps: 3,
        draws: { streams: [{ path: "0/batches", words: [1, 2, 3, 4] }], position: 50 },
        lossSum: 1.5,
        lossCount: 3,
        best: { step: 2, validationNats: 1.25 },
        looksWithoutGain: 0,
        curve: [{ step: 2, trainNats: 1, validationNats: 1.25 }],
        looks: [],
        trainSeconds: 0.5,
        peakRss: 1e8,
      };
      const tensors = new Map([["weights/a", { shape: [1], values: Float32Array.of(1) }]]);
      const shapes = new Map([["weights/a", [1]]]);
      const owner = { run: "a" };
      const tally = new Tally();
      const texts = fc.tuple(
        fc.oneof(fc.constant(JSON.stringify(owner)), mutatedText([JSON.stringify(owner)])),
        fc.oneof(fc.constant(JSON.stringify(state)), mutatedText([JSON.stringify(state)])),
      );
      await fc.assert(
        fc.asyncProperty(texts, async ([owner, text]) => {
          const sha256 = await checksum(owner + text, tensors);
          const metadata = { format: FORMAT, owner, state: text, sha256 };
          await Deno.writeFile(path, encodeSafetensors({ metadata, tensors }));
          const reasons: string[] = [];
          const onRefuse = (reason: string) => void reasons.push(reason);
          const found = await new Checkpoint({ run: "a" }, { path, onRefuse }).read(shapes);
          assert.equal(found === null, reasons.length === 1);
          for (const reason of reasons) assert.match(reason, /^Cannot .*: training starts over$/);
          tally.add(found !== null);
        }),
        cases(1_000),
      );
      tally.check();
    });
  },
);

testWith(["read"], "parseRecord() reads or refuses any change to records", async () => {
  const folder = new URL("../../results/reference/runs/", import.meta.url);
  const texts: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/maf|gaussian/.test(name) && /moons|normal2-/.test(name)) {
      const record = JSON.parse(await Deno.readTextFile(new URL(name, folder)));
      record.timings = record.timings.slice(0, 2).map((timing: { samplesMs: number[] }) => ({
        ...timing,
        samplesMs: timing.samplesMs.slice(0, 3),
      }));
      texts.push(JSON.stringify(record));
    }
  }
  assert.ok(texts.length >= 2);
  const { sha256: _, ...older } = { ...JSON.parse(texts[0]!), schema: 1 };
  const run = { ...older.run, dataset: "file:../a b.csv" };
  const runId = older.runId.replace(older.run.dataset, "file_a_b");
  texts.push(JSON.stringify({ ...older, run, runId }));
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(...texts), mutatedText(texts), fc.json()),
      async (text) => {
        const id = /"runId":"([^"]*)"/.exec(text)?.[1] ?? "x";
        tally.add(
          await survives(async () => {
            const { run, runId } = await parseRecord(text, "out", id);
            // What names files stays inside the folder.
            for (const name of [runId, run.family, run.variant, run.suite, slugOf(run.dataset)]) {
              assert.match(name, /^\w[\w.+-]*$/);
            }
            assert.doesNotMatch(run.dataset, /[\p{C},|]/u);
          }),
        );
      },
    ),
    cases(1_000),
  );
  tally.check();
});

Deno.test("toCsv() writes what a reader of CSV reads back, whatever texts are in it", () => {
  const row = fc.record({ a: fc.string(), b: fc.string({ unit: "binary" }), n: fc.nat() });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 4 }), (content) => {
      const csv = toCsv(content, [
        { name: "a", value: ({ a }) => a },
        { name: "b", value: ({ b }) => b },
        { name: "n", value: ({ n }) => n },
      ]);
      const expected = content.map(({ a, b, n }) => ({ a, b, n: String(n) }));
      assert.deepEqual(rows(csv), expected);
    }),
    cases(500),
  );
});
