/**
 * Runs side by side, each in a process of its own: this program with the command `work`. A worker reads
 * runs from its standard input, one JSON a line, and answers with messages of the same kind. It stops
 * when its input ends, also when the process that started it was killed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { engineInfo } from "../engine/init_engine.ts";
import { identify, type MakeOptions, makeRun } from "./make_run.ts";
import type { TrainProgress } from "./training/optimize.ts";
import type { Run } from "./plan.ts";
import { readRecord } from "./record_file.ts";
import type { Record } from "./record.ts";

/** Whether there can be workers: they start from files, which a module imported over HTTP has not. */
export const HAS_WORKERS = import.meta.url.startsWith("file:");

/** What a worker says. */
type Message =
  | { readonly kind: "progress"; readonly progress: TrainProgress }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "made" };

/**
 * Makes runs in worker processes with the backend that was started here.
 *
 * @param runs The longest are begun first, so that the workers end together.
 * @param jobs Workers, if there are as many runs.
 * @param threads Of a BLAS library's products, in each.
 * @returns Their records.
 * @throws {Error} If a worker cannot be started, or ends before its work.
 */
export async function makeInWorkers(
  runs: readonly Run[],
  jobs: number,
  threads: number,
  options: MakeOptions,
): Promise<Map<Run, Record>> {
  const records = new Map<Run, Record>();
  const queue = runs.toSorted((a, b) => b.expectedSeconds - a.expectedSeconds);
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...options.signal ? [options.signal] : []]);
  const serve = async (): Promise<void> => {
    await using worker = new Worker(options, threads, signal);
    for (let run = queue.shift(); run; run = queue.shift()) {
      signal.throwIfAborted();
      options.onStart?.(run);
      const record = await worker.make(run);
      records.set(run, record);
      options.onEnd?.(run, record);
    }
  };
  const workers = Array.from({ length: Math.min(jobs, runs.length) }, async () => {
    try {
      await serve();
    } catch (error) {
      failure.abort(error); // The others leave their checkpoints and end, too.
      throw error;
    }
  });
  await Promise.allSettled(workers);
  signal.throwIfAborted();
  return records;
}

/** A worker process, seen from the one that started it. */
class Worker implements AsyncDisposable {
  readonly #options: MakeOptions;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #messages: AsyncIterator<string>;
  readonly #end: () => void;
  readonly #signal: AbortSignal;

  constructor(options: MakeOptions, threads: number, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#process = new Deno.Command("deno", {
      args: argumentsOf(options, threads),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#messages = linesOf(this.#process.stdout)[Symbol.asyncIterator]();
    this.#end = () => void this.#input.close().catch(() => {});
    signal.addEventListener("abort", this.#end);
  }

  async make(run: Run): Promise<Record> {
    const { out, mnistDir, onProgress, onRefuse } = this.#options;
    await this.#input.write(new TextEncoder().encode(JSON.stringify(run) + "\n"));
    for (;;) {
      const { value: line, done } = await this.#messages.next();
      if (done) {
        this.#signal.throwIfAborted();
        const { code, signal } = await this.#process.status;
        throw new Error(
          `Cannot make ${run.family} on ${run.dataset} as its worker ended before: ${
            signal ?? `status ${code}`
          }`,
        );
      }
      if (!line.startsWith("{")) continue; // Not everything that is printed is ours.
      const message: Message = JSON.parse(line);
      if (message.kind === "progress") onProgress?.(run, message.progress);
      if (message.kind === "refused") onRefuse?.(run, message.reason);
      if (message.kind === "made") return (await readRecord(out, await identify(run, mnistDir)))!;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#end);
    this.#end();
    while (!(await this.#messages.next()).done);
    await this.#process.status;
  }
}

function argumentsOf(options: MakeOptions, threads: number): string[] {
  const { backend } = engineInfo();
  const { out, mnistDir, resume = true, checkpointSeconds } = options;
  const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  return [
    ...[
      "run",
      "--quiet",
      "-P=bench",
      "--no-prompt",
      "--config",
      pathOf("../deno.json"),
      pathOf("main.ts"),
    ],
    ...["work", "--backend", backend, "--threads", String(threads), "--out", out],
    ...(mnistDir === undefined ? [] : ["--mnist-dir", mnistDir]),
    ...(checkpointSeconds === undefined ? [] : ["--checkpoint-seconds", String(checkpointSeconds)]),
    ...(resume ? [] : ["--no-resume"]),
  ];
}

/** The worker itself: makes the runs that it is given until there are no more. */
export async function work(
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  print: (text: string) => void,
  options: MakeOptions,
): Promise<void> {
  const say = (message: Message): void => print(JSON.stringify(message));
  const orphaned = new AbortController();
  const signal = AbortSignal.any([orphaned.signal, ...options.signal ? [options.signal] : []]);
  const runs: Run[] = [];
  let isOver = false, wake = (): void => {};
  const reading = (async () => {
    for await (const line of linesOf(input)) {
      runs.push(JSON.parse(line));
      wake();
    }
    isOver = true;
    wake();
    orphaned.abort(new DOMException("Nobody waits for this run", "AbortError"));
  })();
  for (;;) {
    const run = runs.shift();
    if (run) {
      try {
        await makeRun(run, {
          ...options,
          signal,
          onProgress: (_, progress) => say({ kind: "progress", progress }),
          onRefuse: (_, reason) => say({ kind: "refused", reason }),
        });
      } catch (error) {
        if (error === orphaned.signal.reason) break; // It left its checkpoint.
        throw error;
      }
      say({ kind: "made" });
    } else if (isOver) break;
    else await new Promise<void>((resolve) => wake = resolve);
  }
  await reading;
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
