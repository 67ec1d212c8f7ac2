/**
 * The program behind `deno task bench`, `verify`, `tables` and `figures`.
 *
 * @module
 */
import { runCli } from "./commands/cli.ts";
import { EXIT } from "./commands/exit.ts";

const controller = new AbortController();
const interrupt = (): void => {
  if (controller.signal.aborted) Deno.exit(EXIT.interrupted);
  console.error("Interrupted: finishing the step, writing the tables");
  controller.abort(new DOMException("Interrupted", "AbortError"));
};
Deno.addSignalListener("SIGINT", interrupt);
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);

Deno.exit(
  await runCli(Deno.args, {
    isTerminal: Deno.stderr.isTerminal(),
    print: (text) => console.log(text),
    warn: (text) => console.error(text),
    signal: controller.signal,
  }),
);
