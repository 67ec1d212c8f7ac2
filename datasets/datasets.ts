import { banana } from "./banana.ts";
import { checkerboard } from "./checkerboard.ts";
import { circles } from "./circles.ts";
import type { DatasetDefinition } from "./dataset.ts";
import { eightGaussians } from "./eight_gaussians.ts";
import { fashionMnist, mnist, mnistTwos } from "./mnist.ts";
import { moons } from "./moons.ts";
import { pinwheel } from "./pinwheel.ts";
import { rings } from "./rings.ts";
import { swissRoll } from "./swiss_roll.ts";
import { twoSpirals } from "./two_spirals.ts";

/**
 * The registry of data sets: tests and benchmarks iterate over it. To add one, write its file and
 * put one line here.
 */
export const DATASETS: Readonly<Record<string, DatasetDefinition>> = {
  moons,
  circles,
  rings,
  eight_gaussians: eightGaussians,
  pinwheel,
  swiss_roll: swissRoll,
  two_spirals: twoSpirals,
  checkerboard,
  banana,
  mnist,
  mnist_2: mnistTwos,
  fashion_mnist: fashionMnist,
};
