import type * as tf from "../engine/tf.ts";
import { type Bijector, type Forward, type Inverse, latentShapeOf } from "./bijector.ts";

/**
 * A bijector used the other way round: what was latent is data. Owns the bijector it wraps.
 *
 *     forward(x) = { z: g^-1(x), logDet of g^-1 },   inverse(z) = { x: g(z), logDet of g }
 */
export class Inverted implements Bijector {
  readonly inner: Bijector;

  constructor(inner: Bijector) {
    this.inner = inner;
  }

  get eventShape(): readonly number[] {
    return latentShapeOf(this.inner);
  }

  get latentShape(): readonly number[] {
    return this.inner.eventShape;
  }

  get variables(): readonly tf.Variable[] {
    return this.inner.variables;
  }

  forward(x: tf.Tensor, context?: tf.Tensor): Forward {
    const { x: z, logDet } = this.inner.inverse(x, context);
    return { z, logDet };
  }

  inverse(z: tf.Tensor, context?: tf.Tensor): Inverse {
    const { z: x, logDet } = this.inner.forward(z, context);
    return { x, logDet };
  }

  initialize(batch: tf.Tensor, side: "data" | "latent", context?: tf.Tensor): void {
    this.inner.initialize?.(batch, side === "data" ? "latent" : "data", context);
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }
}
