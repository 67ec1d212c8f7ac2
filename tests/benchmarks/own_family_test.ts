/**
 * A family that is not of this repository, beside those that are.
 *
 * @module
 */
import assert from "node:assert/strict";
import { BASELINES } from "../../benchmarks/baselines.ts";
import { verify } from "../../benchmarks/verify.ts";
import { runBenchmark } from "../../benchmarks/run_benchmark.ts";
import { planRuns } from "../../benchmarks/suites.ts";
import { buildTables } from "../../benchmarks/tables.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import {
  Chain,
  Coupling,
  createFlow,
  FAMILIES,
  type FlowFamily,
  InvertibleLinear,
  loadFlow,
  registerFamily,
  saveFlow,
} from "../../flows/mod.ts";
import { RESERVED } from "../../flows/families.ts";
import { startEngine, testWith } from "../_engine.ts";
import { inTemporaryFolder, rows } from "./_cli.ts";

type Config = {
  readonly layers: number;
  readonly hidden: readonly number[];
  readonly period: number;
};

/** `period` changes nothing, and is larger than any tensor. */
const mixed: FlowFamily<Config> = {
  name: "mixed",
  version: 1,
  citation: { authors: "Nobody", title: "Mixed", year: 2026, venue: "", url: "" },
  fastDirection: "both",
  defaults: { layers: 2, hidden: [8], period: 1_000 },
  create: (dim, { layers, hidden }, rng) => {
    const parts = Array.from({ length: layers }, (_, k) => [
      new InvertibleLinear(`layer${k}/linear`, dim, rng.split(`linear${k}`)),
      new Coupling(
        `layer${k}/coupling`,
        {
          eventShape: [dim],
          keep: "first half",
          scaleMap: "tanh",
          hidden,
          activation: "tanh",
          zeroOutput: true,
        },
        rng.split(`layer${k}`),
      ),
    ]);
    return { base: "normal", bijector: new Chain(parts.flat()) };
  },
};
registerFamily(mixed);

Deno.test("registerFamily() refuses a name that is taken or malformed, and a version that is none", () => {
  const cases: [object, RegExp][] = [
    [
      { name: "mixed" },
      /must be none of nice, .*, iaf, (?:.*, )?mixed, uniform, .*: current value is "mixed"/,
    ],
    [{ name: "maf" }, /must be none of .*"maf", choose another$/],
    [{ name: "gaussian" }, /must be none of .*gaussian.*"gaussian"/],
    ...["", "Maf", "1maf", "my-flow", "../x", "a b", "__proto__", "x".repeat(41), undefined, 3].map(
      (
        name,
      ): [object, RegExp] => [{ name }, /must be a lower-case letter and up to 39 .*: current/],
    ),
    [
      { name: "other", version: 0 },
      /register other as its version must be .*: current value is 0$/,
    ],
    [{ name: "other", version: "1" }, /version must be an integer >= 1/],
  ];
  const before = Object.keys(FAMILIES);
  for (const [change, message] of cases) {
    assert.throws(() => registerFamily({ ...mixed, ...change } as FlowFamily), {
      name: "RangeError",
      message,
    });
  }
  assert.deepEqual(Object.keys(FAMILIES), before);
  assert.equal(FAMILIES["maf"]!.version, 1);
});

Deno.test("RESERVED has the name of every baseline", () => {
  for (const name of Object.keys(BASELINES)) assert.ok(RESERVED.includes(name), name);
});

Deno.test("createFlow() refuses names that every object has", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    assert.throws(() => createFlow(name, { eventShape: [2] }, new Rng(0)), {
      name: "RangeError",
      message: /family must be one of nice, .*, mixed: current value is "/,
    });
  }
});

Deno.test("planRuns() plans a registered family in each suite as the others", () => {
  const variantsOf = {
    smoke: ["flat", "grey"],
    quick: ["flat"],
    paper: ["flat", "long", "grey"],
  } as const;
  for (const profile of ["smoke", "quick", "paper"] as const) {
    const plan = planRuns({ profile });
    const of = (name: string) =>
      plan.filter(({ family, variant }) => family === name && variant === "flat")
        .filter(({ suite }) => suite !== "report")
        .map(({ suite, dataset, seed }) => `${suite} ${dataset} ${seed}`);
    assert.deepEqual(of("mixed"), of("iaf"), profile);
    assert.ok(of("mixed").includes("toy moons 0") && of("mixed").includes("mnist mnist 0"));
    const variants = new Set(
      plan.filter(({ family }) => family === "mixed").map((run) => run.variant),
    );
    assert.deepEqual([...variants], variantsOf[profile]);
  }
  const [run] = planRuns({ profile: "quick", suites: ["mnist"], families: ["mixed"] });
  assert.deepEqual(run!.flow, { layers: 5, hidden: [256], logitAlpha: 1e-6 });
});

testWith(
  ["read", "write"],
  "loadFlow() loads a registered family, also with large counts",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/a.safetensors`;
      using flow = createFlow("mixed", { eventShape: [2] }, new Rng(0));
      await saveFlow(flow, path);
      using same = await loadFlow(path);
      assert.deepEqual(same.config, { ...flow.config, period: 1_000 });
    });
  },
);

testWith(
  ["read", "write"],
  "runBenchmark() scores a registered family beside the others",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (out) => {
      const selection = {
        suites: ["toy"],
        datasets: ["moons"],
        families: ["gaussian", "maf", "mixed"],
      };
      const plan = planRuns({ profile: "smoke", ...selection });
      const records = await runBenchmark(plan, { out });
      assert.deepEqual(records.map(({ run, status }) => `${run.family} ${status}`), [
        "gaussian ok",
        "maf ok",
        "mixed ok",
      ]);
      const [gaussian, , own] = records.map(({ scores }) => scores!.nllNats);
      assert.ok(own! < gaussian!, `${own} nats, the Gaussian ${gaussian}`);
      const quality = rows(await Deno.readTextFile(`${out}/quality.csv`));
      assert.deepEqual(quality.map(({ family }) => family), ["gaussian", "maf", "mixed"]);
      const tables = await Deno.readTextFile(`${out}/tables/quality.md`);
      assert.match(tables, /\| floor \| gaussian \| maf \| mixed \|/);
      const verdicts = (await verify(out)).map(({ verdict }) => verdict);
      assert.deepEqual(verdicts, ["reproduced", "reproduced", "reproduced"]);
      // Another program that has the records does not know the family: it comes last.
      const foreign = records.map((record) =>
        record.run.family === "gaussian"
          ? { ...record, run: { ...record.run, family: "unheard_of" } }
          : record
      );
      assert.match(
        buildTables(foreign)["tables/quality.md"]!,
        /\| floor \| maf \| mixed \| unheard_of/,
      );
    });
  },
);

testWith(
  ["read", "write"],
  "runBenchmark() names a number that is not finite and goes on, and continues what an error stopped",
  async () => {
    await startEngine();
    const families = FAMILIES as Record<string, FlowFamily>;
    const named = (name: string, create: FlowFamily["create"]) => {
      families[name] = { ...mixed as FlowFamily, name, create };
    };
    named("one_way", (...args) => {
      const made = (mixed as FlowFamily).create(...args);
      made.bijector.inverse = (z) => ({ x: tf.mul(z, NaN), logDet: tf.zeros([z.shape[0]!]) });
      return made;
    });
    let isDiskBroken = true;
    named("unlucky", (...args) => {
      const made = (mixed as FlowFamily).create(...args);
      const forward = made.bijector.forward;
      let calls = 0;
      made.bijector.forward = (...args) => {
        if (++calls > 40 && isDiskBroken) throw new Error("The disk is broken");
        // Training tells and keeps where it is each 200 ms, in which a fast machine makes all these calls.
        const until = calls === 40 ? performance.now() + 300 : 0;
        while (performance.now() < until);
        return forward.apply(made.bijector, args);
      };
      return made;
    });
    try {
      await inTemporaryFolder(async (out) => {
        const suites = ["toy"], datasets = ["moons"];
        const [gaussian, own] = planRuns({
          profile: "smoke",
          suites,
          datasets,
          families: ["gaussian", "mixed"],
        });
        const plan = [{ ...own!, family: "one_way" }, { ...own!, family: "unlucky" }, gaussian!];
        const made: string[] = [];
        let firstStep = -1;
        const run = async (force = false) => {
          made.length = 0;
          const records = await runBenchmark(plan, {
            out,
            force,
            checkpointSeconds: 1e-3,
            onStart: ({ family }) => made.push(family),
            onProgress: ({ family }, progress) => {
              if (family === "unlucky") firstStep = progress.firstStep;
            },
          });
          return records.map(({ status, reason }) => `${status} ${reason}`);
        };
        const [nan, stopped, ok] = await run();
        assert.equal(ok, "ok ");
        assert.match(nan!, /^failed .*roundTripMaxError must be finite: current value is NaN$/);
        assert.equal(stopped, "failed The disk is broken");
        assert.deepEqual(made, ["one_way", "unlucky", "gaussian"]);
        // The program may be what was wrong: where it is told to, it starts over.
        for (const force of [false, true]) {
          isDiskBroken = false;
          assert.deepEqual(await run(force), [nan, "ok ", "ok "]);
          assert.deepEqual(made, force ? ["one_way", "unlucky", "gaussian"] : ["unlucky"]);
          assert.equal(firstStep > 0, !force, `continued from step ${firstStep}`);
          isDiskBroken = true;
          await run(true);
        }
      });
    } finally {
      delete families["one_way"];
      delete families["unlucky"];
    }
  },
);

testWith(
  ["read", "write"],
  "runBenchmark() refuses to make a registered family in other processes, before any work",
  async () => {
    await startEngine();
    await inTemporaryFolder(async (folder) => {
      const plan = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"] });
      await assert.rejects(runBenchmark(plan, { out: `${folder}/out`, jobs: 2 }), {
        name: "RangeError",
        message: "Cannot make runs of mixed side by side as other processes do not know a family " +
          "that was registered: current value of jobs is 2, take 1",
      });
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    });
  },
);
