import { ActNorm } from "../../flows/actnorm.ts";
import { Chain } from "../../flows/chain.ts";
import { Coupling } from "../../flows/coupling.ts";
import { GreyLevels } from "../../flows/grey_levels.ts";
import { Inverted } from "../../flows/inverted.ts";
import { InvertibleLinear } from "../../flows/invertible_linear.ts";
import { Logit } from "../../flows/logit.ts";
import { MaskedAutoregressive } from "../../flows/masked_autoregressive.ts";
import { Permutation } from "../../flows/permutation.ts";
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
testBijector("Permutation", {
  make: (dim, rng) => new Permutation("p", rng.permutation(dim)),
  dims: [1, 2, 3, 5],
});
testBijector("InvertibleLinear", {
  make: (dim, rng) => new InvertibleLinear("p", dim, rng),
  dims: [1, 2, 3, 5, 9],
});
testBijector("Logit", {
  make: (dim) => new Logit([dim], 1e-3),
  depends: diagonal,
  data: (count, rng) => rng.uniform(count).map((u) => 0.05 + 0.9 * u),
});
testBijector("GreyLevels", {
  make: (dim) => new GreyLevels("p", [dim], 4),
  depends: diagonal,
  dims: [1, 2, 5],
  // In the middle of levels, as a finite difference across an edge is that of neither.
  data: (count, rng) => rng.uniform(count).map((u) => (Math.floor(4 * u) + 0.4 + 0.05 * u) / 4),
});
for (const scaleMap of [null, ...Object.keys(SCALE_MAPS) as ScaleMap[]]) {
  for (const keep of ["first half", "second half"] as const) {
    for (const activation of ["relu", "tanh"] as const) {
      testBijector(`Coupling (${scaleMap ?? "additive"}, keeps ${keep}, ${activation})`, {
        make: (dim, rng) =>
          new Coupling("p", {
            eventShape: [dim],
            keep,
            hidden: [6, 5],
            activation,
            scaleMap,
            zeroOutput: activation === "relu",
          }, rng),
        depends: (dim) => (i, j) => {
          const isKept = (k: number) => (k < Math.ceil(dim / 2)) === (keep === "first half");
          return i === j || !isKept(i) && isKept(j);
        },
      });
    }
  }
}
for (const scaleMap of Object.keys(SCALE_MAPS) as ScaleMap[]) {
  testBijector(`Coupling (5 components, ${scaleMap})`, {
    make: (dim, rng) =>
      new Coupling("p", {
        eventShape: [dim],
        keep: "first half",
        hidden: [6, 5],
        activation: "tanh",
        scaleMap,
        components: 5,
        zeroOutput: true,
      }, rng),
    depends: (dim) => (i, j) => i === j || i >= Math.ceil(dim / 2) && j < Math.ceil(dim / 2),
  });
}
for (const hidden of [[], [7], [16, 9]]) {
  for (const activation of ["relu", "tanh"] as const) {
    for (const order of ["ascending", "descending"] as const) {
      testBijector(`MaskedAutoregressive (hidden [${hidden}], ${activation}, ${order})`, {
        make: (dim, rng) => {
          const options = { dim, order, hidden, activation, scaleMap: "tanh" } as const;
          return new MaskedAutoregressive("p", options, rng);
        },
        depends: () => (i, j) => order === "ascending" ? j <= i : j >= i,
        dims: [1, 2, 3, 5],
      });
    }
  }
}
testBijector("Inverted (MaskedAutoregressive)", {
  make: (dim, rng) =>
    new Inverted(
      new MaskedAutoregressive("p", {
        dim,
        order: "ascending",
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
