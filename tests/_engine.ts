import { type EngineInfo, initEngine } from "../engine/init_engine.ts";

/** Starts the engine for a test: wasm where it may be read, else cpu; the same on every machine. */
export async function startEngine(): Promise<EngineInfo> {
  return await initEngine({ backend: lacks("read") ? "cpu" : "wasm" });
}

/**
 * Whether the tests run without a permission. A test that needs it is then ignored, and its name
 * says why.
 */
export function lacks(
  name: "read" | "write" | "run" | "net" | "sys",
): boolean {
  return Deno.permissions.querySync({ name }).state !== "granted" && !partly(name);
}

/** Where a permission is narrow, a query for all of it says no: ask for what the tests need. */
function partly(name: string): boolean {
  if (name === "run") return granted({ name: "run", command: "deno" });
  if (name === "net") return granted({ name: "net", host: "127.0.0.1" });
  return false;
}

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** Registers a test that is ignored, with the reason in its name, where a permission is missing. */
export function testWith(
  permissions: readonly Parameters<typeof lacks>[0][],
  name: string,
  run: (context: Deno.TestContext) => Promise<void> | void,
): void {
  const missing = permissions.filter(lacks);
  Deno.test({
    name: missing.length ? `${name} (ignored: needs ${missing.join(", ")} permission)` : name,
    ignore: missing.length > 0,
    fn: run,
  });
}
