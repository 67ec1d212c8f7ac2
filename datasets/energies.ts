import * as tf from "../engine/tf.ts";
import { lazy } from "./_lazy.ts";
import { logIntegral } from "./_log_integral.ts";
import { Float64, type Real } from "./_real.ts";
import type { Box, Energy } from "./dataset.ts";

/** An energy over the plane, for numbers and for tensors. */
type Formula = <T extends Real<T>>(x: T, y: T) => T;

/** t^2 / 2 */
const half = <T extends Real<T>>(t: T): T => t.square().div(2);

/** -log(exp(-a) + exp(-b)) = a - log(1 + exp(a - b)): low where either is. */
const either = <T extends Real<T>>(a: T, b: T): T => a.sub(a.sub(b).softplus());

const w1 = <T extends Real<T>>(x: T): T => x.mul(2 * Math.PI / 4).sin();
const w2 = <T extends Real<T>>(x: T): T => half(x.sub(1).div(0.6)).mul(-1).exp().mul(3);
const w3 = <T extends Real<T>>(x: T): T => x.sub(1).div(0.3).sigmoid().mul(3);

/** Of 1e-15 at the origin, where a root of 0 would have no gradient. */
const radius = <T extends Real<T>>(x: T, y: T): T => x.square().add(y.square()).add(1e-30).sqrt();

/** Where the wall begins, and how thick it is: as thick as the ridges are. */
const WALL = { at: 4, width: 0.4 } as const;

const wall = <T extends Real<T>>(t: T): T => half(t.abs().sub(WALL.at).relu().div(WALL.width));

/** The walls to more than six standard deviations. */
const BOX: Box = [-6.5, 6.5, -6.5, 6.5];

/** Puts the walls' kinks at +-4 on borders. */
const PANEL = 0.5;

function confined(name: string, description: string, published: Formula): Energy {
  const formula: Formula = (x, y) => published(x, y).add(wall(x)).add(wall(y));
  const energy = (x: number, y: number): number => formula(new Float64(x), new Float64(y)).value;
  return {
    kind: "energy",
    name,
    version: 1,
    description,
    source: "Rezende and Mohamed 2015, table 1, with walls at +-4",
    dim: 2,
    box: BOX,
    energy,
    energies(x) {
      if (x.rank !== 2 || x.shape[1] !== 2) {
        throw new TypeError(
          `Cannot evaluate ${name}.energies as x must have shape [batch, 2]: ` +
            `current shape is [${x.shape.join(", ")}]`,
        );
      }
      return tf.tidy(() => {
        const [x1, x2] = tf.unstack(x, 1);
        return formula(x1!, x2!) as tf.Tensor1D;
      });
    },
    logNormalizerNats: lazy(() => logIntegral(energy, BOX, PANEL)),
  };
}

/**
 * The registry of energies: unnormalised densities exp(-U(x)) that a flow is fitted to without data.
 *
 *     U1 = 1/2 ((|x| - 2) / 0.4)^2
 *          - log(exp(-1/2 ((x1 - 2) / 0.6)^2) + exp(-1/2 ((x1 + 2) / 0.6)^2))
 *     U2 = 1/2 ((x2 - w1) / 0.4)^2
 *     U3 = -log(exp(-1/2 ((x2 - w1) / 0.35)^2) + exp(-1/2 ((x2 - w1 + w2) / 0.35)^2))
 *     U4 = -log(exp(-1/2 ((x2 - w1) / 0.4)^2) + exp(-1/2 ((x2 - w1 + w3) / 0.35)^2))
 *     w1 = sin(2 pi x1 / 4),  w2 = 3 exp(-1/2 ((x1 - 1) / 0.6)^2),  w3 = 3 sigmoid((x1 - 1) / 0.3)
 *     U  = Uk + 1/2 sum_i (max(0, |x_i| - 4) / 0.4)^2
 *
 * Source: Rezende and Mohamed 2015, table 1. Deviation: the walls, the last line. Without them U2, U3
 * and U4 go on along x1 for ever, so that their integral is infinite and no density belongs to them;
 * the paper shows them from -4 to 4.
 */
export const ENERGIES: Readonly<Record<string, Energy>> = {
  u1: confined(
    "u1",
    "a ring with two modes",
    (x, y) =>
      half(radius(x, y).sub(2).div(0.4))
        .add(either(half(x.sub(2).div(0.6)), half(x.add(2).div(0.6)))),
  ),
  u2: confined("u2", "a wave", (x, y) => half(y.sub(w1(x)).div(0.4))),
  u3: confined(
    "u3",
    "a wave that splits into two for a while",
    (x, y) => either(half(y.sub(w1(x)).div(0.35)), half(y.sub(w1(x)).add(w2(x)).div(0.35))),
  ),
  u4: confined(
    "u4",
    "a wave that splits into two for good",
    (x, y) => either(half(y.sub(w1(x)).div(0.4)), half(y.sub(w1(x)).add(w3(x)).div(0.35))),
  ),
};
