import assert from "node:assert/strict";
import {
  compareRecords,
  type Comparison,
  type Limits,
} from "../../../benchmarks/tables/compare.ts";
import { drawComparison } from "../../../benchmarks/figures/compare_figure.ts";
import {
  COMPARISON,
  namesOf,
  shownOf,
  toTerminal,
} from "../../../benchmarks/tables/compare_report.ts";
import { toCsv } from "../../../benchmarks/tables/csv.ts";
import { matchRuns } from "../../../benchmarks/tables/match_runs.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import type { Record, Timing } from "../../../benchmarks/record.ts";
import { currentRecords } from "../../../benchmarks/tables.ts";
import { assertAllClose } from "../../_assert.ts";
import { testWith } from "../../_engine.ts";
import { fc } from "../../_fast_check.ts";

const LIMITS: Limits = { nats: 0.05, "bits/dim": 0.02, ms: Infinity };

const [quality] = planRuns({
  profile: "smoke",
  suites: ["toy"],
  families: ["maf"],
  datasets: ["moons"],
});
const [timing] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
const [energy] = planRuns({ profile: "smoke", suites: ["energy"], families: ["iaf"] });

type Change = Partial<Record["run"]> & { backend?: string; status?: Record["status"] };

function record(run: Record["run"], { backend = "wasm", status = "ok", ...change }: Change) {
  return {
    run: { ...run, ...change },
    status,
    reason: status === "ok" ? "" : "the loss is NaN",
    environment: { backend },
    timings: [],
  };
}

/** A run on moons; its test set is named by its data. */
function toy(
  nllNats: number,
  { data = "d", nllSe = 0.1, klSe = 0.01 as number | null, ...change }: Change & {
    data?: string;
    nllSe?: number;
    klSe?: number | null;
  } = {},
): Record {
  const scores = { nllNats, nllSe, klSe, dim: 2, bitsPerDim: nllNats, dataHash: data };
  return { ...record(quality!, change), scores } as unknown as Record;
}

function timed(samplesMs: readonly number[], change: Change = {}): Record {
  const timings = [{ op: "sample", method: "direct", batch: 1, samplesMs } as unknown as Timing];
  return { ...record(timing!, change), timings } as unknown as Record;
}

function only(a: readonly Record[], b: readonly Record[], limits = LIMITS): Comparison {
  const { comparisons } = compareRecords(a, b, limits);
  assert.equal(comparisons.length, 1);
  return comparisons[0]!;
}

Deno.test("matchRuns() wants profile and backend as far as both folders have the same", () => {
  const a = [
    toy(1, { profile: "quick" }),
    toy(1, { profile: "quick", seed: 1 }),
    toy(1, { profile: "paper" }),
    toy(1, { profile: "quick", backend: "cpu" }),
    toy(1, { dataset: "rings" }),
  ];
  const b = [
    toy(1, { profile: "quick" }),
    toy(1, { profile: "smoke" }),
    toy(1, { suite: "report" }),
  ];
  const { pairs, onlyA, onlyB } = matchRuns(a, b);
  const names = ({ run, backend }: typeof onlyA[number]) => `${run.profile} ${backend}`;
  assert.deepEqual(pairs.map(({ a, b }) => [names(a), names(b), a.records.length]), [
    ["quick wasm", "quick wasm", 2],
    ["paper wasm", "smoke wasm", 1],
  ]);
  assert.deepEqual(onlyA.map(({ run }) => run.dataset), ["moons", "rings"]);
  const looser = matchRuns(
    [toy(1, { profile: "quick", backend: "cpu" })],
    [toy(1, { profile: "paper", backend: "cpu" }), toy(1, { profile: "quick" })],
  );
  assert.deepEqual(looser.pairs.map(({ b }) => names(b)), ["quick wasm"]);
  const loosest = matchRuns([toy(1, { profile: "quick", backend: "cpu" })], [toy(1)]);
  assert.deepEqual(loosest.pairs.map(({ b }) => names(b)), ["smoke wasm"]);
  assert.deepEqual(onlyB.map(({ run }) => run.suite), ["report"]);
});

Deno.test("compareRecords() pairs seeds of one test set, by Student's t", () => {
  const a = [1, 2, 3].map((nll, seed) => toy(nll, { seed, data: `d${seed}` }));
  const b = [1.1, 2.2, 3.6].map((nll, seed) => toy(nll, { seed, data: `d${seed}` }));
  const { change, verdict } = only([...a, toy(9, { seed: 7 })], b.reverse());
  // Differences 0.1, 0.2, 0.6: mean 0.3, standard deviation 0.264575, t(0.975, 2) = 4.30265.
  assertAllClose([change!.change, change!.low!, change!.high!], [0.3, -0.357241, 0.957241], 1e-5);
  assert.deepEqual([change!.interval, change!.countA, change!.countB], ["paired seeds", 3, 3]);
  assertAllClose([change!.a, change!.b], [2, 2.3], 1e-12);
  assert.equal(verdict, "unclear");
});

Deno.test("compareRecords() takes Welch's t where seeds were scored on other data", () => {
  const a = [1, 2, 3].map((nll, seed) => toy(nll, { seed, data: `a${seed}` }));
  const b = [11, 12].map((nll, seed) => toy(nll, { seed, data: `b${seed}` }));
  const { change, verdict } = only(a, b);
  assert.deepEqual([change!.interval, change!.countA, change!.countB], ["seeds", 3, 2]);
  assert.ok(change!.low! > 0 && change!.change === 9.5);
  assert.equal(verdict, "regression");
});

Deno.test("compareRecords() of single seeds has the error over test points, of the KL on one test set", () => {
  const reach = (a: Record[], b: Record[]) => {
    const { change } = only(a, b);
    assert.equal(change!.interval, "test points");
    assertAllClose([change!.low!], [2 * change!.change - change!.high!], 1e-9);
    return (change!.high! - change!.change) / (1.959964 * Math.SQRT2);
  };
  assertAllClose([reach([toy(1)], [toy(2)])], [0.01], 1e-5);
  assertAllClose([reach([toy(1)], [toy(2, { data: "other" })])], [0.1], 1e-5);
  assertAllClose([reach([toy(1, { klSe: null })], [toy(2, { klSe: 0.1 })])], [0.1], 1e-5);
  // Of three seeds against one: that seed alone where both have it.
  const seeds = [0, 1, 2].map((seed) => toy(seed, { seed }));
  assert.equal(only(seeds, [toy(1, { seed: 1 })]).change!.change, 0);
  assert.equal(only(seeds, [toy(5, { seed: 9 })]).change!.change, 4);
});

Deno.test("compareRecords() has images in bits/dim and energies by their KL", () => {
  const image = (bitsPerDim: number) => {
    const { scores, ...rest } = toy(1000 * bitsPerDim, { dataset: "mnist", klSe: null });
    return { ...rest, scores: { ...scores!, bitsPerDim, dim: 784, nllSe: 784 * Math.LN2 / 100 } };
  };
  const { unit, change } = only([image(1.5)], [image(1.4)]);
  assert.equal(unit, "bits/dim");
  assertAllClose([change!.change, change!.high! - change!.change], [-0.1, 0.0277181], 1e-6);
  const told = (record: Record, worth: number) => ({
    ...record,
    scores: { ...record.scores!, nllNatsMarginal: record.scores!.nllNats + worth },
  });
  // The label is worth a bit for each pixel: what others are not told does not count.
  const labelled = only([image(1.5)], [told(image(0.5), 784 * Math.LN2)]);
  assertAllClose([labelled.change!.b], [1.5], 1e-12);
  const fitted = (klNats: number) =>
    ({ ...record(energy!, {}), energy: { klNats, klSe: 0.001 } }) as unknown as Record;
  const found = only([fitted(0.1)], [fitted(0.2)]);
  assertAllClose([found.change!.change], [0.1], 1e-12);
  assert.deepEqual([found.unit, found.verdict], ["nats", "regression"]);
});

Deno.test("A regression is beyond the limit, and its interval excludes no change", () => {
  const verdict = (nll: number, klSe: number) => only([toy(1)], [toy(nll, { klSe })]).verdict;
  assert.equal(verdict(1.06, 0.01), "regression");
  assert.equal(verdict(1.04, 0.01), "worse");
  assert.equal(verdict(1.06, 0.1), "unclear");
  assert.equal(verdict(0.9, 0.01), "better");
});

Deno.test("Times are a ratio of medians, and fail by an option only", () => {
  const fast = Array.from({ length: 20 }, (_, i) => 10 + i / 100);
  const slow = fast.map((ms) => 1.5 * ms);
  const { unit, change, verdict } = only([timed(fast)], [timed(slow)]);
  assertAllClose([change!.change], [1.5], 1e-12);
  assert.deepEqual([unit, verdict, change!.interval], ["ms", "worse", "repetitions"]);
  assert.equal(only([timed(fast)], [timed(slow)], { ...LIMITS, ms: 1.4 }).verdict, "regression");
  assert.equal(only([timed(fast)], [timed(slow)], { ...LIMITS, ms: 1.6 }).verdict, "worse");
  const few = only([timed(fast)], [timed(slow.slice(0, 3))], { ...LIMITS, ms: 1.1 });
  assert.deepEqual([few.verdict, few.change!.low], ["unclear", null]);
});

Deno.test("A run that is not ok in B and was ok in A is a regression, with or without a score", () => {
  const bad = { status: "diverged" as const };
  const lost = only([toy(1)], [toy(1, bad)]);
  assert.deepEqual([lost.change, lost.verdict], [null, "regression"]);
  assert.equal(lost.reason, "seed 0 diverged in B: the loss is NaN");
  const one = only([toy(1), toy(1, { seed: 1 })], [toy(1), toy(1, { ...bad, seed: 1 })]);
  assert.deepEqual([one.change!.change, one.verdict], [0, "regression"]);
  assert.equal(only([toy(1)], [toy(1), toy(1, { ...bad, seed: 5 })]).verdict, "regression");
  assert.equal(only([timed([1])], [timed([], bad)]).verdict, "regression");

  const ever = only([toy(1, bad)], [toy(1, bad)]);
  assert.deepEqual([ever.change, ever.verdict], [null, "unclear"]);
  const mended = only([toy(1, bad)], [toy(1)]);
  assert.deepEqual([mended.verdict, mended.reason], [
    "unclear",
    "seed 0 diverged in A: the loss is NaN",
  ]);
});

const folders = fc.array(
  fc.record({
    seed: fc.nat(3),
    nll: fc.double({ min: -5, max: 5, noNaN: true }),
    data: fc.constantFrom("x", "y"),
    dataset: fc.constantFrom("moons", "rings"),
    status: fc.constantFrom("ok" as const, "ok" as const, "failed" as const),
  }),
  { maxLength: 8 },
).map((runs) => {
  const unique = new Map(runs.map((run) => [`${run.dataset} ${run.seed}`, run]));
  return [...unique.values()].map(({ nll, ...change }) => toy(nll, change));
});

Deno.test("compareRecords() of a folder with itself is 0, and of B with A the opposite of A with B", () => {
  fc.assert(fc.property(folders, folders, (a, b) => {
    for (const { change, verdict } of compareRecords(a, a, LIMITS).comparisons) {
      assert.equal(change?.change ?? 0, 0);
      assert.equal(verdict, "unclear");
    }
    const [there, back] = [compareRecords(a, b, LIMITS), compareRecords(b, a, LIMITS)];
    assert.equal(there.comparisons.length, back.comparisons.length);
    for (const { a, change } of there.comparisons) {
      const other = back.comparisons.find(({ b }) => b.run.dataset === a.run.dataset)!;
      assert.equal(change === null, other.change === null);
      if (change === null) continue;
      assertAllClose(
        [change.change, change.low!, change.high!],
        [-other.change!.change, -other.change!.high!, -other.change!.low!],
        1e-9,
      );
    }
  }));
});

Deno.test("shownOf() keeps the largest changes, every regression, and the order", () => {
  const many = (nll: (i: number) => number) =>
    Array.from({ length: 60 }, (_, i) => toy(nll(i), { family: `f${i}` }));
  const shown = (nll: (i: number) => number) =>
    shownOf("nats", compareRecords(many(() => 0), many(nll), LIMITS).comparisons)
      .map(({ change }) => change!.change);
  const mixed = shown((i) => i < 50 ? i / 1_000 : -i);
  assert.equal(mixed.length, 40);
  assert.deepEqual(mixed, mixed.toSorted((a, b) => b - a));
  assert.equal(mixed[0], 0.049);
  assert.equal(mixed.at(-1), -59);
  assert.equal(shown((i) => i < 55 ? 1 + i : -1_000).filter((change) => change > 0).length, 55);
});

Deno.test("namesOf() tells profile and backend where they are not all the same", () => {
  const names = (
    b: Record[],
  ) => [
    ...namesOf(compareRecords([toy(1), toy(1, { dataset: "rings" })], b, LIMITS).comparisons)
      .values(),
  ];
  assert.deepEqual(names([toy(1), toy(1, { dataset: "rings" })]).sort(), [
    "toy moons maf",
    "toy rings maf",
  ]);
  assert.deepEqual(names([toy(1), toy(1, { dataset: "rings", backend: "cpu" })]).sort(), [
    "toy moons maf, wasm",
    "toy rings maf, wasm to cpu",
  ]);
  assert.deepEqual(names([toy(1, { profile: "paper" })]), ["toy moons maf, smoke to paper"]);
});

Deno.test("drawComparison() draws each unit in a panel, with a bar for each interval and a legend", () => {
  const fast = Array.from({ length: 20 }, (_, i) => 10 + i / 100);
  const a = [toy(1), toy(1, { family: "iaf" }), toy(1, { family: "nice" }), timed(fast)];
  const b = [
    toy(1.2),
    toy(1.01, { family: "iaf" }),
    toy(1, { family: "nice", status: "failed" }),
    timed([9, 9, 9]),
  ];
  const { comparisons } = compareRecords(a, b, LIMITS);
  const svg = drawComparison(comparisons, LIMITS, { a: "old & <tuned>", b: "new" });
  assert.equal(svg.match(/<svg /g)!.length, 3);
  assert.match(svg, /^<svg [^>]*role="img" aria-label="Changes of scores and times/);
  assert.match(svg, /A: old &amp; &lt;tuned&gt; {3}B: new/);
  assert.match(svg, /nats, B - A/);
  assert.match(svg, /median time, B \/ A/);
  assert.match(svg, /beyond 0\.05 \(dashed\)/);
  assert.match(svg, /No limit is set/);
  assert.equal(svg.match(/<circle /g)!.length, 3);
  assert.equal(svg.match(/<line stroke="#/g)!.length, 2, "a bar for three repetitions");
  assert.ok(svg.includes("toy moons iaf") && !svg.includes("toy moons nice"));
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  assert.doesNotMatch(
    drawComparison(compareRecords(a, a, LIMITS).comparisons, LIMITS, { a: "", b: "" }),
    /NaN|undefined|Infinity/,
  );
});

testWith(["read"], "Records of schema 1 compare with those of schema 2", async () => {
  const path = (folder: string) => `${import.meta.dirname}/${folder}`;
  const a = await currentRecords(path("../../fixtures/schema1"));
  const b = (await currentRecords(path("../../../results/reference")))
    .filter(({ run }) => run.profile === "quick"); // A seed each.
  const { comparisons, onlyA, onlyB } = compareRecords(a, b, LIMITS);
  assert.equal(onlyA.length, 0);
  assert.equal(new Set(comparisons.map(({ b }) => b)).size, 5);
  assert.equal(onlyB.length, b.length - 5);
  assert.ok(comparisons.every(({ change }) => change !== null));
  assert.doesNotMatch(toTerminal(comparisons) + toCsv(comparisons, COMPARISON), /NaN|undefined/);
});

Deno.test("A comparison says that the data of a seed are not the same", () => {
  assert.equal(only([toy(1)], [toy(1)]).reason, "");
  assert.equal(only([toy(1)], [toy(1, { data: "e" })]).reason, "the data are not the same");
  assert.equal(only([toy(1)], [toy(1, { data: "e", seed: 1 })]).reason, "");
});
