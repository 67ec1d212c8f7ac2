import type { RngState } from "../../engine/rng.ts";
import { readBounded } from "../../engine/read_bounded.ts";
import { writeAtomically } from "../../engine/write_atomically.ts";
import {
  checksum,
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
} from "../../flows/safetensors.ts";
import { ifThere } from "../_if_there.ts";
import { z } from "../_zod.ts";

/** Where an objective stands in what it draws. */
export interface Draws {
  /** Each of its random streams, in an order of its own. */
  readonly streams: readonly RngState[];
  /** Rows of the current pass over the data that are used up. */
  readonly position: number;
}

/** Training between two steps: with its tensors, all that decides how it goes on. */
export interface TrainState {
  readonly step: number;
  /** Steps of the optimiser; the same, while nothing is skipped. */
  readonly optimizerSteps: number;
  readonly draws: Draws;
  /** Sum and number of the losses since the last look. */
  readonly lossSum: number;
  readonly lossCount: number;
  /** Null before the first look. */
  readonly best: { readonly step: number; readonly validationNats: number } | null;
  readonly looksWithoutGain: number;
  readonly curve: readonly {
    readonly step: number;
    readonly trainNats: number;
    readonly validationNats: number;
  }[];
  readonly looks: readonly Look[];
  readonly trainSeconds: number;
  /** Bytes. */
  readonly peakRss: number;
}

/** What an observer noted of a flow in training. */
export interface Look {
  readonly step: number;
  readonly values: readonly number[];
}

const count = z.int().min(0);

const STATE: z.ZodType<TrainState> = z.strictObject({
  step: count,
  optimizerSteps: count,
  draws: z.strictObject({
    streams: z.array(z.strictObject({ path: z.string(), words: z.array(z.int()).length(4) })),
    position: count,
  }),
  lossSum: z.number(),
  lossCount: count,
  best: z.strictObject({ step: count, validationNats: z.number() }).nullable(),
  looksWithoutGain: count,
  curve: z.array(
    z.strictObject({ step: count, trainNats: z.number(), validationNats: z.number() }),
  ),
  looks: z.array(z.strictObject({ step: count, values: z.array(z.number()) })),
  trainSeconds: z.number().min(0),
  peakRss: z.number().min(0),
});

/** Options of {@link Checkpoint}. */
export interface CheckpointOptions {
  readonly path: string;
  /** Seconds between two writes, > 0; default: 60. */
  readonly everySeconds?: number;
  /** Whether training continues from the file; default: true. */
  readonly resume?: boolean;
  /** Told why a file that is there was not continued from. */
  readonly onRefuse?: (reason: string) => void;
}

/** Weights, best weights and two moments of the largest flow that is trained here, and then some. */
const MAX_BYTES = 2 ** 32;

/** What a file of this version says it is. */
export const FORMAT = "flowbench-training/2";

/** Writing takes at most this share of the time. */
const MAX_SHARE = 0.01;

/**
 * The file from which an interrupted training continues, bit for bit as if it had not been
 * interrupted: safetensors with the state as JSON in the metadata and a checksum over all of it. A
 * new one takes the place of the old one when it is whole.
 */
export class Checkpoint {
  readonly path: string;
  readonly #owner: Readonly<Record<string, string>>;
  readonly #options: CheckpointOptions;
  #writtenMs = performance.now();
  #costMs = 0;

  /**
   * @param owner What must be the same for the bits to be the same: the run, the engine, the data.
   */
  constructor(owner: Readonly<Record<string, string>>, options: CheckpointOptions) {
    this.path = options.path;
    this.#owner = owner;
    this.#options = options;
  }

  /** Whether it is time to write: after the interval, and later where writing is slow. */
  get isDue(): boolean {
    const { everySeconds = 60 } = this.#options;
    const waitMs = Math.max(1000 * everySeconds, this.#costMs / MAX_SHARE);
    return performance.now() - this.#writtenMs >= waitMs;
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @param copyTensors What goes with the state; copying takes a part of the time.
   */
  async write(
    state: TrainState,
    copyTensors: () => Promise<ReadonlyMap<string, StoredTensor>>,
  ): Promise<void> {
    const start = performance.now();
    const tensors = await copyTensors();
    const [owner, text] = [JSON.stringify(this.#owner), JSON.stringify(state)];
    const sha256 = await checksum(owner + text, tensors);
    const metadata = { format: FORMAT, owner, state: text, sha256 };
    await writeAtomically(this.path, encodeSafetensors({ metadata, tensors }));
    this.#writtenMs = performance.now();
    this.#costMs = this.#writtenMs - start;
  }

  /**
   * Reads the file, unless training is to start over.
   *
   * @param shapes Names and shapes of the tensors that it must hold.
   * @returns Null where there is none that can be continued from.
   */
  async read(
    shapes: ReadonlyMap<string, readonly number[]>,
  ): Promise<{ state: TrainState; tensors: ReadonlyMap<string, StoredTensor> } | null> {
    if (this.#options.resume === false) return null;
    try {
      const bytes = await ifThere(readBounded(this.path, MAX_BYTES));
      return bytes && await this.#decode(bytes, shapes);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#options.onRefuse?.(`${error.message}: training starts over`);
      return null;
    }
  }

  async #decode(bytes: Uint8Array<ArrayBuffer>, shapes: ReadonlyMap<string, readonly number[]>) {
    const refuse = (why: string): never => {
      throw new SyntaxError(`Cannot resume from ${this.path} as ${why}`);
    };
    const { metadata, tensors } = decodeSafetensors(bytes, this.path);
    const { format, owner = "", state: text = "", sha256 } = metadata;
    if (format !== FORMAT) {
      refuse(`its format must be "${FORMAT}": current value is ${JSON.stringify(format)}`);
    }
    if (await checksum(owner + text, tensors) !== sha256) {
      refuse("it was altered: its checksum differs");
    }
    const found = parsed(owner) as Record<string, unknown> | null ?? {};
    for (const [key, value] of Object.entries(this.#owner)) {
      if (found[key] !== value) {
        refuse(`its ${key} must be ${value}: current value is ${found[key]}`);
      }
    }
    const state = STATE.safeParse(parsed(text));
    if (!state.success) return refuse("its state is not one of this version");
    for (const [name, shape] of shapes) {
      const tensor = tensors.get(name);
      if (String(tensor?.shape) !== String(shape)) {
        refuse(`its tensor ${name} must be of shape [${shape.join(", ")}]`);
      }
    }
    return { state: state.data, tensors };
  }
}

/** Null where the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
