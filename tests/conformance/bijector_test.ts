/**
 * The suite tested: bijectors broken in ways that real libraries were, each of which it must catch
 * by the check named.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { ActNorm } from "../../flows/actnorm.ts";
import type { Bijector, Forward } from "../../flows/bijector.ts";
import { Chain } from "../../flows/chain.ts";
import { Coupling } from "../../flows/coupling.ts";
import { MaskedAutoregressive } from "../../flows/masked_autoregressive.ts";
import { startEngine } from "../_engine.ts";
import { BIJECTOR_CHECKS, type CheckName, perturb, type Subject } from "./bijector.ts";

const affine = (dim: number): Bijector =>
  new Coupling("p", {
    eventShape: [dim],
    keep: "first half",
    hidden: [8],
    activation: "tanh",
    scaleMap: "tanh",
    zeroOutput: true,
  }, new Rng(3));

/** The same bijector with one method replaced. */
function broken(inner: Bijector, change: Partial<Bijector>): Bijector {
  return {
    eventShape: inner.eventShape,
    variables: inner.variables,
    forward: (x) => inner.forward(x),
    inverse: (z) => inner.inverse(z),
    [Symbol.dispose]: () => inner[Symbol.dispose](),
    ...change,
  };
}

const BROKEN: Record<string, { make: (dim: number) => Bijector; caughtBy: CheckName[] }> = {
  "log-determinant with the sign flipped, in both directions": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        forward: (x) => {
          const { z, logDet } = inner.forward(x);
          return { z, logDet: tf.neg(logDet) };
        },
        inverse: (z) => {
          const { x, logDet } = inner.inverse(z);
          return { x, logDet: tf.neg(logDet) };
        },
      });
    },
    caughtBy: ["logDet is that of the autodiff Jacobian"],
  },
  "log-determinant halved, in both directions": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        forward: (x) => {
          const { z, logDet } = inner.forward(x);
          return { z, logDet: tf.mul(0.5, logDet) };
        },
        inverse: (z) => {
          const { x, logDet } = inner.inverse(z);
          return { x, logDet: tf.mul(0.5, logDet) };
        },
      });
    },
    caughtBy: ["logDet is that of the autodiff Jacobian"],
  },
  "inverse that calls forward": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        inverse: (z) => {
          const { z: x, logDet } = inner.forward(z);
          return { x, logDet };
        },
      });
    },
    caughtBy: [
      "inverse undoes forward",
      "forward undoes inverse",
      "inverse has the opposite logDet",
    ],
  },
  "inverse that drops a layer": {
    make: (dim) => {
      const chain = new Chain([affine(dim), new ActNorm("q", dim)]);
      return broken(chain, { inverse: (z) => chain.parts[0]!.inverse(z) });
    },
    caughtBy: ["inverse undoes forward", "inverse has the opposite logDet"],
  },
  "even and odd split, but concatenated": {
    make: (dim) => {
      const inner = affine(dim);
      const shuffle = (x: tf.Tensor): tf.Tensor =>
        tf.concat(
          [0, 1].flatMap((parity) =>
            Array.from({ length: dim }, (_, i) => i).filter((i) => i % 2 === parity)
              .map((i) => tf.slice(x, [0, i], [x.shape[0]!, 1]))
          ),
          1,
        );
      return broken(inner, {
        forward: (x): Forward => {
          const { z, logDet } = inner.forward(x);
          return { z: shuffle(z), logDet };
        },
      });
    },
    caughtBy: ["inverse undoes forward"],
  },
  "scalar log-determinant": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        forward: (x) => {
          const { z, logDet } = inner.forward(x);
          return { z, logDet: tf.mean(logDet) as unknown as tf.Tensor1D };
        },
      });
    },
    caughtBy: ["shapes of z, x and logDet"],
  },
  "batch statistics in the forward pass": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        forward: (x) => inner.forward(tf.sub(x, tf.mean(x, 0))),
      });
    },
    caughtBy: ["examples do not depend on each other"],
  },
  "a variable that takes no part": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, { variables: [...inner.variables, ...new ActNorm("r", dim).variables] });
    },
    caughtBy: ["every trained variable has a finite gradient"],
  },
  "a gradient that is wrong by a factor": {
    make: (dim) => {
      const inner = affine(dim);
      const twice = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc) => ({
        value: tf.clone(x as tf.Tensor),
        gradFunc: (dy: tf.Tensor) => tf.mul(2, dy),
      }));
      return broken(inner, {
        forward: (x) => {
          const { z, logDet } = inner.forward(x);
          return { z: twice(z), logDet };
        },
      });
    },
    caughtBy: ["gradients agree with finite differences"],
  },
  "a tensor leaked by each pass": {
    make: (dim) => {
      const inner = affine(dim);
      return broken(inner, {
        forward: (x) => {
          tf.keep(tf.zeros([1]));
          return inner.forward(x);
        },
      });
    },
    caughtBy: ["same input, same bits, no tensor left"],
  },
  "broadcasting instead of a shape check": {
    make: (dim) => {
      const scale = tf.ones([dim]);
      return broken(affine(dim), {
        forward: (x) => ({ z: tf.mul(x, scale), logDet: tf.zeros([x.shape[0]!]) as tf.Tensor1D }),
      });
    },
    caughtBy: ["wrong shapes and types are refused"],
  },
  "an order that is not autoregressive": {
    make: (dim) => {
      const options = {
        dim,
        order: "ascending",
        hidden: [8],
        activation: "tanh",
        scaleMap: "tanh",
      } as const;
      const inner = new MaskedAutoregressive("p", options, new Rng(3));
      return broken(inner, {
        forward: (x) => {
          const { z, logDet } = inner.forward(x);
          return { z: tf.reverse(z, 1), logDet };
        },
      });
    },
    caughtBy: ["Jacobian has the stated zeros"],
  },
};

for (const [name, { make, caughtBy }] of Object.entries(BROKEN)) {
  Deno.test(`testBijector() catches: ${name}`, async () => {
    await startEngine();
    // Bijectors that leak on purpose: whatever they leave is freed with the scope.
    tf.engine().startScope();
    const dim = 3;
    const rng = new Rng(0);
    const bijector = make(dim);
    perturb(bijector, rng.split("perturb"), 0.5);
    const x = tf.tensor(rng.split("data").normal(7 * dim), [7, dim]);
    const subject: Subject = { bijector, x, rng, depends: (i, j) => j <= i };
    for (const check of caughtBy) {
      assert.throws(() => BIJECTOR_CHECKS[check](subject), { name: /Error/ }, check);
    }
    bijector[Symbol.dispose]();
    tf.engine().endScope();
  });
}
