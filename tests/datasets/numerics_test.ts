import assert from "node:assert/strict";
import { besselI0Scaled } from "../../datasets/_bessel.ts";
import { tabulated } from "../../datasets/_chebyshev.ts";
import { curveMixture, curvePanels } from "../../datasets/_curve_mixture.ts";
import { entropyOnGrid, entropyOverRadius } from "../../datasets/_entropy.ts";
import { erf, erfcx, logUniformPlusGaussian } from "../../datasets/_erf.ts";
import { gaussLegendre } from "../../datasets/_gauss_legendre.ts";
import { gaussianNoise } from "../../datasets/_gaussian.ts";
import { circles } from "../../datasets/circles.ts";
import { moons } from "../../datasets/moons.ts";
import { checkSize } from "../../datasets/number_table.ts";
import { swissRoll } from "../../datasets/swiss_roll.ts";
import { twoSpirals } from "../../datasets/two_spirals.ts";

function assertRelative(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.abs(expected),
    `${what} is ${actual}, expected ${expected} within ${tolerance} of it`,
  );
}

/** Composite Simpson's rule with many points: slow and independent of the code under test. */
function simpson(f: (t: number) => number, from: number, to: number, steps: number): number {
  const h = (to - from) / steps;
  let sum = f(from) + f(to);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * h);
  return sum * h / 3;
}

Deno.test("gaussLegendre() is exact for polynomials of degree 2 n - 1", () => {
  for (const n of [1, 2, 5, 12, 16]) {
    const { nodes, weights } = gaussLegendre(n);
    for (let degree = 0; degree < 2 * n; degree++) {
      const sum = nodes.reduce((sum, x, i) => sum + weights[i]! * x ** degree, 0);
      const exact = degree % 2 === 0 ? 2 / (degree + 1) : 0;
      assert.ok(Math.abs(sum - exact) < 1e-14, `n ${n}, degree ${degree}: ${sum}`);
    }
  }
});

Deno.test("entropyOnGrid() and entropyOverRadius() have errors that cover what a box leaves out", () => {
  const normal = (x: number, y: number) => -0.5 * (x * x + y * y) - Math.log(2 * Math.PI);
  const radial = (r: number) => normal(r, 0);
  const exact = 1 + Math.log(2 * Math.PI);
  for (const reach of [3, 4, 5, 10]) {
    for (
      const { value, error } of [
        entropyOnGrid(normal, [-reach, reach, -reach, reach], 0.1),
        entropyOverRadius(radial, reach, 0.1),
      ]
    ) {
      const off = Math.abs(value - exact);
      assert.ok(off <= error, `reach ${reach}: ${value} +- ${error}, exact ${exact}`);
      // Refining sees nothing of it.
      assert.ok(reach > 5 ? error < 1e-9 : off > 1e-5, `reach ${reach}: off by ${off}`);
    }
  }
});

Deno.test("checkSize() takes as much as fits, and no row, column or number more", () => {
  const fits: [number, number][] = [[0, 1], [0, 4_096], [2 ** 24, 1], [2 ** 24, 4], [
    2 ** 14,
    4_096,
  ]];
  for (const [count, dim] of fits) checkSize(count, dim, "a");
  const tooMuch: [number, number][] = [[0, 0], [0, 4_097], [2 ** 24 + 1, 1], [2 ** 14 + 1, 4_096]];
  for (const [count, dim] of tooMuch) {
    assert.throws(() => checkSize(count, dim, "a"), {
      name: "SyntaxError",
      message: new RegExp(`^Cannot read a as .*: it has ${count} rows of ${dim}$`),
    });
  }
});

Deno.test("erf() and erfcx() agree with their integrals on both sides of the switch at 2", () => {
  for (const x of [0.01, 0.5, 1, 1.9999, 2, 2.5, 4]) {
    const area = simpson((t) => Math.exp(-t * t), 0, x, 4000);
    assertRelative(erf(x), 2 / Math.sqrt(Math.PI) * area, 1e-13, `erf(${x})`);
    assert.equal(erf(-x), -erf(x));
  }
  for (const x of [0, 0.5, 1.9999, 2, 3, 10, 100]) {
    const tail = simpson((t) => Math.exp(-t * t - 2 * x * t), 0, 8 / (1 + x / 4), 20_000);
    assertRelative(erfcx(x), 2 / Math.sqrt(Math.PI) * tail, 1e-12, `erfcx(${x})`);
  }
});

Deno.test("besselI0Scaled() agrees with its integral on both sides of the switch at 20", () => {
  for (const z of [0, 0.1, 3, 19.99, 20, 50, 2000]) {
    const mean = simpson((t) => Math.exp(z * (Math.cos(t) - 1)), 0, Math.PI, 4000) / Math.PI;
    assertRelative(besselI0Scaled(z), mean, 1e-13, `I0e(${z})`);
  }
});

Deno.test("logUniformPlusGaussian() is the convolution, also far away, and tabulated() keeps it", () => {
  const half = 0.25 / 3, sigma = 0.1;
  const exact = logUniformPlusGaussian(half, sigma);
  const table = tabulated(exact, 2, 40);
  for (const d of [0, 0.03, half, 0.09, 0.3, 1, 1.99, 2.5]) {
    // Relative to the largest value of the integrand, which would underflow.
    const near = Math.max(0, d - half), shift = near * near / (2 * sigma * sigma);
    const integral = simpson(
      (v) => Math.exp(shift - (d - v) ** 2 / (2 * sigma * sigma)),
      -half,
      half,
      4000,
    );
    const expected = Math.log(integral / (2 * half * sigma * Math.sqrt(2 * Math.PI))) - shift;
    assert.ok(Math.abs(exact(d) - expected) < 1e-10, `at ${d}: ${exact(d)}, not ${expected}`);
    assert.equal(exact(-d), exact(d));
    assert.ok(Math.abs(table(d) - exact(d)) < 1e-11, `the table is off by ${table(d) - exact(d)}`);
  }
  assert.ok(Number.isFinite(exact(1e6)));
});

Deno.test("curveMixture() of a full circle is the closed form with a Bessel function", () => {
  const panels = curvePanels(
    [3, 1.5].map((radius) => ({
      from: 0,
      to: 2 * Math.PI,
      point: (t: number) => [radius * Math.cos(t), radius * Math.sin(t)] as const,
      density: () => 1 / (4 * Math.PI),
    })),
    0.48,
  );
  const logDensity = curveMixture(panels, gaussianNoise(0.24));
  for (const [x, y] of [[0, 0], [1, 1], [3, 0.1], [-2, 1], [0.3, -4.5]] as const) {
    const difference = logDensity(x, y) - circles.logDensity(x, y);
    assert.ok(Math.abs(difference) < 1e-10, `off by ${difference} at (${x}, ${y})`);
  }
});

const gauss = (d2: number, sigma: number): number =>
  Math.exp(-d2 / (2 * sigma * sigma)) / (2 * Math.PI * sigma * sigma);

/** The three curves, written a second time and integrated by a simpler rule. */
const DIRECT = {
  moons: (x: number, y: number): number =>
    simpson(
      (t) => {
        const outer = (x - 2 * Math.cos(t) + 1) ** 2 + (y - 2 * Math.sin(t) + 0.2) ** 2;
        const inner = (x - 2 * (1 - Math.cos(t)) + 1) ** 2 +
          (y - 2 * (0.5 - Math.sin(t)) + 0.2) ** 2;
        return (gauss(outer, 0.2) + gauss(inner, 0.2)) / (2 * Math.PI);
      },
      0,
      Math.PI,
      4000,
    ),
  swiss_roll: (x: number, y: number): number =>
    simpson(
      (u) => {
        const t = 1.5 * Math.PI * (1 + 2 * u);
        return gauss((x - t * Math.cos(t) / 5) ** 2 + (y - t * Math.sin(t) / 5) ** 2, 0.2);
      },
      0,
      1,
      20_000,
    ),
  two_spirals: (x: number, y: number): number => {
    const interval = (d: number): number =>
      (erf(d / (0.1 * Math.SQRT2)) - erf((d - 0.5 / 3) / (0.1 * Math.SQRT2))) / (2 * 0.5 / 3);
    const arm = (x: number, y: number): number =>
      simpson(
        (n) => {
          const dx = x + n * Math.cos(n) / 3, dy = y - n * Math.sin(n) / 3;
          return interval(dx) * interval(dy) * 2 * n / (3 * Math.PI) ** 2;
        },
        0,
        3 * Math.PI,
        20_000,
      );
    return (arm(x, y) + arm(-x, -y)) / 2;
  },
};

for (const toy of [moons, swissRoll, twoSpirals]) {
  Deno.test(`${toy.name}.logDensity() is the integral along its curve to 1e-9`, () => {
    const direct = DIRECT[toy.name as keyof typeof DIRECT];
    for (const [x, y] of [[0, 0], [1, 0.4], [-1.1, 1.7], [2.1, -0.9], [0.2, -0.6]] as const) {
      const difference = toy.logDensity(x, y) - Math.log(direct(x, y));
      assert.ok(Math.abs(difference) < 1e-9, `off by ${difference} at (${x}, ${y})`);
    }
  });
}
