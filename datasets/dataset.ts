import type { Rng } from "../engine/rng.ts";
import type * as tf from "../engine/tf.ts";
import type { Splits } from "./rows.ts";

/** A number and a bound on its error, in the same unit. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** How many rows each split has. */
export interface SplitCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** What was subtracted from each column of a file, and what it was divided by. */
export interface Standardization {
  readonly means: readonly number[];
  readonly standardDeviations: readonly number[];
}

/** A loaded data set. */
export interface Dataset {
  readonly name: string;
  /** Raised when the same name and seed would give other data: older results are then stale. */
  readonly version: number;
  /** Numbers per row. */
  readonly dim: number;
  /** [height, width, channels] of a row, for images; null otherwise. */
  readonly imageShape: readonly [height: number, width: number, channels: number] | null;
  readonly splits: Splits;
  /**
   * 256 for 8-bit images, whose integers must be dequantised before any density (`exampleBatch`
   * does it); null for continuous data.
   */
  readonly levels: number | null;
  /** The entropy: no expected test NLL can be lower. Computed when first read; null if unknown. */
  readonly entropyNats: Estimate | null;
  /** The log of the true density at (x, y), nats; null if unknown. */
  readonly logDensity: ((x: number, y: number) => number) | null;
  /**
   * Of a file, else absent: its columns over the training rows. Densities are of standardised values; of the
   * original ones log p is less by the sum of the logs of the deviations.
   */
  readonly standardization?: Standardization;
  /** SHA-256 of the rows and labels as used, in hexadecimal. */
  readonly hash: string;
}

/** xmin, xmax, ymin, ymax of a rectangle. */
export type Box = readonly [xmin: number, xmax: number, ymin: number, ymax: number];

/** A density in the plane that can be sampled and evaluated: plain data and functions. */
export interface ToyDensity {
  readonly kind: "toy";
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** Where the definition comes from. */
  readonly source: string;
  readonly dim: 2;
  /** Holds all but less than 1e-9 of the mass: bounds for plots and quadrature. */
  readonly box: Box;
  /**
   * Independent, identically distributed points; more of them start with the same ones.
   *
   * @param count Number of points.
   * @param rng Source of everything that is drawn.
   * @returns x and y of each point in turn.
   */
  sample(count: number, rng: Rng): Float32Array<ArrayBuffer>;
  /** Log of the density, nats; -Infinity where it is zero. */
  logDensity(x: number, y: number): number;
  /** The differential entropy, nats; computed at the first call, then remembered. */
  entropyNats(): Estimate;
}

/**
 * An unnormalised density exp(-energy) over the plane, in nats: what a flow is fitted to where there
 * are no data.
 *
 *     p(x) = exp(-energy(x) - logNormalizer)
 */
export interface Energy {
  readonly kind: "energy";
  readonly name: string;
  /** Raised when the energy changes: older results are then stale. */
  readonly version: number;
  readonly description: string;
  /** Where the definition comes from. */
  readonly source: string;
  readonly dim: 2;
  /** Holds all but less than 1e-9 of the mass: bounds for plots and quadrature. */
  readonly box: Box;
  /** The energy at (x, y), nats, in float64. */
  energy(x: number, y: number): number;
  /**
   * The same of a batch, for training: gradients go through it.
   *
   * @param x Shape [batch, 2]; borrowed.
   * @returns Shape [batch], nats.
   * @throws {TypeError} If the shape is another.
   */
  energies(x: tf.Tensor): tf.Tensor1D;
  /** log of the integral of exp(-energy), nats; computed at the first call, then remembered. */
  logNormalizerNats(): Estimate;
}

/** 8-bit images with labels, read from IDX files. */
export interface ImageSet {
  readonly kind: "images";
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly source: string;
  readonly dim: number;
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly levels: number;
  /** The option of `loadDataset` that names the folder of the files. */
  readonly folderOption: "mnistDir" | "fashionDir";
  /**
   * @param folder Where the four files are; undefined for the default source.
   * @param signal Aborts the reading.
   * @returns All rows; the last sixth of the training file validates.
   */
  load(folder: string | undefined, signal: AbortSignal | undefined): Promise<Splits>;
  /** SHA-256 over the files of a folder, in hexadecimal; null where they are those that the set is named after. */
  foreignHash(folder: string): Promise<string | null>;
}

/** An entry of the registry. */
export type DatasetDefinition = ToyDensity | ImageSet;
