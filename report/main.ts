/**
 * Builds the site about an output folder: `deno task report DIR`.
 *
 * @module
 */
import { Command } from "npm:@commander-js/extra-typings@15.1.0";
import { existingFolder, UsageError } from "../benchmarks/commands/_arguments.ts";
import { EXIT, exitStatusOf } from "../benchmarks/commands/exit.ts";
import { currentRecords } from "../benchmarks/tables.ts";
import { initEngine } from "../engine/init_engine.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { buildSite } from "./build_site.tsx";
import { buildDemo, DEMO_FLOWS } from "./demo/build.ts";

Deno.exit(await main().catch((error) => exitStatusOf(error, console.error)));

async function main(): Promise<number> {
  const command = new Command("report")
    .description("Turn an output folder into a static site")
    .argument("<dir>", "output folder of a bench")
    .option("--out <dir>", "where the site goes (default: DIR/site)")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(["deno", "report", ...Deno.args]);
  const [dir] = command.processedArgs;
  const out = command.opts().out ?? `${dir}/site`;
  await initEngine();
  const records = await currentRecords(await existingFolder("The output folder", dir));
  if (records.length === 0) {
    throw new UsageError(`The output folder must hold records: there are none in "${dir}/runs"`);
  }
  const files = await buildSite(records, {
    out: dir,
    papers: await Deno.readTextFile(new URL("../results/papers.csv", import.meta.url)),
    demo: await demoOrWhy(),
    onSkip: (runId, reason) => console.error(`${runId} has no picture: ${reason}`),
  });
  let bytes = 0;
  for (const [file, content] of files) {
    await writeAtomically(`${out}/${file}`, content);
    bytes += typeof content === "string"
      ? new TextEncoder().encode(content).length
      : content.length;
  }
  console.error(
    `${files.size} files, ${(bytes / 1e6).toFixed(1)} MB, are in ${out}: open ${out}/index.html`,
  );
  return EXIT.ok;
}

/** The demo, or null with a line that says why: the bundler comes from the network at its first use. */
async function demoOrWhy(): Promise<{ [file: string]: string } | null> {
  try {
    return await buildDemo({ flows: DEMO_FLOWS });
  } catch (error) {
    console.error(`The site has no demo: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}
