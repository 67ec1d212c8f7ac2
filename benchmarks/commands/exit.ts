import { CommanderError } from "npm:@commander-js/extra-typings@15.1.0";
import { UsageError } from "./_arguments.ts";

/** Exit statuses of the command line. */
export const EXIT = { ok: 0, someFailed: 1, usage: 2, interrupted: 130 } as const;

/**
 * The exit status for what a command has thrown, told in a line.
 *
 * @throws What is a bug.
 */
export function exitStatusOf(error: unknown, warn: (line: string) => void): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  if (error instanceof CommanderError || error instanceof UsageError) {
    warn(error.message.replace(/^error: /, "").replaceAll("\n", " "));
    return EXIT.usage;
  }
  if (isExpected(error)) {
    warn(error.message);
    return EXIT.someFailed;
  }
  throw error;
}

/**
 * What files, permissions and engines can do to a run of this program: told in a line, without a stack.
 * This project's own errors say what could not be done; any other is a bug.
 */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith("Cannot ") ||
    Object.values(Deno.errors).some((kind) => error instanceof kind);
}
