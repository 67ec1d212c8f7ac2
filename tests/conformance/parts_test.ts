import { ActNorm } from "../../flows/actnorm.ts";
import { Chain } from "../../flows/chain.ts";
import { alternatingMask, Coupling } from "../../flows/coupling.ts";
import { Inverted } from "../../flows/inverted.ts";
import { InvertibleLinear } from "../../flows/invertible_linear.ts";
import { Logit } from "../../flows/logit.ts";
import { MaskedAutoregressive } from "../../flows/masked_autoregressive.ts";
import { Permutation } from "../../flows/permutation.ts";
import { Reverse } from "../../flows/reverse.ts";
import { SCALE_MAPS, type ScaleMap } from "../../flows/scale_map.ts";
import { Scaling } from "../../flows/scaling.ts";
import { testBijector } from "./bijector.ts";

const diagonal = () => (i: number, j: number) => i === j;

testBijector("ActNorm", {
  make: (dim) => new ActNorm("p", dim),
  depends: diagonal,
  dims: [1, 2, 5],
});
testBijector("Scaling", {
  make: (dim) => new Scaling("p", dim),
  depends: diagonal,
  dims: [1, 2, 5],
});
testBijector("Reverse", {
  make: (dim) => new Reverse(dim),
  depends: (dim) => (i, j) => j === dim - 1 - i,
});
testBijector("Permutation", {
  make: (dim, rng) => new Permutation("p", rng.permutation(dim)),
  dims: [1, 2, 3, 5],
});
testBijector("InvertibleLinear", {
  make: (dim, rng) => new InvertibleLinear("p", dim, rng),
  dims: [1, 2, 3, 5, 9],
});
testBijector("Logit", {
  make: (dim) => new Logit(dim, 1e-3),
  depends: diagonal,
  data: (count, rng) => rng.uniform(count).map((u) => 0.05 + 0.9 * u),
});
for (const scaleMap of [null, ...Object.keys(SCALE_MAPS) as ScaleMap[]]) {
  for (const layer of [0, 1]) {
    testBijector(`Coupling (${scaleMap ?? "additive"}, mask ${layer})`, {
      make: (dim, rng) => {
        const mask = alternatingMask(dim, layer);
        return new Coupling("p", { mask, hidden: [6, 5], activation: "relu", scaleMap }, rng);
      },
      depends: () => (i, j) => i === j || (i + layer) % 2 === 1 && (j + layer) % 2 === 0,
    });
  }
}
testBijector("Coupling (halves, tanh network)", {
  make: (dim, rng) => {
    const mask = Array.from({ length: dim }, (_, i) => i < dim / 2 ? 1 as const : 0 as const);
    const options = { mask, hidden: [8], activation: "tanh" as const, scaleMap: "exp" as const };
    return new Coupling("p", options, rng);
  },
});
for (const hidden of [[], [7], [16, 9]]) {
  for (const activation of ["relu", "tanh"] as const) {
    testBijector(`MaskedAutoregressive (hidden [${hidden}], ${activation})`, {
      make: (dim, rng) =>
        new MaskedAutoregressive("p", { dim, hidden, activation, scaleMap: "tanh" }, rng),
      depends: () => (i, j) => j <= i,
      dims: [1, 2, 3, 5],
    });
  }
}
testBijector("Inverted (MaskedAutoregressive)", {
  make: (dim, rng) =>
    new Inverted(
      new MaskedAutoregressive("p", {
        dim,
        hidden: [12],
        activation: "tanh",
        scaleMap: "tanh",
      }, rng),
    ),
  depends: () => (i, j) => j <= i,
});
testBijector("Chain", {
  make: (dim, rng) => new Chain([new ActNorm("a", dim), new InvertibleLinear("b", dim, rng)]),
});
