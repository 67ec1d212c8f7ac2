import cliProgress from "npm:cli-progress@3.12.0";
import { modelName, type Run } from "../plan.ts";
import type { Record } from "../record.ts";

/** When piped, a run that takes longer is heard of again after so long. */
const LINE_EVERY_MS = 60_000;

/** Shows where a benchmark stands: a bar on a terminal, a line per finished run and minute when piped. */
export class Progress implements Disposable {
  readonly #bar: cliProgress.SingleBar | null;
  readonly #print: (line: string) => void;
  readonly #total: number;
  /** What is under way: the fraction of each that was there to continue from, and that is done. */
  readonly #running = new Map<Run, { readonly from: number; readonly at: number }>();
  readonly #now: () => number;
  readonly #startedMs: number;
  #done = 0;
  #printedMs: number;
  /** Expected seconds of what is finished, and of that what was really made. */
  #expected = 0;
  #expectedMade = 0;
  readonly #expectedTotal: number;

  /**
   * @param runs All that is planned.
   * @param isTerminal Whether a person watches.
   * @param print Writes one line.
   * @param now The time, ms.
   */
  constructor(
    runs: readonly Run[],
    isTerminal: boolean,
    print: (line: string) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#startedMs = this.#printedMs = now();
    this.#total = runs.length;
    this.#expectedTotal = runs.reduce((sum, run) => sum + run.expectedSeconds, 0);
    this.#print = print;
    this.#bar = isTerminal
      ? new cliProgress.SingleBar({
        format: " {bar} {percentage}% | {done} runs | {left} left | {what}",
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
      }, cliProgress.Presets.shades_classic)
      : null;
    this.#bar?.start(this.#expectedTotal, 0, { done: `0/${this.#total}`, left: "?", what: "" });
  }

  /** A run that needed no work. */
  skip(run: Run): void {
    this.#done++;
    this.#expected += run.expectedSeconds;
    this.#draw(run);
  }

  /**
   * @param fraction Of this run that is done, 0 to 1.
   * @param from What of it was there to continue from.
   */
  update(run: Run, fraction: number, from = 0): void {
    this.#running.set(run, { from, at: fraction });
    this.#draw(run);
    if (this.#bar !== null || this.#now() - this.#printedMs < LINE_EVERY_MS) return;
    const [at, left] = [percent(fraction), this.#left()];
    this.#say(`[${this.#done}/${this.#total}] ${nameOf(run)}: ${at}, about ${left} left`);
  }

  /** A run that was made. */
  end(run: Run, record: Record): void {
    const { from } = this.#running.get(run) ?? { from: 0 };
    this.#running.delete(run);
    this.#done++;
    this.#expected += run.expectedSeconds;
    this.#expectedMade += (1 - from) * run.expectedSeconds;
    const line = `[${this.#done}/${this.#total}] ${describe(record)}, about ${this.#left()} left`;
    if (this.#bar === null) this.#say(line);
    else if (record.status !== "ok") {
      this.#bar.stop();
      this.#print(line);
      this.#bar.start(this.#expectedTotal, this.#expected);
    }
    this.#draw(run);
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }

  #say(line: string): void {
    this.#printedMs = this.#now();
    this.#print(line);
  }

  #draw(run: Run): void {
    this.#bar?.update(Math.min(this.#expected + this.#underWay(), this.#expectedTotal), {
      done: `${this.#done}/${this.#total}`,
      left: this.#left(),
      what: nameOf(run),
    });
  }

  /** Expected seconds of what is done of unfinished runs. */
  #underWay(): number {
    let seconds = 0;
    for (const [run, { at }] of this.#running) seconds += at * run.expectedSeconds;
    return seconds;
  }

  /** Expected seconds that remain, scaled by how long really took what this process made: not what it continued from. */
  #left(): string {
    const underWay = this.#underWay();
    let made = this.#expectedMade;
    for (const [run, { from, at }] of this.#running) made += (at - from) * run.expectedSeconds;
    const elapsed = (this.#now() - this.#startedMs) / 1000;
    const pace = made > 0 ? elapsed / made : 1;
    const left = Math.max(0, Math.round((this.#expectedTotal - this.#expected - underWay) * pace));
    return left < 60
      ? `${left}s`
      : `${Math.floor(left / 60)}m${String(left % 60).padStart(2, "0")}s`;
  }
}

function nameOf(run: Run): string {
  return `${modelName(run)} on ${run.dataset}`;
}

function describe({ run, status, reason, scores, energy, training }: Record): string {
  const name = `${nameOf(run)} (seed ${run.seed})`;
  if (status !== "ok") return `${name}: ${status}: ${reason}`;
  const time = `in ${(training?.trainSeconds ?? 0).toFixed(1)}s`;
  if (energy) {
    const { klNats, essFraction } = energy;
    return `${name}: KL ${klNats.toFixed(4)} nats, ESS ${(100 * essFraction).toFixed(1)} % ${time}`;
  }
  if (scores === null) return `${name}: timed`;
  const { nllNats, bitsPerDim } = scores;
  return `${name}: ${nllNats.toFixed(4)} nats, ${bitsPerDim.toFixed(4)} bits/dim ${time}`;
}

function percent(fraction: number): string {
  return `${Math.round(100 * fraction)} %`;
}
