/**
 * The program as people start it, in a process of its own.
 *
 * @module
 */
import { parse } from "npm:csv-parse@7.0.3/sync";

const root = new URL("../..", import.meta.url);

/** Starts it, or another script of this repository; its output is piped. */
export function start(
  args: readonly string[],
  script = "benchmarks/main.ts",
): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["run", "-P=bench", "--no-prompt", script, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs it to its end. */
export async function run(
  args: readonly string[],
  script?: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await start(args, script).output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Columns and fields that are measured, or follow from that; the commit may be made meanwhile. */
const MEASURED = new Set([
  "train_seconds",
  "train_seconds_mean",
  "train_seconds_low",
  "train_seconds_high",
  "peak_rss_mib",
  "started_at",
  "trainSeconds",
  "peakRssMib",
  "startedAt",
  "sha256",
  "commit",
]);

/** All files of an output folder, without what is measured: texts, and saved flows as numbers. */
export async function decided(out: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${out}/${folder}`)) {
      const path = `${folder}${name}`;
      if (isDirectory) await visit(`${path}/`);
      else if (name !== ".lock") files.set(path, await contentOf(`${out}/${path}`));
    }
  };
  await visit("");
  return new Map([...files].sort(([a], [b]) => a < b ? -1 : 1));
}

async function contentOf(path: string): Promise<string> {
  if (path.endsWith(".safetensors")) return (await Deno.readFile(path)).join();
  const content = await Deno.readTextFile(path);
  const keep = (key: string, value: unknown): unknown => MEASURED.has(key) ? undefined : value;
  if (path.endsWith(".json")) return JSON.stringify(JSON.parse(content), keep);
  if (path.endsWith(".csv")) return JSON.stringify(parse(content, { columns: true }), keep);
  return content;
}
