import assert from "node:assert/strict";
import { drawBudgets } from "../../../benchmarks/figures/budgets_figure.ts";
import { styleOf } from "../../../benchmarks/figures/chart.ts";
import {
  drawConvergence,
  validationFloor,
} from "../../../benchmarks/figures/convergence_figure.ts";
import { drawDirections } from "../../../benchmarks/figures/directions_figure.ts";
import { drawGaps } from "../../../benchmarks/figures/gaps_figure.ts";
import type { Profile, QualityRun } from "../../../benchmarks/plan.ts";
import type { Record } from "../../../benchmarks/record.ts";
import { drawScaling } from "../../../benchmarks/figures/scaling_figure.ts";
import { planRuns } from "../../../benchmarks/suites.ts";
import { loadDataset } from "../../../datasets/mod.ts";
import { hardest } from "../../../benchmarks/tables/timings.ts";

const FLOOR = 2.4;

/** A record of a toy whose validation loss fell to the given gaps. */
function recordOf(
  family: string,
  gaps: readonly number[],
  { profile = "paper" as Profile, variant = "flat", seed = 0, backend = "wasm" } = {},
): Record {
  const [run] = planRuns({
    profile,
    suites: ["toy"],
    datasets: ["moons"],
    families: [family],
    variants: [variant],
    seeds: [seed],
  });
  const floor = validationFloor(run as QualityRun);
  const curve = gaps.map((gap, i) => ({
    step: 100 * 10 ** i,
    trainNats: 0,
    validationNats: floor + gap,
  }));
  const scores = { floorNats: FLOOR, klNats: gaps.at(-1)!, klSe: 0.001 };
  const environment = { backend };
  return {
    run,
    status: "ok",
    config: { familyVersion: 1 },
    environment,
    training: { curve, bestStep: curve.at(-1)!.step },
    scores,
  } as unknown as Record;
}

/** The points of each line of a figure, by its title. */
function linesOf(svg: string): { [title: string]: { points: number[][]; isDashed: boolean } } {
  const groups = svg.match(/<g [^>]*>(?:(?!<g ).)*?<\/g>/gs)!;
  return Object.fromEntries(
    groups.flatMap((group) =>
      [...group.matchAll(/ d="(M[^"]*)"[^>]*><title>([^<]*)</g)].map(([, path, title]) => [
        title!,
        {
          points: path!.slice(1).split("L").map((point) => point.split(",").map(Number)),
          isDashed: group.includes("stroke-dasharray"),
        },
      ])
    ),
  );
}

Deno.test("drawConvergence() has a line for each model: the median gap over seeds, deep ones dashed", () => {
  const lines = linesOf(
    drawConvergence([
      recordOf("maf", [1, 0.1, 0.01]),
      recordOf("maf", [1, 0.1, 0.01], { seed: 1 }),
      recordOf("maf", [1, 0.5, 0.9], { seed: 2 }),
      recordOf("iaf", [1, 0.9]), // Stopped early: the line ends where the first seed does.
      recordOf("iaf", [1, 0.5, 0.1], { seed: 1 }),
      recordOf("glow", [0.1, 0.01], { variant: "deep" }),
      recordOf("maf", [2, 2], { profile: "quick" }), // Surpassed by those of profile paper.
    ])!,
  );
  assert.deepEqual(Object.keys(lines).sort(), ["glow deep", "iaf", "maf"]);
  assert.equal(lines["iaf"]!.points.length, 2);
  assert.equal(lines["maf"]!.isDashed, false);
  assert.equal(lines["glow deep"]!.isDashed, true);
  // Both axes are logarithmic: a tenth is as far down each time, and where glow starts maf is after 1,000.
  const [a, b, c] = lines["maf"]!.points;
  assert.ok(Math.abs((b![1]! - a![1]!) - (c![1]! - b![1]!)) < 0.02);
  assert.ok(a![1]! < b![1]!, "a smaller gap is further down");
  assert.deepEqual(lines["glow deep"]!.points[0], [a![0]!, b![1]!]);
});

Deno.test("validationFloor() is that of the points that validate, and near the entropy", async () => {
  for (const seed of [0, 3]) {
    const [run] = planRuns({
      profile: "paper",
      suites: ["toy"],
      datasets: ["moons"],
      variants: ["flat"],
      seeds: [seed],
    }) as QualityRun[];
    const { splits, logDensity, entropyNats } = await loadDataset("moons", {
      seed,
      counts: run!.counts!,
    });
    const { values, count } = splits.validation;
    let sum = 0;
    for (let i = 0; i < count; i++) sum -= logDensity!(values[2 * i]!, values[2 * i + 1]!);
    const floor = validationFloor(run!);
    assert.ok(Math.abs(floor - sum / count) < 1e-12, `seed ${seed}`);
    assert.ok(Math.abs(floor - entropyNats!.value) < 0.05 && floor !== entropyNats!.value);
  }
});

Deno.test("figures of toys have lines and places of their own for profiles and backends", () => {
  const records = [
    recordOf("maf", [1, 0.1]),
    recordOf("maf", [1, 0.2], { backend: "cpu" }),
    recordOf("iaf", [1, 0.3], { profile: "quick" }),
  ];
  const names = ["iaf, quick, wasm", "maf, paper, cpu", "maf, paper, wasm"];
  assert.deepEqual(Object.keys(linesOf(drawConvergence(records)!)).sort(), names);
  const svg = drawGaps(records)!;
  const places = [...svg.matchAll(/transform="translate\(([^)]*)\)"[^>]*><title>(.*?) on moons/g)];
  assert.deepEqual(places.map(([, , name]) => name).sort(), names);
  assert.equal(
    new Set(places.map(([, place]) => place!.split(",")[1])).size,
    3,
    "lines of the panel",
  );
});

Deno.test("hardest() is of one backend, and of profile paper if it has times", () => {
  const [run] = planRuns({ profile: "smoke", suites: ["tradeoff"], families: ["maf"] });
  const timings = [{ op: "density", method: "direct", batch: 1, samplesMs: [7] }];
  const of = (backend: string, profile = "quick") =>
    ({
      run: { ...run, profile },
      status: "ok",
      timings,
      environment: { backend },
    }) as unknown as Record;
  const found = hardest([of("wasm"), of("cpu"), of("wasm")]);
  assert.deepEqual(found.map(({ record }) => record.environment.backend), ["wasm", "wasm"]);
  const [only, ...others] = hardest([of("wasm"), of("wasm", "paper")]);
  assert.deepEqual([only!.run.profile, others], ["paper", []]);
  assert.deepEqual(hardest([]), []);
  // Of a machine that timed one flow alone there is less.
  const many = ["maf", "iaf"].map((family) => {
    const record = of("wasm");
    return { ...record, run: { ...record.run, family } } as Record;
  });
  assert.equal(hardest([of("cpu"), ...many]).length, 2);
});

Deno.test("figures of toys are left out where there is nothing to draw", () => {
  const { scores, ...rest } = recordOf("maf", [1]);
  const record = { ...rest, scores: { ...scores!, floorNats: null, klNats: null } };
  assert.equal(drawConvergence([record]), null);
  assert.equal(drawGaps([record]), null);
  const long = { ...record, run: { ...record.run, variant: "long" } } as Record;
  assert.equal(drawBudgets([long]), null);
  const [run] = planRuns({ profile: "quick", suites: ["mnist"], families: ["maf"] });
  const image = { ...record, run: run!, timings: [] };
  for (const draw of [drawConvergence, drawGaps, drawBudgets, drawDirections, drawScaling]) {
    assert.equal(draw([image]), null, draw.name);
  }
});

Deno.test("drawGaps() tells deep flows from others by hollow symbols", () => {
  const svg = drawGaps([
    recordOf("glow", [0.2]),
    recordOf("glow", [0.1], { variant: "deep" }),
    recordOf("glow", [0.3], { profile: "quick" }),
  ])!;
  const { colour } = styleOf("glow");
  const fillOf = (title: string) =>
    new RegExp(`<(?:path|circle)([^>]*)><title>${title}`).exec(svg)![1]!;
  assert.match(fillOf("glow on moons"), new RegExp(`fill="${colour}"`));
  assert.match(fillOf("glow deep on moons"), /fill="none"/);
  assert.equal(svg.match(/<title>glow on moons/g)!.length, 1);
});

Deno.test("drawBudgets() has the KL of each long flow over that of the flat flows of its seed and of others", () => {
  const hasty = recordOf("maf", [1], { seed: 1 });
  const run = hasty.run as QualityRun;
  const records = [
    recordOf("maf", [0.1]),
    { ...hasty, run: { ...run, train: { ...run.train!, patience: 3 } } },
    { ...recordOf("maf", [0.3], { seed: 2 }), config: { familyVersion: 2 } },
    { ...recordOf("maf", [0.3], { seed: 3 }), code: { family: 1, dataset: 2, backend: "wasm" } },
    recordOf("maf", [0.5], { profile: "quick" }),
    recordOf("maf", [0.5], { backend: "cpu" }),
    recordOf("maf", [0.05], { variant: "long" }),
    recordOf("iaf", [0.5], { variant: "long" }), // None that is flat.
    recordOf("glow", [0.5]), // None that is long.
    recordOf("nice", [0.5], { variant: "long" }),
    recordOf("nice", [0.5], { seed: 1 }), // Of its seed there is none.
  ];
  const titles = (svg: string | null) =>
    [...svg!.matchAll(/<title>([^<]*)</g)].map(([, title]) => title);
  const of = (steps: string, seed: number, kl: string) =>
    `best of ${steps} steps at 100, seed ${seed}: ${kl} nats`;
  const [long, flat, last] = [
    `maf on moons: ${of("20,000", 0, "0.0500")}`,
    of("5,000", 0, "0.1000"),
    of("5,000", 1, "1.0000"),
  ];
  const svg = drawBudgets(records)!;
  assert.deepEqual(titles(svg), [`${long}; ${last}`, `${long}; ${flat}`]);
  assert.match(svg, />KL\(data \|\| flow\) after 20,000 steps \/ KL after 5,000 steps/);
  for (const draw of [drawGaps, drawConvergence]) {
    assert.doesNotMatch(titles(draw(records)).join(), /long/, draw.name);
  }
  // Several backends, and several seeds of long, have points of their own.
  const cpu = records.map((record) => ({ ...record, environment: { backend: "cpu" } }) as Record);
  const ofCpu = titles(drawBudgets([...records, ...cpu])).filter((title) => /cpu/.test(title!));
  assert.equal(ofCpu.length, 4);
  const more = [...records, recordOf("maf", [0.2], { variant: "long", seed: 1 })];
  assert.equal(titles(drawBudgets(more)).length, 4);
  const failed = records.map((record) =>
    record.run.variant === "long" ? { ...record, status: "diverged" as const } : record
  );
  assert.equal(drawBudgets(failed), null);
  assert.equal(drawBudgets(records.filter(({ run }) => run.variant === "flat")), null);
  assert.equal(drawBudgets([]), null);
});

Deno.test("drawBudgets() draws a ratio where its axis has it", () => {
  const placesOf = (flat: number, long: number) => {
    const svg = drawBudgets([
      recordOf("maf", [flat]),
      recordOf("maf", [flat / 2], { seed: 1 }),
      recordOf("maf", [long], { variant: "long" }),
    ])!;
    const [other, own] = [
      ...svg.matchAll(/<(?:circle|path)[^>]*?(?:cx="|translate\()([\d.]+)[^>]*><title>/g),
    ]
      .map(([, x]) => Number(x));
    const lines = [...svg.matchAll(/<line[^>]* x1="([\d.-]+)"/g)].map(([, x]) => Number(x));
    const [first, last] = [125, 880]; // The frame.
    for (const x of [...lines, other!, own!]) assert.ok(x >= first && x <= last, `${x}`);
    return { other: other!, own: own!, one: lines.at(-1)! };
  };
  const { other, own, one } = placesOf(0.2, 0.05); // A quarter, and half.
  assert.ok(own < other && other < one);
  assert.ok(Math.abs((one - own) - 2 * (one - other)) < 1, "by equal steps of a logarithm");
  const tiny = placesOf(1e-4, 1e-6);
  assert.ok(
    Math.abs(tiny.own - tiny.one) < 0.1,
    "what is below the least that compares counts as that",
  );
  const half = placesOf(0.02, 0.001);
  assert.ok(Math.abs((half.one - half.own) - (one - own)) < 0.1, "0.02 to 0.001 is a quarter, so");
  placesOf(0.01, 5);
});

Deno.test("drawDirections() scores what was timed by flows of its size alone", () => {
  const [timed] = planRuns({ profile: "quick", suites: ["tradeoff"], families: ["maf"] });
  const [scored] = planRuns({ profile: "quick", suites: ["mnist"], families: ["maf"] });
  const at = (op: string, ms: number) => ({ op, method: "direct", batch: 1, samplesMs: [ms] });
  const environment = { backend: "wasm" };
  const labelsOf = (flow: object) => {
    const timing = { run: timed, timings: [at("density", 1), at("sample", 2)], environment };
    const run = { ...scored, flow: { ...scored!.flow, ...flow } };
    const scores = { dim: 784, nllNats: 0, nllSe: 0, bitsPerDim: 1.5 };
    const quality = { ...recordOf("maf", [1]), run, scores };
    return drawDirections([timing, quality] as unknown as Record[])!;
  };
  assert.match(labelsOf(timed!.flow), />maf: 1\.50</);
  assert.match(labelsOf({ layers: 4 }), />maf</);
  assert.match(labelsOf({ hidden: [7] }), />maf</);
});
