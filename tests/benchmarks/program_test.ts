/**
 * The program as people start it, in processes of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FAMILIES } from "../../flows/mod.ts";
import { parse } from "npm:csv-parse@7.0.3/sync";
import { testWith } from "../_engine.ts";
import { inTemporaryFolder } from "./_cli.ts";
import { run, start, text } from "./_program.ts";

testWith(
  ["read", "write", "run"],
  "the toy part of the smoke profile gives the same NLL columns twice, bit for bit",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const columns = [
        "run_id",
        "status",
        "steps",
        "nll_nats",
        "nll_se",
        "bits_per_dim",
        "kl_nats",
      ];
      const run = async (out: string): Promise<string[][]> => {
        const args = ["bench", "--profile", "smoke", "--suite", "toy", "--out", out];
        const { code, stderr } = await start(args).output();
        assert.equal(code, 0, text(stderr));
        const rows: Record<string, string>[] = parse(
          await Deno.readTextFile(`${out}/quality.csv`),
          {
            columns: true,
          },
        );
        return rows.map((row) => columns.map((column) => row[column]!));
      };
      const first = await run(`${folder}/a`);
      // Two toys, each with every family and the Gaussian baseline.
      assert.equal(first.length, 2 * (Object.keys(FAMILIES).length + 1));
      assert.deepEqual(await run(`${folder}/b`), first);
    });
  },
);

testWith(
  ["read", "write", "run"],
  "SIGINT ends the program with status 130, whole files, and nothing to do twice",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const args = ["bench", "--profile", "quick", "--suite", "toy", "--family", "gaussian,maf"];
      const child = start([...args, "--jobs", "1", "--out", folder]);
      const lines = child.stderr.pipeThrough(new TextDecoderStream());
      let seen = "", interrupted = false;
      for await (const chunk of lines) {
        seen += chunk;
        // The Gaussian is written; the MAF on the same data set is under way.
        if (!interrupted && seen.includes("[1/")) {
          interrupted = true;
          child.kill("SIGINT");
        }
      }
      await child.stdout.cancel();
      const { code } = await child.status;
      assert.equal(code, 130, seen);
      assert.match(seen, /Interrupted/);
      const files: string[] = [];
      for await (const { name } of Deno.readDir(`${folder}/runs`)) files.push(name);
      assert.equal(files.length, 1);
      assert.match(files[0]!, /gaussian.*\.json$/);
      const rows: unknown[] = parse(await Deno.readTextFile(`${folder}/quality.csv`), {
        columns: true,
      });
      assert.equal(rows.length, 1);
    });
  },
);

testWith(["read", "run"], "a mistake ends the program with status 2 and one line", async () => {
  const { code, stdout, stderr } = await start(["bench", "--profile", "quik"]).output();
  assert.equal(code, 2);
  assert.equal(text(stdout), "");
  const lines = text(stderr).trim().split("\n").filter((line) => !line.startsWith("Warning"));
  assert.deepEqual(lines.length, 1);
  assert.match(lines[0]!, /did you mean "quick"/);
});

testWith(
  ["read", "write", "run"],
  "report and soak tell a mistake in a line with status 2, and what a folder can do with 1",
  async () => {
    await inTemporaryFolder(async (folder) => {
      await Deno.mkdir(`${folder}/runs`);
      const report = "report/main.ts", soak = "benchmarks/soak.ts";
      const cases: [string, string[], number, RegExp][] = [
        [report, [], 2, /^missing required argument 'dir'$/],
        [report, [folder, "--bogus"], 2, /^unknown option '--bogus'/],
        [report, ["/no/such/folder"], 2, /must be a folder that exists/],
        [report, [folder], 2, /must hold records: there are none/],
        [soak, ["--backend", "wsam"], 2, /--backend must be of .* did you mean "wasm"/],
        [soak, ["--minutes", "0"], 2, /--minutes must be > 0/],
      ];
      for (const [script, args, status, message] of cases) {
        const { code, stderr } = await run(args, script);
        assert.equal(code, status, stderr);
        assert.match(stderr.trim().split("\n").at(-1)!, message);
        assert.doesNotMatch(stderr, /at .*\.ts:/, "a stack");
      }
      await Deno.writeTextFile(`${folder}/runs/x.json`, "{");
      const { code, stderr } = await run([folder], report);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /Cannot read record .*x\.json as it is not JSON/);
    });
  },
);
