import assert from "node:assert/strict";
import { listRecords, readRecord, recordPath, writeRecord } from "../../benchmarks/record_file.ts";
import { SCORE_TOLERANCES } from "../../benchmarks/verify.ts";
import { decodeSafetensors } from "../../flows/safetensors.ts";
import { loadFlow, saveFlow } from "../../flows/mod.ts";
import * as tf from "../../engine/tf.ts";
import { testWith } from "../_engine.ts";
import { cli, inTemporaryFolder, rows } from "./_cli.ts";

const TINY = "bench --profile smoke --backend wasm --dataset moons,u2 --suite toy,energy " +
  "--family gaussian,maf,iaf";

testWith(
  ["read", "write"],
  "verify reproduces every score, bit for bit on the same engine and closely on another",
  async () => {
    await inTemporaryFolder(async (out) => {
      assert.equal((await cli(`${TINY} --out ${out}`)).status, 0);
      const same = await cli(`verify ${out} --backend wasm`);
      assert.equal(same.status, 0, same.warned);
      const found = rows(same.printed);
      assert.deepEqual(
        found.map(({ verdict, tolerance }) => [verdict, tolerance]),
        Array(5).fill(["reproduced", "0"]), // 3 on moons, 2 on u2.
      );
      assert.deepEqual(found.map(({ recorded }) => recorded), found.map((row) => row.rescored));

      const other = await cli(`verify ${out} --backend cpu`);
      assert.equal(other.status, 0, other.warned);
      const distances = rows(other.printed).map(({ recorded, rescored, tolerance, verdict }) => {
        assert.equal(verdict, "reproduced");
        assert.ok(Number(tolerance) > 0);
        return Math.abs(Number(recorded) - Number(rescored));
      });
      assert.ok(Math.max(...distances) > 0, "cpu gave the same bits: no test of a tolerance");
    });
  },
);

testWith(
  ["read", "write"],
  "verify finds a tampered record and a tampered flow, with status 1",
  async () => {
    await inTemporaryFolder(async (out) => {
      const args = `${TINY} --family gaussian,maf --out ${out}`;
      assert.equal((await cli(args)).status, 0);
      const [baseline, id] = rows(await Deno.readTextFile(`${out}/quality.csv`))
        .map(({ run_id }) => run_id!) as [string, string];
      const path = recordPath(out, id), saved = `${out}/checkpoints/${id}.safetensors`;
      const [text, bytes] = [await Deno.readTextFile(path), await Deno.readFile(saved)];
      const record = (await readRecord(out, id))!;

      const expectVerdict = async (runId: string, verdict: string, reason: RegExp) => {
        const { status, printed, warned } = await cli(`verify ${out} --backend wasm`);
        assert.equal(status, verdict === "reproduced" ? 0 : 1, warned);
        const row = rows(printed).find(({ run_id }) => run_id === runId)!;
        assert.equal(row.verdict, verdict, warned);
        assert.match(row.reason!, reason);
        await Deno.writeTextFile(path, text);
        await Deno.writeFile(saved, bytes);
      };
      await expectVerdict(id, "reproduced", /^$/);

      // A digit of the score; then with a checksum to match.
      await Deno.writeTextFile(
        path,
        text.replace(/("nllNats": \d\.)(\d)/, (_, a, b) => a + (9 - b)),
      );
      await expectVerdict(
        id,
        "unusable",
        /altered: its checksum differs: remove it or make it again with deno/,
      );
      const scores = record.scores!;
      await writeRecord(out, { ...record, scores: { ...scores, nllNats: scores.nllNats - 1e-9 } });
      await expectVerdict(id, "differs", /^$/);
      for (const score of ["bitsPerDim", "gapNats", "klNats", "params"]) {
        await writeRecord(out, { ...record, scores: { ...scores, [score]: 1 } });
        await expectVerdict(id, "differs", /^$/);
      }
      await writeRecord(out, { ...record, scores: { ...scores, dataHash: "0" } });
      await expectVerdict(id, "unusable", /data must have the hash 0/);
      // An option may be newer than the record; one that it has must be that of the flow.
      const { inversion: _, ...fewer } = record.config!;
      await writeRecord(out, { ...record, config: fewer });
      await expectVerdict(id, "reproduced", /^$/);
      const { layers: _layers, ...without } = record.config!; // The flow's is not the default.
      for (const config of [{ ...fewer, actnorm: false }, without, null]) {
        await writeRecord(out, { ...record, config });
        await expectVerdict(id, "unusable", /not a flow of the record's config/);
      }

      const altered = bytes.slice();
      altered[altered.length - 1]! ^= 1;
      await Deno.writeFile(saved, altered);
      await expectVerdict(id, "unusable", /altered: its checksum differs/);
      await Deno.remove(saved);
      await expectVerdict(id, "unusable", /No such file/);
      {
        // Another flow of the same config, whole and with its checksum right.
        using flow = await loadFlow(saved);
        const kernel = flow.variables.find(({ rank, trainable }) => rank === 2 && trainable)!;
        tf.tidy(() => kernel.assign(tf.mul(kernel, 1.01)));
        await saveFlow(flow, saved);
        assert.equal(decodeSafetensors(bytes, "").tensors.size, flow.variables.length);
      }
      await expectVerdict(id, "differs", /^$/);
      const [energyId] = (await listRecords(out)).filter((id) => id.includes("u2"));
      const fitted = (await readRecord(out, energyId!))!;
      for (const score of ["klNats", "logZ", "logZEstimate", "essFraction"] as const) {
        const energy = { ...fitted.energy!, [score]: fitted.energy![score] + 1e-3 };
        await writeRecord(out, { ...fitted, energy });
        await expectVerdict(energyId!, "differs", /^$/);
        await writeRecord(out, fitted);
      }
      const first = (await readRecord(out, baseline))!;
      await writeRecord(out, { ...first, scores: { ...first.scores!, nllNats: 1 } });
      await expectVerdict(baseline, "differs", /^$/);
    });
  },
);

Deno.test("SCORE_TOLERANCES has an entry for every pair of engines, with the strictest one first", () => {
  const wasm = {
    commit: "e",
    backend: "wasm",
    gemm: "a",
    gemmBuild: "z",
    threads: 1,
    cpu: "c",
    tfjs: "4",
  } as never as Parameters<
    typeof SCORE_TOLERANCES[0]["fits"]
  >[0];
  const toleranceOf = (change: object): number =>
    SCORE_TOLERANCES.find(({ fits }) => fits(wasm, { ...wasm, ...change }))!.relative;
  assert.equal(toleranceOf({}), 0);
  assert.equal(toleranceOf({ cores: 64 }), 0);
  const different = [
    { commit: "f" },
    { cpu: "d" },
    { gemm: "b" },
    { threads: 2 },
    { backend: "cpu" },
    { gemmBuild: "y" },
    { gemmBuild: undefined },
  ];
  for (const change of different) assert.ok(toleranceOf(change) > 0, JSON.stringify(change));
  assert.ok(toleranceOf({ backend: "webgpu" }) > toleranceOf({ backend: "cpu" }));
});
