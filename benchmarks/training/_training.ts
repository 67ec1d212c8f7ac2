import { Adam } from "../../engine/adam.ts";
import { Muon } from "../../engine/muon.ts";
import * as tf from "../../engine/tf.ts";
import { countParams, variableName } from "../../flows/_variable.ts";
import type { Flow } from "../../flows/flow.ts";
import type { StoredTensor } from "../../flows/safetensors.ts";
import type { Checkpoint, TrainState } from "./checkpoint.ts";
import type { TrainConfig } from "./train_config.ts";

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/**
 * A training under way: the flow and its optimiser, where the loop stands, and the best weights so
 * far. All of it goes into a {@link Checkpoint} and comes back.
 */
export class Training implements Disposable {
  readonly trained: readonly tf.Variable[];
  readonly optimizer: Adam | Muon;
  readonly at: Mutable<Omit<TrainState, "draws" | "optimizerSteps" | "trainSeconds">> = {
    step: 0,
    lossSum: 0,
    lossCount: 0,
    best: null,
    looksWithoutGain: 0,
    curve: [],
    looks: [],
    peakRss: 0,
  };
  readonly #flow: Flow;
  #bestWeights: ReadonlyMap<string, StoredTensor> | null = null;

  constructor(flow: Flow, { optimizer, weightDecay }: TrainConfig) {
    this.#flow = flow;
    this.trained = flow.variables.filter((variable) => variable.trainable);
    if (optimizer === "muon" && !this.trained.some(isKernel)) {
      throw new RangeError(
        `Cannot train flow as optimizer muon needs networks without masks: ${flow.config.family} has none`,
      );
    }
    this.optimizer = optimizer === "muon"
      ? new Muon(this.trained, isKernel, { weightDecay })
      : new Adam(this.trained, { weightDecay });
  }

  /** Keeps the weights as the best ones. */
  async keepBest(validationNats: number): Promise<void> {
    this.#bestWeights = await read(this.#best());
    this.at.best = { step: this.at.step, validationNats };
  }

  /** Gives the flow the weights that were kept. */
  restoreBest(): void {
    if (this.#bestWeights !== null) assign(this.#best(), this.#bestWeights);
  }

  async save(
    checkpoint: Checkpoint,
    more: Pick<TrainState, "draws" | "trainSeconds">,
  ): Promise<void> {
    const { stepCount } = this.optimizer;
    await checkpoint.write(
      { ...this.at, optimizerSteps: stepCount, ...more },
      async () => new Map([...await read(this.#current()), ...this.#bestWeights ?? []]),
    );
  }

  /** @returns The state that is continued from; null where there is none. */
  async resume(checkpoint: Checkpoint): Promise<TrainState | null> {
    const shapes = new Map([...this.#current()].map(([name, { shape }]) => [name, shape]));
    const found = await checkpoint.read(shapes);
    if (found === null) return null;
    const { state, tensors } = found;
    const { draws: _, trainSeconds: __, optimizerSteps, ...at } = state;
    Object.assign(this.at, at);
    assign(this.#current(), tensors);
    // The moments are among the tensors; what is left is the count.
    this.optimizer.restore(optimizerSteps, this.optimizer.moments);
    if (state.best !== null) {
      this.#bestWeights = new Map([...tensors].filter(([name]) => name.startsWith("best/")));
    }
    return state;
  }

  [Symbol.dispose](): void {
    this.optimizer[Symbol.dispose]();
  }

  /** What the next step depends on, by name. */
  #current(): Map<string, tf.Variable> {
    const { moments } = this.optimizer;
    return new Map([
      ...named("weights", this.#flow.variables, this.#flow.variables),
      ...moments.map((moment, i) => [`moments/${i}`, moment] as const),
    ]);
  }

  #best(): Map<string, tf.Variable> {
    return named("best", this.trained, this.trained);
  }
}

/** Whether it is the matrix of a layer of a network. What is masked would not stay orthogonal: it is none. */
function isKernel(variable: tf.Variable): boolean {
  const isWhole = countParams(variable) === variable.size;
  return isWhole && variable.rank === 2 && /\/kernel\d+$/.test(variable.name);
}

function named(
  kind: string,
  names: readonly tf.Variable[],
  variables: readonly tf.Variable[],
): Map<string, tf.Variable> {
  return new Map(names.map((name, i) => [`${kind}/${variableName(name)}`, variables[i]!]));
}

/** Copies of the values. */
async function read(
  variables: ReadonlyMap<string, tf.Variable>,
): Promise<Map<string, StoredTensor>> {
  const copies = await Promise.all([...variables].map(async ([name, variable]) => {
    const values = await variable.data() as StoredTensor["values"];
    return [name, { shape: variable.shape, values: values.slice() }] as const;
  }));
  return new Map(copies);
}

function assign(
  variables: ReadonlyMap<string, tf.Variable>,
  tensors: ReadonlyMap<string, StoredTensor>,
): void {
  for (const [name, variable] of variables) {
    const { values } = tensors.get(name)!;
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, variable.dtype)));
  }
}
