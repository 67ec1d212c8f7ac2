import assert from "node:assert/strict";
import { concentric } from "../../datasets/_concentric.ts";
import { type Box, DATASETS, type ToyDensity } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import { chiSquareDeviate, momentsOnGrid, monomials } from "./_statistics.ts";

const toys = Object.values(DATASETS).filter((definition) => definition.kind === "toy");

/** What the tests of one toy need to know beyond its definition. */
interface Expectation {
  /** Entropy of the project's survey (1.9), by other means, and its stated accuracy, nats. */
  readonly surveyNats: number;
  readonly accuracy: number;
  /** Step of a grid that resolves the density. */
  readonly step: number;
  /** How far the mass in the box may be from 1. */
  readonly massError: number;
  /** Where the cells of the chi-square test lie. */
  readonly region: Box;
}

const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  moons: toy(2.3939, 0.005, 0.08, 1e-8, [-3.6, 3.6, -1.8, 2.4]),
  circles: toy(3.268, 0.005, 0.1, 1e-8, [-4, 4, -4, 4]),
  rings: toy(2.6232, 0.005, 0.04, 1e-8, [-3.3, 3.3, -3.3, 3.3]),
  eight_gaussians: toy(2.8319, 0.001, 0.15, 1e-8, [-4, 4, -4, 4]),
  // The arms are sheared to a twentieth of their length: 1e-5 is what this grid can resolve.
  pinwheel: toy(2.32, 0.01, 0.045, 1e-5, [-3.2, 3.2, -3.2, 3.2]),
  swiss_roll: toy(2.6697, 0.005, 0.08, 1e-8, [-3.2, 3.2, -3.2, 3.2]),
  two_spirals: toy(2.6454, 0.005, 0.07, 1e-8, [-3.4, 3.4, -3.4, 3.4]),
  checkerboard: toy(3.4657, 1e-4, 0.25, 1e-12, [-4, 4, -4, 4]),
  banana: toy(-3.1536, 1e-4, 0.012, 1e-8, [-0.1, 0.9, -0.35, 0.35]),
};

function toy(
  surveyNats: number,
  accuracy: number,
  step: number,
  massError: number,
  region: Box,
): Expectation {
  return { surveyNats, accuracy, step, massError, region };
}

const COUNT = 20_000;

/** One-sided level 1e-4 of {@link chiSquareDeviate}: with fixed seeds it passes or fails for good. */
const LIMIT = 3.72;

const samples = new Map<string, Float32Array>();
function sampleOf({ name, sample }: ToyDensity): Float32Array {
  const known = samples.get(name) ?? sample(COUNT, new Rng(7).split(name));
  samples.set(name, known);
  return known;
}

for (const definition of toys) {
  const { name, logDensity, box, sample } = definition;
  const { surveyNats, accuracy, step, massError, region } = EXPECTATIONS[name]!;

  Deno.test(`${name}.logDensity() integrates to 1, and sample() has its moments`, () => {
    const { mass, moments, spreads } = momentsOnGrid(logDensity, box, step);
    assert.ok(Math.abs(mass - 1) < massError, `the mass is 1 + ${mass - 1}`);

    const points = sampleOf(definition);
    const means = [0, 0, 0, 0, 0];
    for (let i = 0; i < COUNT; i++) {
      const values = monomials(points[2 * i]!, points[2 * i + 1]!);
      for (const [k, value] of values.entries()) means[k]! += value / COUNT;
    }
    for (const [k, mean] of means.entries()) {
      const deviate = (mean - moments[k]!) / (spreads[k]! / Math.sqrt(COUNT));
      assert.ok(Math.abs(deviate) < 4.5, `moment ${k} is ${deviate} standard errors off`);
    }
  });

  Deno.test(`${name}.sample() follows logDensity(), and a density 5 % too narrow is noticed`, () => {
    const points = sampleOf(definition);
    const deviate = chiSquareDeviate(points, logDensity, region);
    assert.ok(deviate < LIMIT, `chi-square deviate ${deviate}`);

    const narrow = (x: number, y: number): number =>
      logDensity(1.05 * x, 1.05 * y) + 2 * Math.log(1.05);
    const wrong = chiSquareDeviate(points, narrow, region);
    assert.ok(wrong > 2 * LIMIT, `chi-square deviate of the wrong density ${wrong}`);
  });

  Deno.test(`${name}.entropyNats() agrees with the survey and with sample()`, () => {
    const { value, error } = definition.entropyNats();
    assert.ok(Math.abs(value - surveyNats) < accuracy, `${value} is not ${surveyNats}`);
    assert.ok(error >= 0 && error < 1e-5, `the error is ${error}`);
    assert.equal(definition.entropyNats(), definition.entropyNats(), "computed more than once");

    const points = sampleOf(definition);
    let sum = 0, squares = 0;
    for (let i = 0; i < COUNT; i++) {
      const nats = -logDensity(points[2 * i]!, points[2 * i + 1]!);
      sum += nats;
      squares += nats * nats;
    }
    const mean = sum / COUNT, variance = squares / COUNT - mean * mean;
    const standardError = Math.sqrt(Math.max(0, variance) / COUNT);
    assert.ok(
      Math.abs(mean - value) <= 4 * standardError + 1e-9,
      `${mean} +- ${standardError} by samples, ${value} by quadrature`,
    );
  });

  Deno.test(`${name}.sample() repeats with the seed, goes on with the rng, and stays in its box`, () => {
    const draw = (count: number): Float32Array => sample(count, new Rng(0));
    assert.deepEqual(draw(100), draw(100));
    assert.deepEqual(draw(100).subarray(0, 20), draw(10));
    const rng = new Rng(0);
    assert.notDeepEqual(sample(10, rng), sample(10, rng));
    assert.equal(sample(0, rng).length, 0);

    const [xmin, xmax, ymin, ymax] = box;
    const points = sampleOf(definition);
    for (let i = 0; i < COUNT; i++) {
      const x = points[2 * i]!, y = points[2 * i + 1]!;
      assert.ok(x >= xmin && x <= xmax && y >= ymin && y <= ymax, `(${x}, ${y}) is outside`);
    }
  });

  Deno.test(`${name}.logDensity() is never NaN, however far away`, () => {
    for (const x of [0, 1e-9, 1, -7.3, 25, -1e3, 1e6]) {
      for (const y of [0, -1e-9, 0.5, 9.1, -30, 1e3, -1e6]) {
        assert.ok(logDensity(x, y) < 10, `log p(${x}, ${y}) is ${logDensity(x, y)}`);
      }
    }
  });
}

Deno.test("EXPECTATIONS has every toy of DATASETS", () => {
  assert.deepEqual(Object.keys(EXPECTATIONS).sort(), toys.map(({ name }) => name).sort());
});

Deno.test("DATASETS names each entry as it is registered", () => {
  for (const [key, { name }] of Object.entries(DATASETS)) assert.equal(key, name);
});

Deno.test("chiSquareDeviate() notices noise of 0.09 instead of 0.08 on the rings", () => {
  const { logDensity } = concentric([0.75, 1.5, 2.25, 3], 0.09);
  const { region } = EXPECTATIONS["rings"]!;
  const points = sampleOf(toys.find(({ name }) => name === "rings")!);
  assert.ok(chiSquareDeviate(points, logDensity, region) > LIMIT);
});

Deno.test("circles.sample() draws each point for itself: the share of a circle varies", () => {
  // With a fixed half on each circle the variance would be 0; independent draws give 25, and a
  // chi-square with 199 degrees of freedom keeps it in 15 … 38 but for a probability of 1e-5.
  const points = sampleOf(toys.find(({ name }) => name === "circles")!);
  const batches = 200, size = COUNT / batches;
  const outer = Array.from({ length: batches }, (_, batch) => {
    let count = 0;
    for (let i = batch * size; i < (batch + 1) * size; i++) {
      if (Math.hypot(points[2 * i]!, points[2 * i + 1]!) > 2.25) count++;
    }
    return count;
  });
  const variance = outer.reduce((sum, count) => sum + (count - size / 2) ** 2, 0) / batches;
  assert.ok(variance > 15 && variance < 38, `the variance is ${variance}`);
});
