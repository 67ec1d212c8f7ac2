/// <reference lib="dom" />
/**
 * The demo page in a real browser, opened as a file; its numbers against those of the library here.
 */
import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import { createFlow, decodeFlow, type Flow } from "../../flows/mod.ts";
import { colourOf } from "../../report/demo/browser/colours.ts";
import { bytesOf } from "../../report/demo/browser/embedded.ts";
import { sampleInTurn } from "../../report/demo/browser/sample_in_turn.ts";
import { scoreImages } from "../../report/demo/browser/score_images.ts";
import { DEMO_FLOWS } from "../../report/demo/build.ts";
import { gunzip } from "../../report/demo/gzip.ts";
import { writeDemo } from "../../report/demo/standalone.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { startEngine, testWith } from "../_engine.ts";
import { perturb } from "../conformance/bijector.ts";
import { type Misdeeds, type Page, type PageOptions, testPage } from "./_browser.ts";

/** A site of less than 3 MB is to hold the demo and much more. */
const MAX_BYTES = 2_200_000;

let site: Promise<string> | undefined;

/** Registers a test with the demo. */
function pageTest(
  name: string,
  options: PageOptions,
  run: (page: Page, misdeeds: Misdeeds) => Promise<void>,
): void {
  testPage(
    name,
    async () => `${await (site ??= buildSite())}/index.html`,
    options,
    run,
  );
}

async function buildSite(): Promise<string> {
  const folder = await Deno.makeTempDir();
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await writeDemo(folder);
  return folder;
}

/** The text of an element once it matches. */
async function textOf(page: Page, id: string, pattern: RegExp): Promise<string> {
  const found = await page.waitForFunction(
    ([id, source]) => {
      const { textContent } = document.getElementById(id!)!;
      return new RegExp(source!).test(textContent!) ? textContent! : null;
    },
    [id, pattern.source],
    { timeout: 120_000 },
  );
  return (await found.jsonValue())!;
}

/** The number of {@link textOf}, of which commas may part the thousands. */
async function numberOf(page: Page, id: string, pattern: RegExp): Promise<number> {
  return Number((await textOf(page, id, pattern)).match(pattern)![1]!.replaceAll(",", ""));
}

/** The picture of a canvas. */
async function pictureOf(page: Page, id: string): Promise<string> {
  return await page.locator(`#${id}`).evaluate((canvas) =>
    (canvas as unknown as { toDataURL(): string }).toDataURL()
  );
}

const READY = /^Computes/, NATS = /^log p\(x\) = (-?[\d.]+) nats$/, BITS = /: ([\d.]+) bits\/dim/;

async function withFlow(
  name: keyof typeof DEMO_FLOWS,
  run: (flow: Flow, metadata: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  await startEngine();
  const bytes = await gunzip(await Deno.readFile(DEMO_FLOWS[name]));
  const { flow, metadata } = await decodeFlow(bytes, name);
  using owned = flow;
  await run(owned, metadata);
}

async function assertDensityIsOurs(page: Page): Promise<void> {
  const nats = await numberOf(page, "demo-log-prob", NATS);
  const x = [await page.inputValue("#demo-x1"), await page.inputValue("#demo-x2")].map(Number);
  await withFlow("toy", async (flow) => {
    const [ours] = await flow.logProb(tf.tensor2d([x as [number, number]])).data();
    assert.ok(Math.abs(nats - ours!) < 1e-3, `log p(${x}) is ${nats} there, ${ours} here`);
  });
}

pageTest(
  "the demo shows the density of the plane and samples from it",
  {},
  async (page, misdeeds) => {
    const status = await textOf(page, "demo-status", READY);
    assert.match(status, /WebAssembly .*flowbench-/);
    await assertDensityIsOurs(page);
    const before = [await page.inputValue("#demo-x1"), await pictureOf(page, "demo-plane")];
    const box = (await page.locator("#demo-plane").boundingBox())!;
    await page.mouse.click(box.x + 0.3 * box.width, box.y + 0.6 * box.height);
    await page.waitForTimeout(300);
    assert.notEqual(await page.inputValue("#demo-x1"), before[0]);
    assert.ok(Math.abs(Number(await page.inputValue("#demo-x1")) + 1.6) < 0.05);
    assert.ok(Math.abs(Number(await page.inputValue("#demo-x2")) + 0.8) < 0.05);
    await assertDensityIsOurs(page);
    const clicked = await pictureOf(page, "demo-plane");
    assert.notEqual(clicked, before[1]);
    // By the keyboard alone.
    await page.focus("#demo-plane-sample");
    await page.keyboard.press("Enter");
    const ms = await numberOf(page, "demo-plane-result", /^1,000 points in ([\d.]+) ms$/);
    assert.ok(ms > 0);
    await page.waitForTimeout(1500);
    assert.notEqual(await pictureOf(page, "demo-plane"), clicked);
    await page.click("#demo-plane-clear");
    assert.equal(await pictureOf(page, "demo-plane"), clicked);
    assert.deepEqual(misdeeds, { errors: [], requests: [] });
  },
);

pageTest("the demo samples images in two ways, and times both", {}, async (page, misdeeds) => {
  await textOf(page, "demo-status", READY);
  await page.click("#demo-incremental");
  await numberOf(page, "demo-incremental-ms", /^([\d.]+) ms$/);
  const score = await numberOf(page, "demo-bits", BITS);
  const image = await pictureOf(page, "demo-image");
  await page.click("#demo-sequential");
  await page.click("#demo-stop");
  await textOf(page, "demo-bits", /^Stopped/);
  assert.notEqual(await pictureOf(page, "demo-image"), image);
  await page.click("#demo-incremental");
  const second = await numberOf(page, "demo-bits", BITS);
  assert.notEqual(second, score);
  await page.click("#demo-sequential");
  const sequentialMs = await numberOf(page, "demo-sequential-ms", /^([\d.]+) ms$/);
  const incrementalMs = await numberOf(page, "demo-incremental-ms", /^([\d.]+) ms$/);
  assert.equal(await textOf(page, "demo-sequential-passes", /\d/), "3,920");
  assert.equal(await textOf(page, "demo-incremental-passes", /\d/), "5");
  const ratio = await numberOf(page, "demo-ratio", /takes ([\d,.]+) times/);
  assert.ok(Math.abs(ratio - sequentialMs / incrementalMs) < 0.02 * ratio + 1);
  assert.ok(ratio > 10, `sequential takes ${ratio} times as long`);
  // The same latents: the same image but for rounding to 8 bits.
  assert.ok(Math.abs(await numberOf(page, "demo-bits", /^Seq.*: ([\d.]+) bits/) - second) < 0.01);
  await page.click("#demo-digits button:nth-child(8)");
  const digit = await numberOf(page, "demo-bits", /of a 7: ([\d.]+) bits/);
  await withFlow("images", async (flow, { testDigits }) => {
    const [ours] = await scoreImages(flow, bytesOf(testDigits!).slice(7 * 784, 8 * 784));
    assert.ok(Math.abs(digit - ours!) < 1e-3, `${digit} there, ${ours} here`);
  });
  assert.deepEqual(misdeeds, { errors: [], requests: [] });
});

pageTest("the demo fits a phone, in the dark, and needs no SHA-256, as over plain http", {
  before: "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })",
  width: 360,
  height: 740,
  colorScheme: "dark",
}, async (page, misdeeds) => {
  await textOf(page, "demo-status", READY);
  assert.equal(await page.evaluate("crypto.subtle"), undefined);
  const width = await page.evaluate("document.documentElement.scrollWidth");
  assert.ok(width as number <= 360, `the page is ${width} pixels wide`);
  assert.deepEqual(misdeeds, { errors: [], requests: [] });
});

pageTest("the demo computes without WebAssembly, and says so", {
  before: "delete globalThis.WebAssembly",
}, async (page, misdeeds) => {
  const status = await textOf(page, "demo-status", READY);
  assert.match(
    status,
    /plain JavaScript, which is slow.* Backend is cpu as this runtime has no WebAssembly$/,
  );
  await assertDensityIsOurs(page);
  assert.equal(await page.isDisabled("#demo-incremental"), true);
  await page.click("#demo-sequential");
  await page.click("#demo-stop");
  await textOf(page, "demo-bits", /^Stopped/);
  assert.deepEqual(misdeeds, { errors: [], requests: [] });
});

pageTest("the demo says why it cannot run", {
  before: "delete globalThis.DecompressionStream",
}, async (page, { errors }) => {
  assert.match(
    await textOf(page, "demo-status", /cannot/),
    /^The demo cannot run here as DecompressionStream is not defined\. A current /,
  );
  assert.equal(await page.isDisabled("#demo-plane-sample"), true);
  assert.deepEqual(errors, []);
});

Deno.test("sampleInTurn() finds the inverse, tells how far it is, and stops", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [9], layers: 3, hidden: [12] }, new Rng(0));
  perturb(flow.bijector, new Rng(1), 0.2);
  const z = flow.latents(4, new Rng(2));
  tf.tidy(() => void flow.bijector.forward(z)); // Masks are made for the backend when first used.
  const before = tf.memory().numTensors;
  const wanted = flow.bijector.inverse(z);
  const { signal } = new AbortController();
  let last = 0;
  const found = await sampleInTurn(
    flow.bijector,
    z,
    ({ passes, ofPasses, partial }) => {
      assert.ok(passes > last && passes <= ofPasses && ofPasses === 27);
      assert.equal(partial?.known ?? null, passes > 18 ? passes - 18 : null);
      last = passes;
    },
    signal,
    0,
  );
  assert.equal(last, 27);
  assert.equal(found.passes, 27);
  assert.ok(found.ms > 0);
  assertAllClose(await found.x.data(), await wanted.x.data(), TOLERANCES.roundTrip);
  const abort = new AbortController();
  await assert.rejects(
    sampleInTurn(flow.bijector, z, () => abort.abort(), abort.signal, 0),
    { name: "AbortError" },
  );
  tf.dispose([wanted.x, wanted.logDet, found.x]);
  assert.equal(tf.memory().numTensors, before, "tensors are left over");
  z.dispose();
});

testWith(["read", "write", "run"], "buildDemo() makes small files", async () => {
  const folder = await (site ??= buildSite());
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) {
    bytes += (await Deno.stat(`${folder}/${name}`)).size;
  }
  assert.ok(bytes < MAX_BYTES, `${bytes} bytes`);
});

Deno.test("colourOf() is lighter where the density is higher, and stays within the screen's colours", () => {
  let before = -1;
  for (let t = 0; t <= 1; t += 0.01) {
    const [red, green, blue] = colourOf(t);
    const light = 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 +
      0.0722 * (blue / 255) ** 2.2;
    assert.ok(light > before, `at ${t} the light is ${light} after ${before}`);
    before = light;
  }
});
