import assert from "node:assert/strict";
import { logIntegral } from "../../datasets/_log_integral.ts";
import { Float64 } from "../../datasets/_real.ts";
import { ENERGIES } from "../../datasets/mod.ts";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { assertAllClose } from "../_assert.ts";
import { startEngine } from "../_engine.ts";

/** Points of float32 in the box, walls included, so that both forms take the same ones. */
const COUNT = 500;
const points = (label: string): Float32Array =>
  new Rng(5).split(label).uniform(2 * COUNT).map((u) => 13 * u - 6.5);

/** Energies are up to 500 nats in the box, and u3 and u4 subtract numbers of that size. */
const FLOAT32 = 1e-4;

for (const energy of Object.values(ENERGIES)) {
  const { name, box: [xmin, xmax, ymin, ymax] } = energy;

  Deno.test(`${name}.energies() of a batch are those of energy() at its points`, async () => {
    await startEngine();
    const x = points(name);
    const found = tf.tidy(() => energy.energies(tf.tensor2d(x, [COUNT, 2])).dataSync());
    const wanted = Array.from(found, (_, i) => energy.energy(x[2 * i]!, x[2 * i + 1]!));
    assertAllClose(found, wanted, FLOAT32, name);
  });

  Deno.test(`${name}.energies() has the gradient of energy() by finite differences`, async () => {
    await startEngine();
    const x = points(name);
    const found = tf.tidy(() => {
      const sum = (x: tf.Tensor) => tf.sum(energy.energies(x)) as tf.Scalar;
      return tf.grad(sum)(tf.tensor2d(x, [COUNT, 2])).dataSync();
    });
    // In float64: the error of a central difference is below 1e-6 but at the kink of a wall.
    const h = 1e-5;
    const slope = (i: number): number => {
      const [a, b] = [x[i - i % 2]!, x[i - i % 2 + 1]!];
      const [da, db] = i % 2 === 0 ? [h, 0] : [0, h];
      return (energy.energy(a + da, b + db) - energy.energy(a - da, b - db)) / (2 * h);
    };
    assertAllClose(found, Array.from(x, (_, i) => slope(i)), FLOAT32, name);
  });

  Deno.test(`${name}.energies() has a finite gradient where |x| is 0, or its square in float32`, async () => {
    await startEngine();
    const slopes = tf.tidy(() =>
      tf.grad((x) => tf.sum(energy.energies(x)))(tf.tensor2d([[0, 0], [1e-25, 0]])).dataSync()
    );
    assert.ok(slopes.every(Number.isFinite), `${slopes}`);
  });

  Deno.test(`${name}.energies() refuses what is not [batch, 2]`, async () => {
    await startEngine();
    for (const shape of [[4], [2, 3], [1, 2, 2]]) {
      const x = tf.zeros(shape);
      assert.throws(() => energy.energies(x), {
        name: "TypeError",
        message: `Cannot evaluate ${name}.energies as x must have shape [batch, 2]: ` +
          `current shape is [${shape.join(", ")}]`,
      });
      x.dispose();
    }
  });

  Deno.test(`${name}.logNormalizerNats() agrees with the trapezoidal rule over a larger box`, () => {
    const { value, error } = energy.logNormalizerNats();
    // The step is a twelfth of the thinnest ridge; the kinks of the walls leave about step^3.
    const step = 0.03, side = 14 / step;
    let sum = 0;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        sum += Math.exp(-energy.energy(-7 + (i + 0.5) * step, -7 + (j + 0.5) * step));
      }
    }
    assert.ok(error > 0 && error < 1e-8, `the error is ${error}`);
    assert.ok(Math.abs(Math.log(sum * step * step) - value) < 1e-4, `${value} by quadrature`);
    assert.equal(energy.logNormalizerNats(), energy.logNormalizerNats(), "computed twice");
  });

  Deno.test(`${name}.box holds all but 1e-9 of the mass, and a box of half a unit less does not`, () => {
    const { value } = energy.logNormalizerNats();
    const massOf = (grown: number): number => {
      const box = [xmin - grown, xmax + grown, ymin - grown, ymax + grown] as const;
      return Math.exp(logIntegral(energy.energy, box, 0.5).value - value);
    };
    assert.ok(Math.abs(massOf(2) - 1) < 1e-9);
    if (name !== "u1") assert.ok(massOf(-0.5) < 1 - 1e-9); // It ends long before the walls.
  });

  Deno.test(`${name}.energy() is finite and high far away`, () => {
    for (const x of [0, -9, 1e3, -1e6, 1e9]) {
      for (const y of [10, -1e3, 1e6, -1e9]) {
        for (const value of [energy.energy(x, y), energy.energy(y, x)]) {
          assert.ok(Number.isFinite(value) && value > 100, `U(${x}, ${y}) is ${value}`);
        }
      }
    }
  });
}

Deno.test("ENERGIES are those of the paper within the walls, by hand", () => {
  const at = (name: string, x: number, y: number): number => ENERGIES[name]!.energy(x, y);
  const close = (found: number, wanted: number): void =>
    assert.ok(Math.abs(found - wanted) < 1e-12, `${found} is not ${wanted}`);
  // The ring's right mode: the left one is 4 / 0.6 standard deviations away.
  close(at("u1", 2, 0), -Math.log(1 + Math.exp(-0.5 * (4 / 0.6) ** 2)));
  close(at("u1", 0, 2), -Math.log(2 * Math.exp(-0.5 * (2 / 0.6) ** 2)));
  // w1(1) = 1, w1(3) = -1; w2(1) = 3; w3(1) = 3/2.
  close(at("u2", 1, 1), 0);
  close(at("u2", 3, 1), 0.5 * (2 / 0.4) ** 2);
  close(at("u3", 1, -2), -Math.log(Math.exp(-0.5 * (3 / 0.35) ** 2) + 1));
  close(at("u4", 1, -0.5), -Math.log(Math.exp(-0.5 * (1.5 / 0.4) ** 2) + 1));
  // A wall's width beyond where it begins: half a nat.
  close(at("u2", -4.4, -Math.sin(2.2 * Math.PI)), 0.5);
  close(at("u2", -4.4, 4.8) - 0.5 * ((4.8 - Math.sin(-2.2 * Math.PI)) / 0.4) ** 2, 0.5 + 2);
});

Deno.test("u2.logNormalizerNats() is the closed form: a ridge between two half-Gaussian walls", () => {
  const ridge = 0.4 * Math.sqrt(2 * Math.PI), along = 8 + 0.4 * Math.sqrt(2 * Math.PI);
  const { value, error } = ENERGIES["u2"]!.logNormalizerNats();
  assert.ok(Math.abs(value - Math.log(ridge * along)) < error);
});

Deno.test("ENERGIES names each entry as it is registered", () => {
  assert.deepEqual(Object.keys(ENERGIES), ["u1", "u2", "u3", "u4"]);
  for (const [key, { name }] of Object.entries(ENERGIES)) assert.equal(key, name);
});

Deno.test("Float64 computes what a tensor of the same method does", async () => {
  await startEngine();
  const unary = ["abs", "exp", "relu", "sigmoid", "sin", "softplus", "sqrt", "square"] as const;
  for (const method of unary) {
    for (const value of [0.25, 1.5, 9]) {
      for (const t of method === "sqrt" ? [value] : [value, -value]) {
        const found = tf.tidy(() => tf.scalar(t)[method]().dataSync());
        assertAllClose(found, [new Float64(t)[method]().value], 1e-5, `${method}(${t})`);
      }
    }
  }
  for (const method of ["add", "sub", "mul", "div"] as const) {
    const found = tf.tidy(() => tf.scalar(1.5)[method](tf.scalar(-0.5)).dataSync());
    assertAllClose(found, [new Float64(1.5)[method](new Float64(-0.5)).value], 1e-6, method);
    assert.equal(new Float64(1.5)[method](-0.5).value, found[0]);
  }
});
