import assert from "node:assert/strict";
import { parse } from "npm:csv-parse@7.0.3/sync";
import { toCsv } from "../../../benchmarks/tables/csv.ts";
import type { EnergyScores, Record, Scores, Timing } from "../../../benchmarks/record.ts";
import { readRecords, writeRecord } from "../../../benchmarks/record_file.ts";
import {
  bits,
  modelNames,
  modelsOf,
  nats,
  natsOf,
  withoutSurpassed,
} from "../../../benchmarks/tables/models.ts";
import { timedOf } from "../../../benchmarks/tables/timings.ts";
import { buildTables, currentRecords, writeTables } from "../../../benchmarks/tables.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import { assertAllClose } from "../../_assert.ts";
import { testWith } from "../../_engine.ts";
import { inTemporaryFolder } from "../_cli.ts";

const [plan] = planRuns({
  profile: "smoke",
  suites: ["toy"],
  families: ["maf"],
  datasets: ["moons"],
});

const scores: Scores = {
  dim: 2,
  params: 10,
  space: "data",
  nllNats: 2.5,
  nllSe: 0.01,
  nllNatsLogit: null,
  bitsPerDim: 1.8,
  floorNats: 2.4,
  floorError: 0,
  gapNats: 0.1,
  klNats: 0.1,
  klSe: 0.001,
  logProbRange: [-5, -2, -1],
  roundTripMaxError: 1e-6,
  testCount: 100,
  dataHash: "",
};

function record(
  change: Partial<Record> & { seed?: number; nllNats?: number; id?: string },
): Record {
  const { seed = 0, nllNats = 2.5, id = `run-${seed}`, ...rest } = change;
  return {
    schema: 1,
    runId: id,
    run: { ...plan!, seed },
    config: rest.scores === null ? null : { familyVersion: 1 },
    status: "ok",
    reason: "",
    startedAt: "2026-01-01T00:00:00.000Z",
    environment: {
      backend: "wasm",
      gemm: "g",
      threads: 1,
      cpu: 'A, B "C"',
      cores: 2,
      os: "",
      deno: "2",
      v8: "1",
      tfjs: "4",
      commit: "abc",
    },
    training: null,
    scores: { ...scores, nllNats },
    timings: [],
    ...rest,
  };
}

const rows = (csv: string): { [column: string]: string }[] => parse(csv, { columns: true });

Deno.test("buildTables() summarises seeds by Student's t, and leaves out what is not ok", () => {
  const records = [2.5, 2.6, 2.9].map((nllNats, seed) => record({ seed, nllNats }));
  records.push(record({ seed: 3, status: "diverged", reason: "loss is NaN", scores: null }));
  const tables = buildTables(records);
  const [row, ...more] = rows(tables["summary.csv"]!);
  assert.equal(more.length, 0);
  assert.deepEqual([row!.seeds, row!.failed], ["3", "1"]);
  // Mean 2.6667, standard deviation 0.2082, t(0.975, 2) = 4.30265: half width 0.51711.
  assertAllClose(
    [row!.nll_nats_mean, row!.nll_nats_low, row!.nll_nats_high].map(Number),
    [8 / 3, 8 / 3 - 0.517112, 8 / 3 + 0.517112],
    1e-5,
  );
  const quality = rows(tables["quality.csv"]!);
  assert.deepEqual(quality.map(({ status }) => status), ["ok", "ok", "ok", "diverged"]);
  assert.equal(quality[3]!.nll_nats, "");
  assert.equal(quality[3]!.reason, "loss is NaN");
  assert.equal(quality[0]!.cpu, 'A, B "C"');
  assert.match(tables["tables/quality.md"]!, /\| moons \| 2\.400 \| diverged \(1 of 4\) \|/);
});

Deno.test("buildTables() shows the KL and ESS of energies, and what failed, apart from quality", () => {
  const [u1] = planRuns({ profile: "smoke", suites: ["energy"], families: ["iaf"] });
  const energy: EnergyScores = {
    dim: 2,
    params: 10,
    klNats: 0.1,
    klSe: 0.01,
    essFraction: 0.5,
    logZ: 1.5,
    logZError: 1e-9,
    logZEstimate: 1.4,
    logZEstimateSe: 0.02,
    sampleCount: 100,
  };
  const of = (family: string, seed: number, change: Partial<Record>): Record => ({
    ...record({ id: `${family}${seed}` }),
    run: { ...u1!, family, seed },
    scores: null,
    ...change,
  });
  const tables = buildTables([
    record({}),
    of("maf", 0, { status: "failed", reason: "the KL is -1" }),
    of("iaf", 0, { energy }),
    of("iaf", 1, { energy: { ...energy, klNats: 0.3, essFraction: 0.005 } }),
  ]);
  assert.match(tables["tables/energy.md"]!, /\| KL, nats \(ESS\) \| log Z \| maf \| iaf \|/);
  assert.match(tables["tables/energy.md"]!, /\| u1 \| 1\.500 \| failed \| 0\.200 \(25\.3 %\) \|/);
  const csv = rows(tables["energy.csv"]!);
  assert.deepEqual(csv.map(({ kl_nats, reason }) => [kl_nats, reason]), [
    ["", "the KL is -1"],
    ["0.1", ""],
    ["0.3", ""],
  ]);
  assert.equal(csv[1]!.log_z_estimate_se, "0.02");
  assert.deepEqual(rows(tables["quality.csv"]!).map(({ dataset }) => dataset), ["moons"]);
  assert.equal(rows(tables["summary.csv"]!).length, 1);
});

Deno.test("buildTables() has images, profiles and the report's experiments apart", () => {
  const plans = planRuns({ profile: "smoke", suites: ["mnist", "report"], families: ["realnvp"] });
  const of = (variant: string, bitsPerDim: number, change: Partial<Record["run"]> = {}): Record => {
    const run = plans.find((run) => run.suite === (change.suite ?? "mnist"))!;
    const space = run.dataset === "mnist" ? "pixel" as const : "data" as const;
    return {
      ...record({ id: `${variant}${bitsPerDim}` }),
      run: { ...run, variant, ...change } as Record["run"],
      scores: { ...scores, space, bitsPerDim, nllNats: bitsPerDim, klNats: bitsPerDim - 2.4 },
    };
  };
  const records = [of("conv", 1.2), of("flat", 1.9), of("flat", 7, { suite: "report" })];
  const one = buildTables(records);
  assert.match(
    one["tables/images.md"]!,
    /\| mnist \|\n.*\n\| realnvp \| 1\.900 \|\n\| realnvp conv \| 1\.200 \|/,
  );
  assert.match(one["tables/report.md"]!, /\| realnvp on banana \| 7\.000 \| nats \| 2\.400 \|/);
  assert.equal(one["tables/quality.md"], undefined);
  const two = buildTables([...records, of("conv", 1.1, { profile: "paper" })]);
  assert.match(two["tables/images.md"]!, /\| mnist, smoke \| mnist, paper \|/);
  assert.match(two["tables/images.md"]!, /\| realnvp conv \| 1\.200 \| 1\.100 \|/);
});

Deno.test("buildTables() leaves the bounds of a single seed empty", () => {
  const [row] = rows(buildTables([record({})])["summary.csv"]!);
  assert.equal(row!.nll_nats_mean, "2.5");
  assert.equal(row!.nll_nats_low, "");
});

Deno.test("toCsv() refuses a number that is not finite", () => {
  for (const value of [NaN, Infinity]) {
    assert.throws(() => toCsv([{ value }], [{ name: "nll", value: (row) => row.value }]), {
      name: "RangeError",
      message: /nll/,
    });
  }
});

testWith(
  ["read", "write"],
  "currentRecords() takes the latest of a run made with two budgets",
  async () => {
    await inTemporaryFolder(async (out) => {
      await writeRecord(out, record({ id: "old", nllNats: 3 }));
      await writeRecord(out, record({ id: "new", startedAt: "2026-02-01T00:00:00.000Z" }));
      const environment = { ...record({}).environment, backend: "cpu" };
      await writeRecord(out, record({ id: "cpu", environment }));
      assert.equal((await readRecords(out)).length, 3);
      assert.deepEqual((await currentRecords(out)).map(({ runId }) => runId).sort(), [
        "cpu",
        "new",
      ]);
    });
  },
);

testWith(
  ["read", "write"],
  "currentRecords() has times of other threads beside each other",
  async () => {
    await inTemporaryFolder(async (out) => {
      const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
      for (const threads of [1, 2]) {
        const timing = {
          op: "sample",
          method: "direct",
          batch: 1,
          warmup: 0,
          passes: 1,
          samplesMs: [1],
        };
        const own = record({ id: `of-${threads}`, scores: null, timings: [timing as Timing] });
        await writeRecord(out, {
          ...own,
          run: timed!,
          environment: { ...own.environment, threads },
        });
      }
      assert.deepEqual((await currentRecords(out)).map(({ runId }) => runId), ["of-1", "of-2"]);
    });
  },
);

testWith(
  ["read", "write"],
  "writeTables() takes away what is of records that there were",
  async () => {
    await inTemporaryFolder(async (out) => {
      const made = async () => {
        await writeTables(out);
        const names = [...Deno.readDirSync(`${out}/figures`), ...Deno.readDirSync(`${out}/tables`)];
        return names.map(({ name }) => name).sort();
      };
      await writeRecord(out, record({}));
      assert.deepEqual(await made(), ["gaps.svg", "quality.md", "quality.tex"]);
      await Deno.writeTextFile(`${out}/figures/own.svg`, "");
      for (const suffix of ["md", "tex"]) {
        await Deno.writeTextFile(`${out}/tables/images.${suffix}`, "");
      }
      await writeRecord(out, record({ status: "diverged", reason: "x", scores: null }));
      assert.deepEqual(await made(), ["own.svg", "quality.md", "quality.tex"]);
    });
  },
);

testWith(["read", "write"], "writeRecord() refuses NaN, and leaves no file", async () => {
  await inTemporaryFolder(async (out) => {
    await assert.rejects(() => writeRecord(out, record({ nllNats: NaN })), {
      name: "RangeError",
      message: /nllNats must be finite/,
    });
    assert.deepEqual(await readRecords(out), []);
  });
});

/** The record of another run, made from that of the toy. */
function change(of: Record, { profile = "smoke", backend = "wasm", ...rest } = {}): Record {
  const { run, environment } = of;
  return {
    ...of,
    run: { ...run, profile, ...rest } as Record["run"],
    environment: { ...environment, backend },
  };
}

Deno.test("buildTables() takes no mean over profiles or backends, in any table", () => {
  const [u1] = planRuns({ profile: "smoke", suites: ["energy"], families: ["iaf"] });
  const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
  const energy = { klNats: 0.1, essFraction: 0.5, logZ: 1, logZEstimate: 1 } as EnergyScores;
  const timings = [{
    op: "density",
    method: "direct",
    batch: 1,
    warmup: 0,
    passes: 1,
    samplesMs: [7],
  }];
  const kinds = {
    quality: record({}),
    report: change(record({}), { suite: "report" } as never),
    energy: { ...record({}), run: u1!, scores: null, energy } as Record,
    timing: { ...record({}), run: timed!, scores: null, timings } as unknown as Record,
  };
  for (const [table, one] of Object.entries(kinds)) {
    for (const other of [{ profile: "paper" }, { backend: "webgpu" }]) {
      const { [`tables/${table}.md`]: markdown, "summary.csv": summary } = buildTables([
        change(one),
        change(one, other),
      ]);
      const [name] = Object.values(other);
      const body = markdown!.split("\n").slice(2).filter((line) => line.startsWith("|"));
      assert.ok(body.some((line) => line.includes(`, ${name}`)), `${table}: ${markdown}`);
      assert.equal(
        new Set(body.map((line) => line.split(" | ")[0])).size,
        2,
        `${table}: ${markdown}`,
      );
      if (one.scores) assert.deepEqual(rows(summary!).map(({ seeds }) => seeds), ["1", "1"]);
    }
  }
});

Deno.test("buildTables() says that a seed failed, and takes no mean over the others for people", () => {
  const bad = { status: "diverged", scores: null } as const;
  const tables = buildTables([record({ seed: 0 }), record({ seed: 1, ...bad })]);
  assert.match(tables["tables/quality.md"]!, /\| diverged \(1 of 2\) \|/);
  const [row] = rows(tables["summary.csv"]!);
  assert.deepEqual([row!.seeds, row!.failed, row!.nll_nats_mean], ["1", "1", "2.5"]);
  const [model] = modelsOf([record({ seed: 0 }), record({ seed: 1, ...bad })]);
  assert.equal(nats(model!), null);
  // Nor is one left out of which no seed is ok.
  const none = buildTables([record({ seed: 0, ...bad }), record({ seed: 1, ...bad })]);
  const [empty, ...others] = rows(none["summary.csv"]!);
  assert.deepEqual([empty!.family, empty!.seeds, empty!.failed, empty!.backend], [
    "maf",
    "0",
    "2",
    "wasm",
  ]);
  assert.deepEqual([empty!.nll_nats_mean, empty!.params, others.length], ["", "", 0]);
});

Deno.test("modelsOf() has versions of a family apart, and what went wrong with those of its kind", () => {
  const old = record({ seed: 0, config: { familyVersion: 1 } });
  const bad = record({ seed: 1, scores: null, status: "diverged" });
  const seeds = (records: Record[]) =>
    modelsOf(records).map(({ records }) => records.map(({ run }) => run.seed));
  assert.deepEqual(seeds([old, bad]), [[0, 1]]);
  assert.deepEqual(seeds([bad]), [[1]]);
  const renewed = record({ seed: 2, config: { familyVersion: 2 } });
  assert.deepEqual(seeds([old, renewed]), [[0], [2]]);
  assert.deepEqual(seeds([old, bad, renewed]), [[0], [1], [2]]);
});

Deno.test("modelsOf() has data of another content or version apart", () => {
  const code = { family: 1, dataset: 1, backend: "wasm" };
  const seeds = (records: Record[]) =>
    modelsOf(records).map(({ records }) => records.map(({ run }) => run.seed));
  const [a, b] = [{ ...code, file: "a" }, { ...code, file: "b" }];
  const files = [a, b, a].map((code, seed) => record({ seed, code }));
  assert.deepEqual(seeds(files), [[0, 2], [1]]);
  // The first has none: it was made before this was written down.
  const versions = [record({ seed: 0 }), record({ seed: 1, code })];
  versions.push(record({ seed: 2, code: { ...code, dataset: 2 } }));
  assert.deepEqual(seeds(versions), [[0, 1], [2]]);
});

Deno.test("nats() and bits() of one seed reach 1.96 standard errors over test examples", () => {
  const unknown = { floorNats: null, klNats: null, klSe: null };
  const pixels = { ...scores, ...unknown, dim: 784, bitsPerDim: 1.8, nllSe: 784 * Math.LN2 };
  const [model] = modelsOf([{ ...record({}), scores: pixels }]);
  const [inBits, inNats] = [bits(model!)!, nats(model!)!];
  assertAllClose([inBits.low, inBits.mean, inBits.high], [1.8 - 1.96, 1.8, 1.8 + 1.96], 1e-12);
  assertAllClose([inNats.high - inNats.mean], [1.96 * 784 * Math.LN2], 1e-12);
  assert.equal(inBits.over, "test examples");
});

Deno.test("timing.csv has the 10th, 50th and 90th percentile, and the mean", () => {
  const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
  const samplesMs = [20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const timings = [{ op: "density", method: "direct", batch: 2, warmup: 0, passes: 1, samplesMs }];
  const made = { ...record({}), run: timed!, scores: null, timings } as Record;
  const [row] = rows(buildTables([made])["timing.csv"]!);
  const { min_ms, p10_ms, median_ms, p90_ms, mean_ms, per_example_ms } = row!;
  assertAllClose(
    [min_ms, p10_ms, median_ms, p90_ms, mean_ms, per_example_ms].map(Number),
    [1, 2, 6, 10, 75 / 11, 3],
    1e-3,
  );
  const [found] = timedOf([made]);
  assert.deepEqual([found!.p10Ms, found!.medianMs, found!.p90Ms], [2, 6, 10]);
});

Deno.test("buildTables() takes no mean over seeds with different budgets", () => {
  const longer = { ...record({ seed: 1 }), scores: { ...scores, klNats: -0.4 } };
  const run = { ...longer.run, train: { maxSteps: 10_000 } } as unknown as Record["run"];
  const tables = buildTables([record({ seed: 0 }), { ...longer, run }]);
  assert.match(tables["tables/quality.md"]!, /\| 2\.500; 2\.000 \|\n\n.*Several numbers in a cell/);
  assert.equal(rows(tables["summary.csv"]!).length, 2);
});

Deno.test("buildTables() scores images by what the label is not told of, beside other flows", () => {
  const nats = 784 * Math.LN2;
  const of = record({});
  const run = { ...of.run, dataset: "mnist", variant: "class" } as Record["run"];
  const pixels = { space: "pixel" as const, dim: 784, bitsPerDim: 1.8, nllNats: -6.2 * nats };
  const given = { ...scores, ...pixels, nllNatsMarginal: -6.1 * nats };
  const tables = buildTables([{ ...of, run: { ...run, flow: { classes: 10 } }, scores: given }]);
  assert.match(tables["tables/images.md"]!, /\| 1\.900 \|/);
  const [row] = rows(tables["summary.csv"]!);
  assertAllClose(
    [row!.nll_nats_mean, row!.nll_nats_marginal_mean].map(Number),
    [-6.2 * nats, -6.1 * nats],
    1e-12,
  );
  assert.equal(row!.classes, "10");
  const unknown = { floorNats: null, klNats: null, klSe: null };
  assertAllClose([natsOf({ ...given, ...unknown }).nats], [-6.1 * nats], 1e-12);
});

Deno.test("buildTables() says which flows over images learn grey levels", () => {
  const pixels = { ...scores, space: "pixel" as const, dim: 784 };
  const of = (id: string, flow: object, own = pixels as typeof scores): Record => ({
    ...change(record({ id }), { dataset: "mnist", flow } as never),
    scores: own,
  });
  const { "quality.csv": csv } = buildTables([
    of("learned", { layers: 5, greyLevels: "learned" }),
    of("equal", { layers: 5 }),
    of("baseline", {}),
    of("toy", { layers: 5 }, scores),
  ]);
  const found = Object.fromEntries(rows(csv!).map((row) => [row.run_id, row.grey_levels]));
  assert.deepEqual(found, { learned: "learned", equal: "equal", baseline: "", toy: "" });
});

Deno.test("buildTables() says by which optimizer a flow was trained", () => {
  const of = (id: string, train: object | null): Record =>
    change(record({ id }), { train: train && { batch: 8, maxSteps: 9, ...train } } as never);
  const { "quality.csv": csv } = buildTables([
    of("muon", { optimizer: "muon" }),
    of("adam", {}),
    of("baseline", null),
  ]);
  const found = Object.fromEntries(rows(csv!).map((row) => [row.run_id, row.optimizer]));
  assert.deepEqual(found, { muon: "muon", adam: "adam", baseline: "" });
});

Deno.test("buildTables() tells times of other threads and machines apart, and only where there are some", () => {
  const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
  const of = (change: object): Record => {
    const own = record({ scores: null });
    return { ...own, run: timed!, environment: { ...own.environment, ...change } };
  };
  const names = (...changes: object[]) =>
    [...buildTables(changes.map(of))["tables/timing.md"]!.matchAll(/^\| (maf[^|]*) \|/gm)].map((
      [, name],
    ) => name);
  assert.deepEqual(names({}), ["maf"]);
  assert.deepEqual(names({}, { threads: 2 }), ["maf, 1 thread", "maf, 2 threads"]);
  assert.deepEqual(names({ cpu: "x" }, { cpu: "y" }), ["maf, x", "maf, y"]);
});

Deno.test("buildTables() names what failed of timings, and the unit of what has no score", () => {
  const [timed] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
  const failed = { ...record({ scores: null }), status: "failed", run: timed! } as Record;
  assert.match(buildTables([failed])["tables/timing.md"]!, /\| maf: failed \| 2 \|/);
  const report = change(record({ scores: null, status: "diverged" }), {
    suite: "report",
    dataset: "mnist",
  } as never);
  assert.match(
    buildTables([report])["tables/report.md"]!,
    /\| maf on mnist \| diverged \| bits\/dim \|/,
  );
});

Deno.test("withoutSurpassed() keeps what profile paper has no score of", () => {
  const paper = (change_: Partial<Record>) =>
    ({ ...change(record({ id: "paper" }), { profile: "paper" }), ...change_ }) as Record;
  const quick = record({});
  assert.deepEqual(withoutSurpassed([quick, paper({})]).map(({ runId }) => runId), ["paper"]);
  const diverged = paper({ status: "diverged", scores: null });
  assert.equal(withoutSurpassed([quick, diverged]).length, 2);
  assert.equal(withoutSurpassed([quick, paper({}), diverged]).length, 3);
  const other = paper({ run: { ...quick.run, profile: "paper", family: "iaf" } as Record["run"] });
  assert.equal(withoutSurpassed([quick, other]).length, 2);
  // Of MNIST both are shown.
  for (const [suite, left] of [["energy", 1], ["mnist", 2]] as const) {
    const both = [quick, paper({})].map((one) => ({ ...one, run: { ...one.run, suite } }));
    assert.equal(withoutSurpassed(both).length, left, suite);
  }
});

Deno.test("withoutSurpassed() takes all times of a machine together", () => {
  const timesOf = (profile: "quick" | "paper", dims: number[], machine: object = {}) =>
    planRuns({ profile, suites: ["tradeoff"], families: ["maf"] })
      .filter((run) => run.kind === "timing" && dims.includes(run.dim))
      .map((run) => {
        const { environment, ...rest } = record({ id: `${profile} ${run.dataset}` });
        return { ...rest, run, environment: { ...environment, ...machine } };
      });
  const left = (records: Record[]) => withoutSurpassed(records).map(({ runId }) => runId);
  const quick = timesOf("quick", [2, 8]);
  assert.deepEqual(left([...quick, ...timesOf("paper", [2, 8])]), [
    "paper normal2",
    "paper normal8",
  ]);
  // A line is of one profile: a run of paper that is not at its end does not tear that of quick.
  assert.equal(left([...quick, ...timesOf("paper", [8])]).length, 3);
  const failed = timesOf("paper", [2, 8]).map((record, i) =>
    i === 0 ? { ...record, status: "failed" as const } : record
  );
  assert.equal(left([...quick, ...failed]).length, 4);
  const machines = [{ threads: 7 }, { cpu: "another" }, { backend: "cpu" }, { gemm: "another" }];
  for (const machine of machines) {
    assert.equal(left([...quick, ...timesOf("paper", [2, 8], machine)]).length, 4);
  }
});

Deno.test("tables of scores show the standard error where a few examples decide", () => {
  const pixels = { space: "pixel" as const, dim: 784 };
  const unknown = { floorNats: null, klNats: null, klSe: null };
  const cases: [string, Partial<Scores>, RegExp][] = [
    ["quality", { nllSe: 0.05, ...unknown }, /\| 2\.500 \|\n\n(?!.*±)/],
    ["quality", { nllSe: 0.25, ...unknown }, /\| 2\.500 ± 0\.25 \|\n\n.*±/],
    // With the true density the KL says it with less noise.
    ["quality", { nllNats: 3, nllSe: 0.25, klSe: 0.05 }, /\| 2\.500 \|\n\n(?!.*±)/],
    ["quality", { klNats: 1, klSe: 0.15 }, /\| 3\.400 ± 0\.15 \|\n\n.*±/],
    ["images", { ...pixels, nllSe: 2 }, /\| 1\.800 \|\n\n(?!.*±)/],
    ["images", { ...pixels, nllSe: 100 * 784 * Math.LN2 / 1000 }, /\| 1\.800 ± 0\.1 \|\n\n.*±/],
  ];
  for (const [table, change_, expected] of cases) {
    const of = record({});
    const run = { ...of.run, ...(table === "images" && { dataset: "mnist" }) } as Record["run"];
    const tables = buildTables([{ ...of, run, scores: { ...scores, ...change_ } }]);
    assert.match(tables[`tables/${table}.md`]!, expected);
  }
  // Four seeds make it smaller where each has a test set of its own.
  for (const [hashes, expected] of [["same", / ± 0\.4 \|/], ["own", / ± 0\.2 \|/]] as const) {
    const seeds = [0, 1, 2, 3].map((seed) => {
      const dataHash = hashes === "same" ? "" : String(seed);
      return { ...record({ seed }), scores: { ...scores, klSe: 0.4, dataHash } };
    });
    assert.match(buildTables(seeds)["tables/quality.md"]!, expected);
  }
});

Deno.test("modelNames() has flat flows in the order of families, then other variants, whatever comes first", () => {
  const of = (family: string, variant: "flat" | "deep", dataset: string) =>
    record({ run: { ...plan!, family, variant, dataset } as Record["run"], id: family + variant });
  const records = [
    of("glow", "deep", "moons"),
    of("maf", "flat", "moons"),
    of("glow", "flat", "circles"),
    of("of_another_program", "flat", "circles"),
    of("gaussian", "flat", "circles"),
    of("nice", "flat", "circles"),
  ];
  assert.deepEqual(modelNames(modelsOf(records)), [
    "gaussian",
    "nice",
    "glow",
    "maf",
    "of_another_program",
    "glow deep",
  ]);
});
