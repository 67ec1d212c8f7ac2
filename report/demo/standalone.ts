/**
 * The demo as a site of its own, to work on it: `deno task demo`.
 *
 * @module
 */
import { writeAtomically } from "../../engine/write_atomically.ts";
import { DEMO_BODY, DEMO_SCRIPTS, DEMO_STYLE } from "./body.ts";
import { buildDemo, DEMO_FLOWS } from "./build.ts";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Demo of flowbench</title>
<link rel="stylesheet" href="${DEMO_STYLE}">
<style>
body { max-width: 64rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
</style>
<h1>Flows in your browser</h1>
${DEMO_BODY}${DEMO_SCRIPTS.map((file) => `<script src="${file}"></script>`).join("\n")}
`;

/** Writes the page `index.html` and its files into a folder. */
export async function writeDemo(folder: string): Promise<void> {
  const files = { ...await buildDemo({ flows: DEMO_FLOWS }), "index.html": PAGE };
  for (const [file, content] of Object.entries(files)) {
    await writeAtomically(`${folder}/${file}`, content);
  }
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? "results/latest/demo";
  await writeDemo(folder);
  console.log(`${folder}/index.html`);
}
