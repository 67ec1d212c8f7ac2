import assert from "node:assert/strict";
import type { QualityRun } from "../../benchmarks/plan.ts";
import { planRuns } from "../../benchmarks/suites.ts";

const mnist = (datasets: string[] = []) =>
  planRuns({ profile: "paper", suites: ["mnist"], datasets }) as QualityRun[];

Deno.test("planRuns() has MADE and deep flows: flat ones with other layers, and with RealNVP a weight decay", () => {
  const flat = mnist().filter(({ variant }) => variant === "flat");
  for (
    const [variant, layers, families] of [
      ["made", 1, ["maf"]],
      ["deep", 10, ["realnvp", "maf"]],
    ] as const
  ) {
    const runs = mnist().filter((run) => run.variant === variant);
    assert.deepEqual([...new Set(runs.map(({ family }) => family))], families);
    for (const { flow, train, ...rest } of runs) {
      const other = flat.find(({ family, seed }) => family === rest.family && seed === rest.seed)!;
      const [like, decay] = [{ ...flow, layers: 5 }, { ...train!, weightDecay: 0 }];
      assert.deepEqual({ ...rest, variant: "flat", flow: like, train: decay }, other);
      assert.equal(flow.layers, layers);
      assert.equal(train!.weightDecay, rest.family === "realnvp" ? 1 : 0);
    }
  }
});

Deno.test("planRuns() has long flows of toys: flat ones with all of training stretched by four", () => {
  const toys = planRuns({ profile: "paper", suites: ["toy"] }) as QualityRun[];
  const long = toys.filter(({ variant }) => variant === "long");
  const flat = toys.filter(({ variant, seed, train }) => variant === "flat" && seed < 2 && train);
  assert.equal(long.length, 9 * 5 * 2);
  assert.deepEqual(
    long.map(({ train, ...rest }) => ({ ...rest, train: { ...train } })),
    flat.map(({ train, ...rest }) => ({
      ...rest,
      variant: "long",
      expectedSeconds: 4 * rest.expectedSeconds,
      train: {
        ...train,
        maxSteps: 4 * train!.maxSteps,
        validateEvery: 4 * train!.validateEvery,
      },
    })),
  );
});

Deno.test("planRuns() refuses a profile that is none", () => {
  assert.throws(() => planRuns({ profile: "papre" as "paper" }), {
    name: "RangeError",
    message:
      'Cannot plan runs as profile must be one of smoke, quick, paper: current value is "papre"',
  });
});

Deno.test("planRuns() takes seeds that are asked for, else those of the variant, else of the suite", () => {
  const seeds = (variant: string, asked?: number[]) =>
    planRuns({
      profile: "paper",
      suites: ["mnist"],
      families: ["realnvp"],
      variants: [variant],
      ...(asked && { seeds: asked }),
    }).map(({ seed }) => seed);
  assert.deepEqual(seeds("flat"), [0, 1, 2]);
  assert.deepEqual(seeds("conv"), [0]);
  assert.deepEqual(seeds("flat", [7]), [7]);
});

Deno.test("planRuns() says what was tuned on validation images, where something was", () => {
  for (const profile of ["quick", "paper"] as const) {
    for (
      const { train, tuned, variant } of planRuns({ profile, suites: ["mnist"] }) as QualityRun[]
    ) {
      assert.equal(tuned?.startsWith("on validation images: ") ?? false, train !== null, variant);
    }
  }
  assert.ok(planRuns({ profile: "smoke" }).every(({ tuned }) => tuned === undefined));
});

Deno.test("planRuns() plans Fashion-MNIST as MNIST, in suite mnist, if it is named", () => {
  assert.ok(mnist().every(({ dataset }) => dataset === "mnist"));
  const fashion = planRuns({ profile: "paper", datasets: ["fashion_mnist"] });
  assert.deepEqual(fashion.map((run) => ({ ...run, dataset: "mnist" })), mnist(["mnist"]));
});

Deno.test("profiles quick and paper time flows of the size whose NLL on MNIST profile paper has", () => {
  const sizesOf = (profile: "quick" | "paper", suite: string) =>
    new Set(
      planRuns({ profile, suites: [suite], variants: ["flat"], seeds: [0] })
        .filter(({ kind, flow }) => kind !== "energy" && flow.layers !== undefined)
        .map(({ family, flow: { layers, hidden } }) => JSON.stringify([family, layers, hidden])),
    );
  for (const profile of ["quick", "paper"] as const) {
    assert.deepEqual(sizesOf(profile, "tradeoff"), sizesOf("paper", "mnist"), profile);
  }
});
