import assert from "node:assert/strict";
import { testWith } from "./_engine.ts";

/** A family in a file of the user's own. */
const FAMILY = (url: string): string => `
import { ActNorm, type FlowFamily } from "${url}";
export const diagonal: FlowFamily = {
  name: "diagonal",
  version: 1,
  citation: { authors: "", title: "", year: 2026, venue: "", url: "" },
  fastDirection: "both",
  defaults: {},
  create: (dim) => ({ base: "normal", bijector: new ActNorm("actnorm", dim) }),
};
`;

const PROGRAM = (url: string): string => `
import {
  createFlow, initEngine, loadDataset, planRuns, registerFamily, Rng, runBenchmark, trainFlow,
} from "${url}";
import { diagonal } from "./diagonal.ts";
const { backend } = await initEngine();
const rng = new Rng(0);
const moons = await loadDataset("moons", { counts: { train: 300, validation: 100, test: 100 } });
using flow = createFlow("iaf", { eventShape: [2], layers: 2, hidden: [8] }, rng.split("init"));
const { curve } = await trainFlow(flow, moons.splits, { maxSteps: 20, validateEvery: 10 }, rng);
const x = flow.sample(3, rng);
registerFamily(diagonal);
const families = ["diagonal"];
const plan = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"], families });
const records = await runBenchmark(plan, { out: "out" });
const statuses = records.map(({ run, status }) => run.family + " " + status);
const more = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"], families: ["maf"] });
const refusal = await runBenchmark(more, { out: "other", jobs: 2 }).catch(({ message }) => message);
console.log(JSON.stringify({ backend, shape: x.shape, looks: curve.length, statuses, refusal }));
`;

/** What a command prints that starts in a folder with a cache of its own. */
async function deno(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args,
    cwd: folder,
    env: { DENO_DIR: `${folder}/deno_dir`, NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

testWith(
  ["read", "write", "run", "net"],
  "mod.ts works imported over HTTP from an empty folder",
  async () => {
    const root = new URL("..", import.meta.url);
    const requested: string[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        requested.push(pathname);
        try {
          const headers = { "content-type": "text/typescript" };
          return new Response(await Deno.readFile(new URL(`.${pathname}`, root)), { headers });
        } catch {
          return new Response(null, { status: 404 });
        }
      },
    );
    const folder = await Deno.makeTempDir();
    try {
      const host = `127.0.0.1:${server.addr.port}`;
      await Deno.writeTextFile(`${folder}/main.ts`, PROGRAM(`http://${host}/mod.ts`));
      await Deno.writeTextFile(`${folder}/diagonal.ts`, FAMILY(`http://${host}/mod.ts`));
      const allowed = ["--allow-read", "--allow-write=out", `--allow-import=${host}`];
      const output = await deno(folder, "run", "--no-prompt", ...allowed, "main.ts");
      const printed = output.trim().split("\n").at(-1)!;
      assert.deepEqual(JSON.parse(printed), {
        backend: "wasm",
        shape: [3, 2],
        looks: 2,
        statuses: ["diagonal ok"],
        refusal: "Cannot make runs side by side as other processes start from the files of this " +
          "library, which was imported over HTTP: current value of jobs is 2, take 1",
      });
      assert.match(await Deno.readTextFile(`${folder}/out/tables/quality.md`), /\| diagonal \|/);
      assert.ok(requested.includes("/flows/iaf.ts"));
      assert.ok(
        !requested.some((path) => path.includes("node_modules")),
        "more than sources served",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testWith(
  ["read", "write", "run"],
  "mod.ts has no type errors by the compiler's options of whoever imports it",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/deno.json`, "{}");
      const mod = new URL("../mod.ts", import.meta.url);
      await Deno.writeTextFile(`${folder}/main.ts`, FAMILY(mod.href));
      await deno(folder, "check", "main.ts");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
