import fs from "node:fs";
import process from "node:process";
import type { Page } from "npm:playwright-core@1.65.1";

export type { Page };

const CHROMIUM = "/usr/bin/chromium";

/** Why there is no browser to test with, or "". */
const browserProblem = findProblem();

function findProblem(): string {
  const needed = [
    { name: "read" },
    { name: "write" },
    { name: "run", command: "deno" },
    { name: "run", command: CHROMIUM },
    { name: "sys", kind: "osRelease" },
  ] as const;
  for (const descriptor of needed) {
    const { state } = Deno.permissions.querySync(descriptor);
    if (state !== "granted") return `needs ${descriptor.name} permission`;
  }
  try {
    Deno.statSync(CHROMIUM);
    return "";
  } catch {
    return `needs ${CHROMIUM}: apt install chromium`;
  }
}

/** What a page must not do, in the order in which it did. */
export interface Misdeeds {
  /** Errors and warnings of its console, and what nobody caught. */
  readonly errors: string[];
  /** Requests that failed, or for something else than files and blobs. */
  readonly requests: string[];
}

/** Options of {@link withPage}. */
export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  /** A script that runs before those of the page. */
  readonly before?: string;
}

/**
 * Registers a test with a page in a browser; ignored, with the reason in its name, where there is none.
 *
 * @param path Gives the page, a file: called once the test runs.
 */
export function testPage(
  name: string,
  path: () => Promise<string>,
  options: PageOptions,
  run: (page: Page, misdeeds: Misdeeds) => Promise<void>,
): void {
  Deno.test({
    name: browserProblem ? `${name} (ignored: ${browserProblem})` : name,
    ignore: browserProblem !== "",
    // The browser's driver keeps timers and pipes of its own.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => await withPage(await path(), options, run),
  });
}

/** Opens a page of the file system in Chromium, and closes the browser afterwards. */
async function withPage(
  path: string,
  options: PageOptions,
  run: (page: Page, misdeeds: Misdeeds) => Promise<void>,
): Promise<void> {
  const { width = 1200, height = 900, colorScheme = "light", before } = options;
  const chromium = await loadChromium();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    const misdeeds: Misdeeds = { errors: [], requests: [] };
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) misdeeds.errors.push(message.text());
    });
    page.on("pageerror", (error) => void misdeeds.errors.push(error.message));
    page.on("requestfailed", (request) => {
      // What is still on its way as a page is left, as lazy pictures are, is aborted and not missing.
      if (request.failure()?.errorText === "net::ERR_ABORTED") return;
      misdeeds.requests.push(request.url());
    });
    page.on("request", (request) => {
      if (!/^(file|blob|data):/.test(request.url())) misdeeds.requests.push(request.url());
    });
    if (before !== undefined) await page.addInitScript(before);
    await page.goto(`file://${path}`);
    await run(page, misdeeds);
  } finally {
    await browser.close();
  }
}

/**
 * The driver reads all variables of the environment, and looks for a file that Deno shows to those alone
 * who may do everything: it is given a few variables, and told that there is no such file.
 */
async function loadChromium() {
  const env = Object.fromEntries(["PATH", "HOME"].map((name) => [name, Deno.env.get(name)]));
  Object.defineProperty(process, "env", { value: env, configurable: true, writable: true });
  const { existsSync } = fs;
  fs.existsSync = (path) => {
    try {
      return existsSync(path);
    } catch {
      return false;
    }
  };
  return (await import("npm:playwright-core@1.65.1")).chromium;
}
