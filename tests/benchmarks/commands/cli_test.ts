import assert from "node:assert/strict";
import { FAMILIES } from "../../../flows/mod.ts";
import { testWith } from "../../_engine.ts";
import { cli, inTemporaryFolder, rows } from "../_cli.ts";

const TINY = "bench --profile smoke --suite toy --dataset moons --backend cpu";

Deno.test("bench refuses a mistake in one line, with the nearest valid name and status 2", async () => {
  const cases: [string, RegExp][] = [
    ["bench --profile quik", /--profile must be of smoke, quick, paper.*"quik".*"quick"/],
    ["bench --family maff", /--family must be of .*"maff".*"maf"/],
    ["bench --dataset moon,rings", /--dataset must be of .*"moon".*"moons"/],
    [
      "bench --suite toys",
      /--suite must be of toy, mnist, report, energy, tradeoff.*"toys".*"toy"/,
    ],
    ["bench --dataset u5", /--dataset must be of moons.*, u1, u2, u3, u4.*"u5".*"u\d"/],
    ["bench --seed 0,x", /--seed must be integers >= 0.*"x"/],
    ["bench --seed -1", /--seed/],
    ["bench --seed=", /--seed must be integers/],
    [
      "bench --backend wsam",
      /--backend must be of auto, cpu, wasm, wasm\+blas, webgpu.*"wsam".*"wasm"/,
    ],
    ["bench --threads two", /--threads must be an integer >= 1: current value is "two"/],
    ["bench --shard 3/2", /--shard must be i\/n/],
    ["bench --checkpoint-seconds 0", /--checkpoint-seconds must be > 0: current value is "0"/],
    ["bench merge --out x", /missing required argument 'dirs'/],
    ["bench merge tests --out=", /--out must name a folder: current value is ""/],
    ["bench merge tests --out /proc/x", /--out must be a folder that can be written/],
    ["bench merge tests", /required option '--out <dir>' not specified/],
    ["bench compare a", /missing required argument 'b'/],
    ["bench compare /no/a /no/b", /An output folder must be a folder that exists.*\/no\/a/],
    ["bench compare a b --max-nats -1", /--max-nats must be >= 0: current value is "-1"/],
    ["bench compare a b --max-bits=", /--max-bits must be >= 0: current value is ""/],
    ["bench compare a b --max-time-ratio 0.9", /--max-time-ratio must be >= 1.*"0.9"/],
    ["verify", /missing required argument 'dir'/],
    ["verify /no/such/folder", /must be a folder that exists.*no\/such\/folder/],
    ["bench --jobs 0", /--jobs must be an integer >= 1: current value is "0"/],
    ["bench --fmaily maf", /unknown option '--fmaily'.*--family/],
    ["bench extra", /too many arguments/],
    ["bnech", /unknown command 'bnech'.*bench/],
    ["tables", /missing required argument 'dir'/],
    ["bench --suite mnist --dataset moons", /No run is left/],
    ["bench --suite toy --dataset u1", /No run is left/],
  ];
  for (const [args, message] of cases) {
    const { status, printed, warned } = await cli(args);
    assert.equal(status, 2, `${args}: ${warned}`);
    assert.match(warned, message);
    assert.equal(warned.split("\n").length, 1, args);
    assert.equal(printed, "");
  }
});

testWith(
  ["read"],
  "tables and verify refuse a folder that is not there, or is no output",
  async () => {
    const cases: [string, RegExp][] = [
      ["tables /no/such/folder", /a folder that exists.*no\/such\/folder/],
      ["verify tests", /must hold records: there are none in "tests\/runs"/],
    ];
    for (const [args, message] of cases) {
      const { status, warned } = await cli(args);
      assert.equal(status, 2);
      assert.match(warned, message);
    }
  },
);

testWith(["read", "write"], "bench refuses folders it cannot use before any work", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "");
    const cases: [string, RegExp][] = [
      ["--out=", /--out must name a folder/],
      [`--out ${file}`, /--out must be a folder that can be written: current value is ".*file"/],
      [`--out ${folder}/new --mnist-dir ${file}`, /--mnist-dir must be a folder that exists/],
      [`--out ${folder}/new --mnist-dir /no/such/folder`, /--mnist-dir must be a folder/],
    ];
    for (const [options, message] of cases) {
      const { status, warned } = await cli(`${TINY} --family maf ${options}`);
      assert.equal(status, 2, `${options}: ${warned}`);
      assert.match(warned, message);
    }
    assert.equal(await Deno.readTextFile(file), "");
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["file"]);
  });
});

Deno.test("bench --help tells the options and has status 0", async () => {
  const { status, printed } = await cli("bench --help");
  assert.equal(status, 0);
  for (
    const option of ["profile", "suite", "family", "dataset", "seed", "backend", "out", "shard"]
  ) {
    assert.match(printed, new RegExp(`--${option} `));
  }
});

testWith(["read"], "bench --list prints the planned runs as CSV and runs nothing", async () => {
  await inNowhere(async (out) => {
    const { status, printed } = await cli(`${TINY} --list --seed 0,3,0,03 --out ${out}`);
    assert.equal(status, 0);
    const list = rows(printed);
    assert.deepEqual(
      list.map(({ family, seed, status }) => `${family} ${seed} ${status}`),
      ["gaussian 0 planned"].concat(
        Object.keys(FAMILIES).flatMap((family) =>
          [0, 3].map((seed) => `${family} ${seed} planned`)
        ),
      ),
    );
    assert.equal(new Set(list.map(({ run_id }) => run_id)).size, list.length);
    await assert.rejects(() => Deno.stat(out), { name: "NotFound" });
  });
});

testWith(
  ["read"],
  "bench --shard splits the plan into disjoint parts that make it whole",
  async () => {
    const list = async (more: string): Promise<string[]> => {
      const { printed } = await cli(`bench --list --out /no/such/folder ${more}`);
      return rows(printed).map(({ run_id }) => run_id!);
    };
    const all = await list("");
    for (const n of [1, 2, 7]) {
      const parts = await Promise.all(
        Array.from({ length: n }, (_, i) => list(`--shard ${i + 1}/${n}`)),
      );
      assert.deepEqual(parts.flat().sort(), all.toSorted());
    }
  },
);

testWith(
  ["read", "write"],
  "bench writes records and tables with the columns of the contract, and skips what is finished",
  async () => {
    await inTemporaryFolder(async (out) => {
      const first = await cli(`${TINY} --family gaussian,maf --out ${out}`);
      assert.equal(first.status, 0, first.warned);
      assert.match(first.warned, /\[2\/2\] maf on moons/);
      const quality = await Deno.readTextFile(`${out}/quality.csv`);
      assert.ok(quality.startsWith(
        "run_id,suite,profile,dataset,dim,family,variant,layers,hidden,params,seed,status,epochs," +
          "steps,train_seconds,nll_nats,nll_se,space,bits_per_dim,floor_nats,gap_nats," +
          "roundtrip_max_error,backend,gemm,threads,cpu,deno,tfjs,commit,started_at",
      ));
      const [gaussian, maf] = rows(quality);
      // The mean lies between the worst and the best test point, and one point can be far off.
      const [worst, median, best] = ["min", "median", "max"].map((which) =>
        Number(maf![`log_prob_${which}`])
      );
      assert.ok(worst! < -Number(maf!.nll_nats) && -Number(maf!.nll_nats) < best!);
      assert.ok(worst! < median! && median! < best!);
      assert.equal(gaussian!.family, "gaussian");
      assert.equal(maf!.status, "ok");
      assert.equal(maf!.hidden, "32");
      const [nll, floor, gap] = ["nll_nats", "floor_nats", "gap_nats"].map((name) =>
        Number(maf![name])
      );
      assert.ok(nll! > floor! - 0.1 && nll! < Number(gaussian!.nll_nats));
      assert.ok(Math.abs(nll! - floor! - gap!) < 1e-9);
      assert.ok(Math.abs(Number(maf!.bits_per_dim) - nll! / (2 * Math.LN2)) < 1e-9);
      assert.ok(Math.abs(Number(maf!.kl_nats) - gap!) < 5 * Number(maf!.nll_se));
      assert.doesNotMatch(quality, /NaN|null|undefined|Infinity/);
      const timing = await Deno.readTextFile(`${out}/timing.csv`);
      assert.ok(timing.startsWith(
        "run_id,dataset,dim,family,op,method,batch,repeats,warmup,min_ms,p10_ms,median_ms,p90_ms," +
          "mean_ms,per_example_ms,passes,backend,gemm,threads,cpu",
      ));

      const path = `${out}/runs/${maf!.run_id}.json`;
      const record = await Deno.readTextFile(path);
      const second = await cli(`${TINY} --family gaussian,maf --out ${out}`);
      assert.equal(second.status, 0);
      assert.equal(await Deno.readTextFile(path), record, "a finished run was made again");
      assert.equal(await Deno.readTextFile(`${out}/quality.csv`), quality);

      const forced = await cli(`${TINY} --family maf --force --out ${out}`);
      assert.equal(forced.status, 0);
      assert.notEqual(await Deno.readTextFile(path), record, "--force made nothing");
      const [, again] = rows(await Deno.readTextFile(`${out}/quality.csv`));
      assert.equal(again!.nll_nats, maf!.nll_nats);

      await Deno.remove(`${out}/quality.csv`);
      const tables = await cli(`tables ${out}`);
      assert.equal(tables.status, 0);
      assert.equal(rows(await Deno.readTextFile(`${out}/quality.csv`)).length, 2);
    });
  },
);

testWith(
  ["read", "write"],
  "bench --suite energy writes energy.csv with the columns of the contract, and skips what is finished",
  async () => {
    await inTemporaryFolder(async (out) => {
      const args = `bench --profile smoke --suite energy --dataset u2 --family iaf --out ${out}`;
      const first = await cli(`${args} --backend cpu`);
      assert.equal(first.status, 0, first.warned);
      assert.match(first.warned, /\[1\/1\] iaf on u2 \(seed 0\): KL \d\.\d+ nats, ESS [\d.]+ %/);
      assert.match(first.printed, /KL, nats \(ESS\)/);
      const csv = await Deno.readTextFile(`${out}/energy.csv`);
      assert.equal(
        csv.split("\n")[0],
        "run_id,suite,profile,dataset,dim,family,variant,layers,hidden,params,seed,status,steps," +
          "train_seconds,kl_nats,kl_se,ess_fraction,log_z,log_z_error,log_z_estimate," +
          "log_z_estimate_se,backend,gemm,threads,cpu,deno,tfjs,commit,started_at,reason,gemm_build",
      );
      const [row, ...more] = rows(csv);
      assert.equal(more.length, 0);
      assert.deepEqual(
        [row!.dataset, row!.dim, row!.family, row!.hidden, row!.status, row!.backend],
        ["u2", "2", "iaf", "32", "ok", "cpu"],
      );
      assert.ok(Number(row!.kl_nats) > 0 && Number(row!.ess_fraction) <= 1);
      assert.doesNotMatch(csv, /NaN|null|undefined|Infinity/);
      await Deno.stat(`${out}/checkpoints/${row!.run_id}.safetensors`);
      assert.equal(rows(await Deno.readTextFile(`${out}/quality.csv`)).length, 0);

      const path = `${out}/runs/${row!.run_id}.json`;
      const record = await Deno.readTextFile(path);
      assert.equal((await cli(`${args} --backend cpu`)).status, 0);
      assert.equal(await Deno.readTextFile(path), record, "a finished run was made again");
      await cli(`${args} --backend cpu --force`);
      const [again] = rows(await Deno.readTextFile(`${out}/energy.csv`));
      assert.equal(again!.kl_nats, row!.kl_nats, "other bits");
    });
  },
);

testWith(
  ["read", "write"],
  "bench that is aborted has status 130 and keeps whole files only",
  async () => {
    await inTemporaryFolder(async (out) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 1_500);
      const { status } = await cli(
        `bench --profile quick --suite toy --backend cpu --jobs 1 --out ${out}`,
        controller.signal,
      );
      assert.equal(status, 130);
      for await (const { name } of Deno.readDir(`${out}/runs`)) {
        assert.ok(name.endsWith(".json"), name);
        JSON.parse(await Deno.readTextFile(`${out}/runs/${name}`));
      }
      assert.match(await Deno.readTextFile(`${out}/quality.csv`), /^run_id,/);
    });
  },
);

testWith(
  ["read", "write"],
  "tables and figures refuse a folder without records, and leave nothing",
  async () => {
    await inTemporaryFolder(async (folder) => {
      for (const command of ["tables", "figures", "verify"]) {
        const { status, warned } = await cli(`${command} ${folder}`);
        assert.equal(status, 2);
        assert.equal(
          warned,
          `The output folder must hold records: there are none in "${folder}/runs"`,
        );
      }
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    });
  },
);

testWith(["read"], "bench tells names that select nothing beside others", async () => {
  const cases: [string, string][] = [
    ["--suite toy --dataset moons,mnist", "mnist"],
    ["--suite toy --family maf --variant flat,conv", "conv"],
    ["--suite toy,energy --dataset moons --family maf,histogram", "energy, histogram"],
    // A suite and a data set of one name are told once.
    ["--suite toy,mnist --dataset circles,mnist --variant mixture", "mnist"],
  ];
  for (const [args, names] of cases) {
    const profile = args.includes("mixture") ? "paper" : "smoke";
    const { status, warned } = await cli(`bench --profile ${profile} ${args} --list`);
    assert.equal(status, 0);
    assert.equal(warned, `No run is planned of ${names} with the other options`);
  }
  assert.equal((await cli("bench --profile smoke --suite toy --list")).warned, "");
});

testWith(["read", "write"], "bench refuses a corrupt record, and says how to go on", async () => {
  await inTemporaryFolder(async (out) => {
    const args = `${TINY} --family gaussian --out ${out}`;
    await cli(args);
    const [{ run_id }] = rows(await Deno.readTextFile(`${out}/quality.csv`)) as [
      { run_id: string },
    ];
    await Deno.writeTextFile(`${out}/runs/${run_id}.json`, "{");
    const { status, warned } = await cli(args);
    assert.equal(status, 1);
    assert.match(warned, /Cannot read record .*not JSON.*remove it/);
  });
});

async function inNowhere(run: (folder: string) => Promise<void>): Promise<void> {
  await run(`/no/such/folder/${crypto.randomUUID()}`);
}
