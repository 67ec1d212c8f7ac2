/**
 * What kills a process, and what may be wrong with the folder that it writes to.
 *
 * @module
 */
import assert from "node:assert/strict";
import { lockFolder } from "../../benchmarks/lock_folder.ts";
import { Rng } from "../../engine/rng.ts";
import { effort } from "../_effort.ts";
import { testWith } from "../_engine.ts";
import { cli, inTemporaryFolder, rows } from "./_cli.ts";
import { decided, run, start, text } from "./_program.ts";

const WORK = "bench --profile smoke --suite toy,energy --dataset moons,u2 --backend wasm " +
  "--threads 1 --checkpoint-seconds 0.05 --out";
const workIn = (out: string): string[] => [...WORK.split(" "), out];
const LITTLE = WORK.replace("--suite", "--family gaussian,nice,maf --suite");
const littleIn = (out: string): string[] => [...LITTLE.split(" "), out];

const KILLS = effort(20, 200);

testWith(
  ["read", "write", "run"],
  `bench that is killed ${KILLS} times at random moments leaves what it leaves undisturbed`,
  async () => {
    await inTemporaryFolder(async (folder) => {
      const startMs = performance.now();
      const whole = await run(workIn(`${folder}/whole`));
      const wholeMs = performance.now() - startMs;
      assert.equal(whole.code, 0, whole.stderr);
      const expected = await decided(`${folder}/whole`);
      assert.ok([...expected.keys()].some((path) => path.startsWith("checkpoints/")));

      const rng = new Rng(6).split("kills");
      let kills = 0, unfinished = 0;
      for (let round = 0; kills < KILLS; round++) {
        const out = `${folder}/${round}`;
        for (let isFinished = false; !isFinished;) {
          const child = start(workIn(out));
          const delay = wholeMs * rng.next(); // Starting takes long on a busy machine.
          // On a slow machine it might never get to its end: so many kills are enough.
          const timer = kills < KILLS ? setTimeout(() => child.kill("SIGKILL"), delay) : undefined;
          const { code, signal, stderr } = await child.output();
          clearTimeout(timer);
          isFinished = code === 0;
          if (isFinished) break;
          assert.equal(signal, "SIGKILL", text(stderr));
          kills++;
          unfinished += await countCheckpoints(out);
        }
        assert.deepEqual(await decided(out), expected, `round ${round}`);
      }
      assert.ok(unfinished > 0, "no kill left a checkpoint to continue from: no test");
      console.log(`${kills} kills, ${unfinished} of them with a run to continue`);
    });
  },
);

async function countCheckpoints(out: string): Promise<number> {
  try {
    const files = await Array.fromAsync(Deno.readDir(`${out}/checkpoints`));
    return files.filter(({ name }) => name.endsWith(".training.safetensors")).length;
  } catch {
    return 0; // Killed before it made the folder.
  }
}

testWith(
  ["read", "write", "run"],
  "SIGINT and SIGTERM leave a checkpoint, status 130, and a run that continues to the same bits",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const args = "bench --profile quick --suite energy --dataset u2 --family nice " +
        "--backend wasm --checkpoint-seconds 1000 --out";
      const argsIn = (out: string): string[] => [...args.split(" "), `${folder}/${out}`];
      assert.equal((await run(argsIn("whole"))).code, 0);
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        const child = start(argsIn(signal));
        // The lock tells that it has begun; then it trains for a second and more.
        while (!await exists(`${folder}/${signal}/.lock`)) await sleep(20);
        await sleep(150);
        child.kill(signal);
        const { code, stderr } = await child.output();
        assert.equal(code, 130, text(stderr));
        assert.equal(await countCheckpoints(`${folder}/${signal}`), 1);
        assert.equal((await run(argsIn(signal))).code, 0);
        assert.deepEqual(await decided(`${folder}/${signal}`), await decided(`${folder}/whole`));
      }
    });
  },
);

testWith(
  ["read", "write", "run"],
  "a second bench on a folder is refused in one line, and the first one loses nothing",
  async () => {
    await inTemporaryFolder(async (out) => {
      const first = start(littleIn(out));
      while (!await exists(`${out}/.lock`)) await sleep(20);
      await sleep(100);
      const second = await run(littleIn(out));
      assert.equal(second.code, 1, second.stderr);
      assert.match(
        second.stderr,
        new RegExp(`Cannot write to ${out} as another process does: .* is process ${first.pid}\\.`),
      );
      const { code } = await first.output();
      assert.equal(code, 0);
      const third = await run(littleIn(out));
      assert.equal(third.code, 0, third.stderr);
    });
  },
);

testWith(["read", "write"], "lockFolder() knows the lock of a dead process for stale", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.lock`, "process 999999999\n");
    await Deno.mkdir(`${folder}/runs`);
    await Deno.writeTextFile(`${folder}/runs/a.json.999999999-3.tmp`, "{");
    {
      using _ = await lockFolder(folder);
      await assert.rejects(() => lockFolder(folder), {
        name: "Busy",
        message: new RegExp(`process ${Deno.pid}\\. Wait for it, or choose another folder`),
      });
      assert.deepEqual([...Deno.readDirSync(`${folder}/runs`)], []);
    }
    using _ = await lockFolder(folder);
  });
});

testWith(
  ["read", "write"],
  "a read-only record is read, and made again with --force",
  async () => {
    await inTemporaryFolder(async (out) => {
      const args =
        `bench --profile smoke --suite toy --dataset moons --family gaussian --out ${out}`;
      assert.equal((await cli(args)).status, 0);
      const [{ run_id }] = rows(await Deno.readTextFile(`${out}/quality.csv`)) as [
        { run_id: string },
      ];
      const path = `${out}/runs/${run_id}.json`;
      await Deno.chmod(path, 0o444);
      const before = await Deno.readTextFile(path);
      assert.equal((await cli(args)).status, 0);
      assert.equal(await Deno.readTextFile(path), before);
      assert.equal((await cli(`${args} --force`)).status, 0);
      assert.notEqual(await Deno.readTextFile(path), before);
    });
  },
);

testWith(
  ["read", "write"],
  "a clock that jumps back changes no result and no duration",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const args = "bench --profile smoke --suite toy --dataset moons --family nice --backend wasm";
      assert.equal((await cli(`${args} --out ${folder}/a`)).status, 0);
      const RealDate = Date;
      let jumps = 0;
      globalThis.Date = class extends RealDate {
        constructor(...given: []) {
          super(...(given.length > 0 ? given : [RealDate.now() - 3_600_000 * ++jumps]) as [number]);
        }
        static override now(): number {
          return RealDate.now() - 3_600_000 * ++jumps;
        }
      } as DateConstructor;
      try {
        assert.equal((await cli(`${args} --out ${folder}/b`)).status, 0);
      } finally {
        globalThis.Date = RealDate;
      }
      assert.ok(jumps > 0, "nobody asked the clock: no test");
      assert.deepEqual(await decided(`${folder}/b`), await decided(`${folder}/a`));
      const [row] = rows(await Deno.readTextFile(`${folder}/b/quality.csv`));
      const seconds = Number(row!.train_seconds);
      assert.ok(seconds > 0 && seconds < 60, `${seconds} s`);
    });
  },
);

testWith(
  ["read", "write", "run"],
  "a full disk and a read-only one are told in one line; with room again the work is finished",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const disk = `${folder}/disk`, out = `${disk}/out`;
      await Deno.mkdir(disk);
      const problem = await mount("-t", "tmpfs", "-o", "size=48k", "tmpfs", disk);
      if (problem !== "") return console.log(`Not tested: a small disk needs root (${problem})`);
      try {
        const full = await run(littleIn(out));
        assert.equal(full.code, 1, full.stderr);
        assert.match(full.stderr, /Cannot write .* as No space left on device/);
        assert.doesNotMatch(full.stderr, /^\s+at /m);
        for await (const { name } of Deno.readDir(`${out}/runs`)) {
          JSON.parse(await Deno.readTextFile(`${out}/runs/${name}`));
        }
        assert.equal(await mount("-o", "remount,ro", disk), "");
        const readOnly = await run(littleIn(out));
        assert.equal(readOnly.code, 2, readOnly.stderr);
        assert.match(readOnly.stderr, /--out must be a folder that can be written.*Read-only/);
        assert.equal(await mount("-o", "remount,rw,size=16m", disk), "");
        const roomy = await run(littleIn(out));
        assert.equal(roomy.code, 0, roomy.stderr);
        assert.equal((await run(littleIn(`${folder}/whole`))).code, 0);
        assert.deepEqual(await decided(out), await decided(`${folder}/whole`));
      } finally {
        await new Deno.Command("umount", { args: [disk] }).output();
      }
    });
  },
);

/** Returns "" or why it failed. */
async function mount(...args: string[]): Promise<string> {
  try {
    const { success, stderr } = await new Deno.Command("mount", { args }).output();
    return success ? "" : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
