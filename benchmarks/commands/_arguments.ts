/**
 * What every command checks of its arguments.
 *
 * @module
 */
import { closest } from "npm:fastest-levenshtein@1.0.16";
import { BACKENDS, type EngineOptions } from "../../engine/init_engine.ts";

/** A mistake of the caller, told in one line. */
export class UsageError extends Error {}

/** What the command line needs of the world. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Results. */
  readonly print: (text: string) => void;
  /** Everything else. */
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Which engine a command is to start. */
export interface EngineArguments {
  readonly backend: string;
  readonly threads?: string | undefined;
}

export function engineOptions({ backend, threads }: EngineArguments): EngineOptions {
  return {
    backend: oneOf("--backend", backend, BACKENDS),
    ...(threads !== undefined && { threads: integer("--threads", threads) }),
  };
}

/** @throws {UsageError} If the text is not an integer >= 1. */
export function integer(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw new UsageError(`${option} must be an integer >= 1: current value is "${text}"`);
}

/** @throws {UsageError} If the text is not a finite number > 0. */
export function seconds(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new UsageError(`${option} must be > 0: current value is "${text}"`);
}

/** @throws {UsageError} If the text is not a finite number that is at least so large. */
export function atLeast(least: number, option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value < Infinity) return value;
  throw new UsageError(`${option} must be >= ${least}: current value is "${text}"`);
}

export function split(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(",").map((item) => item.trim());
}

export function namesOf(
  option: string,
  list: string | undefined,
  valid: readonly string[],
): string[] {
  return split(list).map((name) => oneOf(option, name, valid));
}

export function oneOf<Name extends string>(
  option: string,
  name: string,
  valid: readonly Name[],
): Name {
  const found = valid.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `${option} must be of ${valid.join(", ")}: current value is "${name}", did you mean "${
      closest(name, valid)
    }"?`,
  );
}

export async function existingFolder(what: string, dir: string): Promise<string> {
  const found = await Deno.stat(dir).catch(() => null);
  if (found?.isDirectory) return dir;
  throw new UsageError(`${what} must be a folder that exists: current value is "${dir}"`);
}

/** @throws {UsageError} If the text is empty. */
export function outFolder(dir: string): string {
  if (dir !== "") return dir;
  throw new UsageError(`--out must name a folder: current value is ""`);
}

/** Finds out before the work whether its results can be written. */
export async function writableFolder(dir: string): Promise<void> {
  outFolder(dir);
  try {
    await Deno.mkdir(dir, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir }));
  } catch (error) {
    throw new UsageError(
      `--out must be a folder that can be written: current value is "${dir}" (${
        error instanceof Error ? error.message : error
      })`,
    );
  }
}
