/**
 * Anything that may be typed: it ends with a status and a line, never with a stack trace.
 *
 * @module
 */
import assert from "node:assert/strict";
import { testWith } from "../_engine.ts";
import { fc } from "../_fast_check.ts";
import { cliOf, inTemporaryFolder } from "../benchmarks/_cli.ts";
import { cases } from "./_mutations.ts";

testWith(
  ["read", "write"],
  "runCli() ends with a status of the contract and one line, whatever is typed",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const empty = `${folder}/empty`;
      await Deno.mkdir(empty);
      const words = fc.constantFrom(
        ...[
          "bench",
          "merge",
          "compare",
          "verify",
          "tables",
          "figures",
          "help",
          "--help",
          "--",
          "-",
        ],
        ...["", "--max-nats", "--max-time-ratio", "1e-3"],
        ...["--profile", "smoke", "quick", "paper", "--suite", "toy", "mnist", "energy", "report"],
        ...["--family", "maf", "nice,iaf", "gaussian", "--dataset", "moons", "u1", "--variant"],
        ...["flat", "conv", "--seed", "0", "0,1", "-1", "1e400", "9007199254740993", "--shard"],
        ...["1/2", "0/0", "2/1", "1/999999999", "--jobs", "--threads", "1", "--force", "--resume"],
        ...["--no-resume", "--checkpoint-seconds", "NaN", "--backend", "cpu", "wasm", "auto"],
        ...["--out", "--mnist-dir", empty, `${folder}/new`, "/dev/null", "/dev/null/x", "../..\0"],
        ...[
          "file:/no/such.csv",
          "moons,file:x.npy",
          "file:",
          "file:\n.csv",
          `file:${folder}/a.csv`,
        ],
        ...["__proto__", "constructor", "--__proto__", "--constructor=1", "--out=", "--seed="],
      );
      const word = fc.oneof(
        { weight: 6, arbitrary: words },
        fc.string(),
        fc.string({ unit: "binary" }),
      );
      const statuses = new Map<number, number>();
      await fc.assert(
        fc.asyncProperty(
          fc.tuple(
            fc.constantFrom(
              ...[["bench"], ["bench"], ["bench", "merge"], ["bench", "compare"], ["verify"]],
              ...[["tables"], []],
            ),
            fc.array(word, { maxLength: 8 }),
          ),
          async ([command, args]) => {
            // Nothing is trained, and nothing is written outside of the folder.
            const list = command[0] === "bench" && command.length === 1 ? ["--list"] : [];
            const out = command.length === 2 ? ["--out", `${folder}/new`] : [];
            const rest = command.length > 0 ? args : args.filter((arg) => arg !== "bench");
            const all = [...command, ...list, ...rest, ...out];
            const { status, warned } = await cliOf(all, AbortSignal.timeout(20_000));
            const what = `${JSON.stringify(all)}: ${warned}`;
            assert.ok([0, 1, 2].includes(status), what);
            if (status === 2 || status === 1) assert.equal(warned.split("\n").length, 1, what);
            assert.doesNotMatch(warned, /\n\s+at /, what);
            statuses.set(status, 1 + (statuses.get(status) ?? 0));
          },
        ),
        cases(1_000),
      );
      assert.ok((statuses.get(0) ?? 0) > 0 && (statuses.get(2) ?? 0) > 0, "all came to the same");
      const made = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert.deepEqual(made.filter((name) => !["empty", "new"].includes(name)), []);
    });
  },
);
