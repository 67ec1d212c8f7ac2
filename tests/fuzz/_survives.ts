import assert from "node:assert/strict";

/** Fails on anything but the documented errors; returns whether there was none. */
export async function survives(
  read: () => unknown,
  errors: readonly string[] = ["SyntaxError"],
): Promise<boolean> {
  const startMs = performance.now();
  try {
    await read();
    return true;
  } catch (error) {
    assert.ok(error instanceof Error && errors.includes(error.name), `${(error as Error).stack}`);
    assert.match(error.message, /^Cannot /);
    assert.ok(error.message.length < 2_000, "the message repeats the file");
    return false;
  } finally {
    const ms = performance.now() - startMs;
    assert.ok(ms < 5_000, `took ${ms} ms`);
  }
}

/** Counts what was accepted, so that a test that refuses or takes everything is seen. */
export class Tally {
  accepted = 0;
  refused = 0;
  add(isAccepted: boolean): void {
    if (isAccepted) this.accepted++;
    else this.refused++;
  }
  check(): void {
    assert.ok(this.accepted > 0 && this.refused > 0, JSON.stringify(this));
  }
}
