import { parse } from "npm:csv-parse@7.0.3/sync";
import { runCli } from "../../benchmarks/commands/cli.ts";

/** What a command came to. */
export interface Outcome {
  readonly status: number;
  readonly printed: string;
  readonly warned: string;
}

/** The command line in this process; arguments are separated by spaces. */
export async function cli(
  args: string,
  signal = new AbortController().signal,
): Promise<Outcome> {
  return await cliOf(args.split(" ").filter((arg) => arg !== ""), signal);
}

/** The same of arguments that may hold anything. */
export async function cliOf(
  args: readonly string[],
  signal = new AbortController().signal,
): Promise<Outcome> {
  const printed: string[] = [], warned: string[] = [];
  const status = await runCli(args, {
    isTerminal: false,
    print: (text) => printed.push(text),
    warn: (text) => warned.push(text),
    signal,
  });
  return { status, printed: printed.join("\n"), warned: warned.join("\n") };
}

/** The rows of a CSV with a header. */
export const rows = (csv: string): Record<string, string>[] => parse(csv, { columns: true });

export async function inTemporaryFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
