import assert from "node:assert/strict";
import { runBenchmark } from "../../benchmarks/run_benchmark.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { startEngine, testWith } from "../_engine.ts";
import { inTemporaryFolder } from "./_cli.ts";
import { readRecords } from "../../benchmarks/record_file.ts";
import { decided, run, start, text } from "./_program.ts";

const WORK = "bench --profile smoke --suite toy --dataset moons --family gaussian,nice,maf " +
  "--backend wasm --checkpoint-seconds 0.05 --out";
const workIn = (out: string, jobs: number): string[] => [
  ...WORK.split(" "),
  out,
  "--jobs",
  String(jobs),
];

testWith(
  ["read", "write", "run"],
  "bench --jobs 2 gives what --jobs 1 gives, also when it is killed or interrupted",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const one = await run(workIn(`${folder}/one`, 1));
      assert.equal(one.code, 0, one.stderr);
      const two = await run(workIn(`${folder}/two`, 2));
      assert.equal(two.code, 0, two.stderr);
      const expected = await decided(`${folder}/one`);
      assert.deepEqual(await decided(`${folder}/two`), expected);

      for (const signal of ["SIGKILL", "SIGINT"] as const) {
        const out = `${folder}/${signal}`;
        const child = start(workIn(out, 2));
        while (!await hasFiles(`${out}/checkpoints`)) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        child.kill(signal);
        const { code, signal: killed, stderr } = await child.output();
        assert.ok(signal === "SIGKILL" ? killed === signal : code === 130, text(stderr));
        // Orphans have ended: they hold the pipe that output() reads to its end.
        const rest = await run(workIn(out, 2));
        assert.equal(rest.code, 0, rest.stderr);
        assert.deepEqual(await decided(out), expected);
      }
    });
  },
);

testWith(
  ["read", "write", "run"],
  "bench --jobs 2 works from a folder with a space and an umlaut in its name",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const repository = `${folder}/my Fl\u00fcsse`, out = `${folder}/out`;
      await Deno.symlink(new URL("../..", import.meta.url), repository);
      const program = ["--config", `${repository}/deno.json`, `${repository}/benchmarks/main.ts`];
      const { code, stderr } = await new Deno.Command("deno", {
        args: ["run", "-P=bench", "--no-prompt", ...program, ...workIn(out, 2)],
        env: { NO_COLOR: "1" },
      }).output();
      assert.equal(code, 0, text(stderr));
      assert.equal((await readRecords(out)).length, 3);
    });
  },
);

testWith(["read", "write"], "runBenchmark() refuses a run twice, before any work", async () => {
  await startEngine();
  await inTemporaryFolder(async (folder) => {
    const selection = { suites: ["toy"], datasets: ["moons"], families: ["gaussian"] };
    const plan = planRuns({ profile: "smoke", ...selection });
    const longer = plan.map((run) => ({ ...run, expectedSeconds: 99, tuned: "" }));
    for (const jobs of [1, 2]) {
      await assert.rejects(runBenchmark([...plan, ...longer], { out: `${folder}/out`, jobs }), {
        name: "RangeError",
        message:
          /^Cannot make .* must be there once: current plan has smoke-moons-gaussian-.* twice/,
      });
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

async function hasFiles(folder: string): Promise<boolean> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).length > 0;
  } catch {
    return false;
  }
}

testWith(
  ["read", "write", "run"],
  "bench trains with one thread, whatever --jobs is, and times with all or those asked for",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const args = "bench --profile smoke --suite toy,tradeoff --family nice";
      for (
        const [more, train, time] of [["", 1, 0], ["--jobs 1", 1, 0], [
          "--threads 3",
          3,
          3,
        ]] as const
      ) {
        const out = `${folder}/${more}`;
        const { code, stderr } = await run(
          [...args.split(" "), ...more.split(" "), "--out", out].filter(Boolean),
        );
        assert.equal(code, 0, stderr);
        for (const { run: { kind }, environment: { backend, threads } } of await readRecords(out)) {
          const wanted = kind === "timing" ? time || navigator.hardwareConcurrency : train;
          assert.equal(threads, backend === "wasm+blas" ? wanted : 1, `${kind} with ${more}`);
        }
      }
    });
  },
);
