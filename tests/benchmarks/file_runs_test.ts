/**
 * A file as a data set, from the command to the tables.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readRecords, recordPath } from "../../benchmarks/record_file.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { loadDataset } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import { testWith } from "../_engine.ts";
import { cliOf, inTemporaryFolder, rows } from "./_cli.ts";
import { run } from "./_program.ts";

/** Points around a parabola. */
function csv(seed = 0, count = 200): string {
  const normal = new Rng(seed).normal(2 * count);
  const line = (i: number): string => {
    const [x, e] = [normal[2 * i]!, normal[2 * i + 1]!];
    return `${x},${100 + 20 * (x * x + 0.1 * e)}`;
  };
  return `x,y\n${Array.from({ length: count }, (_, i) => line(i)).join("\n")}\n`;
}

const TINY = ["--profile", "smoke", "--backend", "cpu", "--jobs", "1"];

Deno.test("planRuns() plans all families on a file with the budgets of the toys", () => {
  const name = "file:../some data.csv";
  for (const profile of ["smoke", "quick", "paper"] as const) {
    const plan = planRuns({ profile, datasets: [name] });
    const toys = planRuns({ profile, suites: ["toy"], datasets: ["moons"] });
    assert.deepEqual(
      plan,
      toys.map((run) => {
        const { counts: _, ...rest } = run as typeof run & { counts: unknown };
        return { ...rest, suite: "file", dataset: name };
      }),
    );
  }
  const both = planRuns({ profile: "smoke", datasets: ["moons", name, "file:b.npy"] });
  assert.deepEqual([...new Set(both.map(({ dataset }) => dataset))], ["moons", name, "file:b.npy"]);
  const twice = planRuns({ profile: "smoke", datasets: [name, name] });
  assert.deepEqual(twice, planRuns({ profile: "smoke", datasets: [name] }));
  assert.deepEqual(planRuns({ profile: "smoke", suites: ["toy"], datasets: [name] }), []);
  assert.deepEqual(planRuns({ profile: "smoke", suites: ["file"] }), []);
  assert.ok(planRuns({ profile: "smoke" }).every(({ suite }) => suite !== "file"));
  assert.throws(() => planRuns({ profile: "smoke", datasets: ["file:a.txt"] }), {
    name: "RangeError",
  });
});

testWith(
  ["read", "write"],
  "bench refuses a file that one seed of several cannot use",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/once.csv`;
      // One row alone differs: it is trained on by most seeds, and held out by some.
      await Deno.writeTextFile(
        path,
        Array.from({ length: 40 }, (_, i) => `${i},${+(i === 7)}\n`).join(""),
      );
      const canUse = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((seed) =>
          loadDataset(`file:${path}`, { seed }).then(() => true, () => false)
        ),
      );
      const [good, bad] = [canUse.indexOf(true), canUse.indexOf(false)];
      assert.ok(good >= 0 && bad >= 0, `${canUse}`);
      const args = ["bench", ...TINY, "--dataset", `file:${path}`, "--seed", `${good},${bad}`];
      const { status, warned } = await cliOf([...args, "--out", `${folder}/out`]);
      assert.equal(status, 2);
      assert.match(warned, /column 2 must vary over the training rows: all 32 are 0$/);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["once.csv"]);
    });
  },
);

testWith(["read", "write"], "bench refuses a file that it cannot use before any work", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/short.csv`, "1,2\n3,4\n");
    await Deno.writeTextFile(`${folder}/bad.csv`, csv() + "1,2,3\n");
    await Deno.writeTextFile(`${folder}/flat.csv`, csv().replaceAll(/,[\d.]+\n/g, ",1\n"));
    await Deno.writeTextFile(`${folder}/text.npy`, csv());
    const files = [...Deno.readDirSync(folder)].length;
    const cases: [string, RegExp][] = [
      [`${folder}/missing.csv`, /^Cannot open .*missing\.csv as there is no such file$/],
      ["", /^Cannot use a file as a data set .*: current value is "file:"$/],
      [`${folder}/short`, /ends in \.csv or \.npy: current value is "file:.*short"$/],
      [`${folder}/short.csv`, /at least 20 rows: current count is 2$/],
      [`${folder}/bad.csv`, /as line 202 has 3 numbers where line 1 has 2$/],
      [`${folder}/flat.csv`, /as column "y" must vary over the training rows: all 160 are 1$/],
      [`${folder}/text.npy`, /must begin with \\x93NUMPY/],
    ];
    for (const [path, message] of cases) {
      for (const list of [[], ["--list"]]) {
        const args = ["bench", ...TINY, "--dataset", `moons,file:${path}`, ...list];
        const { status, printed, warned } = await cliOf([...args, "--out", `${folder}/out`]);
        assert.equal(status, 2, warned);
        assert.match(warned, message);
        assert.equal(warned.split("\n").length, 1);
        assert.equal(printed, "");
      }
    }
    assert.equal([...Deno.readDirSync(folder)].length, files, "there is a folder of results");
  });
});

testWith(
  ["read", "write"],
  "bench scores flows on a file, verify reproduces them, and a changed file makes them stale",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/it's my data.csv`, out = `${folder}/out`;
      const name = `file:${path}`;
      await Deno.writeTextFile(path, csv());
      const bench = (...more: string[]) =>
        cliOf(["bench", ...TINY, "--dataset", name, "--out", out, ...more]);
      const statuses = async () =>
        rows((await bench("--family", "gaussian,maf", "--list")).printed)
          .map(({ family, status }) => `${family} ${status}`);
      const verdicts = async (dir = out) =>
        rows((await cliOf(["verify", dir, "--backend", "cpu"])).printed)
          .map(({ verdict, reason }) => `${verdict} ${reason}`);

      assert.deepEqual(await statuses(), ["gaussian planned", "maf planned"]);
      const { status, warned, printed } = await bench("--family", "gaussian,maf");
      assert.equal(status, 0, warned);
      assert.match(printed, /file: columns standardised by their training rows/);
      assert.deepEqual(await statuses(), ["gaussian ok", "maf ok"]);
      const [gaussian, maf] = rows(await Deno.readTextFile(`${out}/quality.csv`));
      assert.match(maf!.run_id!, /^smoke-file_it_s_my_data-maf-flat-s0-[0-9a-f]{10}$/);
      assert.deepEqual([maf!.suite, maf!.dataset, maf!.dim, maf!.space, maf!.floor_nats], [
        "file",
        name,
        "2",
        "data",
        "",
      ]);
      assert.ok(Number(maf!.nll_nats) < Number(gaussian!.nll_nats) - 0.2);
      const made = [...await namesIn(`${out}/runs`), ...await namesIn(`${out}/checkpoints`)];
      assert.ok(made.length === 3 && made.every((file) => /^[\w.-]+$/.test(file)), made.join());
      const [record] = await readRecords(out);
      const { means, standardDeviations } = record!.scores!.standardization!;
      assert.ok(Math.abs(means[1]! - 120) < 10 && Math.abs(standardDeviations[1]! - 28) < 10);
      assert.deepEqual(await verdicts(), ["reproduced ", "reproduced "]);

      const before = await Deno.readTextFile(recordPath(out, maf!.run_id!));
      await bench("--family", "gaussian,maf");
      assert.equal(await Deno.readTextFile(recordPath(out, maf!.run_id!)), before, "made again");

      const command = "--family maf --variant flat --dataset " +
        `'file:${folder}/it'\\''s my data.csv' --seed 0 --backend cpu --force --out`;
      await Deno.writeTextFile(recordPath(out, maf!.run_id!), before.replace('"ok"', '"OK"'));
      assert.ok((await bench()).warned.includes(command));
      await Deno.writeTextFile(recordPath(out, maf!.run_id!), before);

      await Deno.writeTextFile(path, csv(1));
      assert.deepEqual(await statuses(), ["gaussian stale", "maf stale"]);
      for (const verdict of await verdicts()) {
        assert.match(
          verdict,
          /^unusable Cannot verify a score on .* as the data must have the hash/,
        );
      }
      assert.equal((await bench("--family", "gaussian,maf")).status, 0);
      const again = rows(await Deno.readTextFile(`${out}/quality.csv`));
      assert.equal(again.length, 2);
      assert.ok(again.every(({ run_id }, i) => run_id !== [gaussian, maf][i]!.run_id));

      await Deno.remove(path);
      for (const verdict of await verdicts()) assert.match(verdict, /^unusable .*no such file$/);
      const merged = await cliOf(["bench", "merge", out, "--out", `${folder}/merged`]);
      assert.equal(merged.status, 0, merged.warned);
      assert.equal((await readRecords(`${folder}/merged`)).length, 4);
      assert.deepEqual(rows(await Deno.readTextFile(`${folder}/merged/quality.csv`)), again);
    });
  },
);

testWith(
  ["read", "write", "run"],
  "bench --jobs 2 makes the same of a file as --jobs 1",
  async () => {
    await inTemporaryFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/a.csv`, csv());
      const scores = async (jobs: string): Promise<(string | undefined)[]> => {
        const out = `${folder}/${jobs}`, name = `file:${folder}/a.csv`;
        const args = ["--dataset", name, "--family", "gaussian,nice,maf", "--out", out];
        const engine = ["--backend", "wasm", "--threads", "1", "--jobs", jobs];
        const { code, stderr } = await run(["bench", "--profile", "smoke", ...args, ...engine]);
        assert.equal(code, 0, stderr);
        return rows(await Deno.readTextFile(`${out}/quality.csv`)).map((row) => row.nll_nats);
      };
      const one = await scores("1");
      assert.equal(one.length, 3);
      assert.deepEqual(await scores("2"), one);
    });
  },
);

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
