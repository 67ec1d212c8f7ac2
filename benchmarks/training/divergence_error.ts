/** What {@link DivergenceError} knows. */
export interface Divergence {
  /** The step at which it was seen, from 1. */
  readonly step: number;
  /** The loss of that step, nats. */
  readonly loss: number;
  /** The path of the run's random stream, which starts with its seed. */
  readonly seed: string;
}

/** Training met a loss or a gradient that is not finite. The flow keeps its last finite weights. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
  readonly step: number;
  readonly loss: number;
  readonly seed: string;

  constructor({ step, loss, seed }: Divergence) {
    super(
      `Cannot continue training as loss and gradient must be finite: at step ${step} of seed ` +
        `${seed} the loss is ${loss}. A smaller learning rate or a smaller clipNorm may help, where all ` +
        "of the data are finite, and within [0, 1] if the flow has a logit",
    );
    this.step = step;
    this.loss = loss;
    this.seed = seed;
  }
}
