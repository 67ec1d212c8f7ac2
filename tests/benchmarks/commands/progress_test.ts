import assert from "node:assert/strict";
import { Progress } from "../../../benchmarks/commands/progress.ts";
import type { Record } from "../../../benchmarks/record.ts";
import { planRuns } from "../../../benchmarks/suites.ts";

const runs = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"] }).slice(0, 2);

for (const from of [0, 0.5]) {
  Deno.test(`Progress tells the time left where a run is continued from ${100 * from} %`, () => {
    const lines: string[] = [];
    let nowMs = 0;
    const left = (): string => lines.at(-1)!.match(/about (\S+) left$/)![1]!;
    const [first, second] = runs.map((run) => ({ ...run, expectedSeconds: 10 }));
    using progress = new Progress(
      [first!, second!],
      false,
      (line) => lines.push(line),
      () => nowMs,
    );
    progress.update(first!, 0);
    nowMs = 100_000; // 10 % of the run
    progress.update(first!, from + 0.1, from);
    assert.equal(left(), from === 0 ? "31m40s" : "23m20s");
    nowMs = 1_000_000 * (1 - from);
    progress.end(first!, { run: first!, status: "failed", reason: "-" } as Record);
    assert.equal(left(), "16m40s");
  });
}
