import assert from "node:assert/strict";
import { Progress } from "../../../benchmarks/commands/progress.ts";
import { planRuns } from "../../../benchmarks/suites.ts";

const [run] = planRuns({ profile: "smoke", suites: ["toy"], datasets: ["moons"] });

for (const from of [0, 0.5]) {
  Deno.test(`Progress tells the time left of a run that starts at ${100 * from} %`, () => {
    const lines: string[] = [];
    let now = 0;
    using progress = new Progress([run!], false, (line) => lines.push(line), () => now);
    progress.update(run!, from);
    now = 100_000; // 10 % in 100 s
    progress.update(run!, from + 0.1);
    const left = from === 0 ? "15m00s" : "6m40s";
    assert.match(lines.at(-1)!, new RegExp(`: ${100 * from + 10} %, about ${left} left$`));
  });
}
