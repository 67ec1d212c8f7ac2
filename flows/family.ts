import type { Rng } from "../engine/rng.ts";
import type { BaseName } from "./base.ts";
import type { Bijector } from "./bijector.ts";

/** A value of a config: plain JSON. */
export type ConfigValue = number | string | boolean | null | readonly number[];

/** A config: plain data, written whole into every saved flow and every result. */
export type FlowConfig = { readonly [option: string]: ConfigValue };

/** Where a family comes from. */
export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly year: number;
  readonly venue: string;
  readonly url: string;
}

/** A family of flows: plain data and one function. */
export interface FlowFamily<Config extends FlowConfig = FlowConfig> {
  readonly name: string;
  /** Raised when the same config and seed would give another flow: older results are then stale. */
  readonly version: number;
  readonly citation: Citation;
  /** The direction that takes one network pass a layer; the other one, if any, takes D. */
  readonly fastDirection: "both" | "density" | "sample";
  /** Every option with its default. A given option must be of the same kind. */
  readonly defaults: Config;
  /**
   * @param dim Number of coordinates of the vectors.
   * @param config Resolved and checked.
   * @param rng Source of everything that is drawn.
   */
  create(dim: number, config: Config, rng: Rng): { base: BaseName; bijector: Bijector };
}
