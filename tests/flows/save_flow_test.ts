import assert from "node:assert/strict";
import { Rng } from "../../engine/rng.ts";
import { createFlow, decodeFlow, encodeFlow, loadFlow, saveFlow } from "../../flows/mod.ts";
import { decodeSafetensors, encodeSafetensors } from "../../flows/safetensors.ts";
import { startEngine, testWith } from "../_engine.ts";

const content = {
  metadata: { note: "α" },
  tensors: new Map([
    ["a", { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, NaN, Infinity) }],
    ["b/c", { shape: [2], values: Int32Array.of(-1, 7) }],
    ["scalar", { shape: [], values: Float32Array.of(4) }],
  ]),
};

Deno.test("decodeSafetensors() reads back what encodeSafetensors() wrote", () => {
  const bytes = encodeSafetensors(content);
  const read = decodeSafetensors(bytes, "x");
  assert.deepEqual(read.metadata, content.metadata);
  assert.deepEqual([...read.tensors], [...content.tensors]);
  assert.equal((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8, 0);
});

Deno.test("encodeSafetensors() with F16 rounds every kind of float", () => {
  const values = new Float32Array(
    new Float16Array(new Uint16Array(2 ** 16).map((_, i) => i).buffer),
  );
  const tensors = new Map([["all", { shape: [2 ** 16], values }], [
    "between",
    { shape: [3], values: Float32Array.of(1 + 2 ** -11, 1e-9, -1e6) },
  ]]);
  const read = decodeSafetensors(encodeSafetensors({ metadata: {}, tensors }, "F16"), "x").tensors;
  assert.deepEqual([...read.get("all")!.values], [...values]);
  assert.deepEqual([...read.get("between")!.values], [1, 0, -Infinity]);
});

Deno.test("decodeFlow() reads a flow of float16, and what else its file says", async () => {
  await startEngine();
  using flow = createFlow("maf", { eventShape: [9], layers: 2, hidden: [64] }, new Rng(0));
  const [full, half] = [
    await encodeFlow(flow),
    await encodeFlow(flow, { floats: "F16", metadata: { note: "small", format: "mine" } }),
  ];
  const { flow: rounded, metadata } = await decodeFlow(half, "half");
  using same = rounded;
  assert.deepEqual([metadata.note, metadata.format], ["small", "flowbench/1"]);
  assert.ok(half.length < 0.75 * full.length, `${half.length} of ${full.length} bytes`);
  const [x, y] = [flow, same].map(({ variables }) => variables.map((v) => [...v.dataSync()]));
  assert.deepEqual(y, x!.map((values) => values.map(Math.f16round)));
  half[half.length - 1]! ^= 1;
  await assert.rejects(decodeFlow(half, "half"), { name: "SyntaxError", message: /checksum/ });
});

Deno.test("decodeSafetensors() refuses every truncation, and names the file", () => {
  const bytes = encodeSafetensors(content);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.slice(0, length), "model.safetensors"), {
      name: "SyntaxError",
      message: /^Cannot read model\.safetensors as a safetensors file as /,
    });
  }
});

Deno.test("decodeSafetensors() refuses what does not fit together", () => {
  const file = (header: unknown, data = 8): Uint8Array<ArrayBuffer> => {
    const json = new TextEncoder().encode(
      typeof header === "string" ? header : JSON.stringify(header),
    );
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const tensor = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  assert.equal(decodeSafetensors(file({ t: tensor }), "x").tensors.size, 1);
  const huge = file({ t: tensor });
  new DataView(huge.buffer).setBigUint64(0, 2n ** 62n, true);
  const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [huge, /its header claims/],
    [file("{"), /not JSON/],
    [file("[1]"), /not a JSON object/],
    [file({ t: tensor, __metadata__: { a: 1 } }), /metadata/],
    [file({ t: { ...tensor, dtype: "F64" } }), /"t" is malformed/],
    [file({ t: { ...tensor, shape: [-2] } }), /"t" is malformed/],
    [file({ t: { ...tensor, shape: [3] } }), /cannot lie at bytes 0 to 8/],
    [file({ t: { ...tensor, data_offsets: [8, 0] } }), /cannot lie/],
    [file({ t: tensor, u: tensor }), /cannot lie/],
    [file({ t: tensor }, 9), /1 bytes follow/],
    [file({ t: tensor }, 4), /truncated/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => decodeSafetensors(bytes, "x"), { name: "SyntaxError", message });
  }
});

testWith(
  ["read", "write"],
  "loadFlow() refuses altered files, and says what is wrong",
  async () => {
    await startEngine();
    const folder = await Deno.makeTempDir();
    const path = `${folder}/flow.safetensors`;
    try {
      using flow = createFlow("realnvp", { eventShape: [2], layers: 1, hidden: [4] }, new Rng(0));
      await saveFlow(flow, path);
      const { metadata, tensors } = decodeSafetensors(await Deno.readFile(path), path);
      const altered = async (
        changed: Partial<Parameters<typeof encodeSafetensors>[0]>,
        message: RegExp,
        name: string,
      ): Promise<void> => {
        await Deno.writeFile(path, encodeSafetensors({ metadata, tensors, ...changed }));
        await assert.rejects(() => loadFlow(path), (error: Error) => {
          assert.match(error.message, message);
          assert.equal(error.name, name);
          assert.ok(error.message.includes("flow.safetensors"));
          return true;
        });
      };
      await altered({ metadata: {} }, /format "flowbench\/1"/, "SyntaxError");
      await altered({ metadata: { ...metadata, sha256: "0" } }, /altered/, "SyntaxError");
      const config = metadata.config!.replace('"realnvp"', '"maf"');
      await altered({ metadata: { ...metadata, config } }, /altered/, "SyntaxError");
      const one = new Map([...tensors].slice(1));
      await altered({ tensors: one }, /altered/, "SyntaxError");
      const bytes = encodeSafetensors({ metadata, tensors });
      bytes[bytes.length - 1]! ^= 1;
      await Deno.writeFile(path, bytes);
      await assert.rejects(() => loadFlow(path), { name: "SyntaxError", message: /altered/ });
      await assert.rejects(() => loadFlow(`${folder}/missing`), { name: "NotFound" });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("decodeFlow() reads convolutional flows over images larger than their tensors", async () => {
  await startEngine();
  const options = { eventShape: [64, 32, 1], levels: 1, layers: 1, hidden: [4] };
  using flow = createFlow("glow", options, new Rng(0));
  const bytes = await encodeFlow(flow);
  using read = (await decodeFlow(bytes, "x")).flow;
  assert.deepEqual(read.eventShape, [64, 32, 1]);
});

Deno.test("decodeFlow() reads flows with untied biases, and makes none for larger images than theirs", async () => {
  await startEngine();
  const options = { eventShape: [64, 32, 1], levels: 1, layers: 1, hidden: [4], untiedBias: true };
  using flow = createFlow("glow", options, new Rng(0));
  using read = (await decodeFlow(await encodeFlow(flow), "x")).flow;
  assert.deepEqual(read.config, flow.config);
  const config = { ...flow.config, eventShape: [4096, 4096, 1] };
  const lie = Object.create(flow, {
    variables: { value: flow.variables },
    config: { value: config },
  });
  await assert.rejects(async () => await decodeFlow(await encodeFlow(lie), "x"), {
    name: "SyntaxError",
    message: /not that of its tensors: eventShape is \[4096,4096,1\]/,
  });
});

Deno.test("decodeFlow() makes no flow of more components than its tensors are of", async () => {
  await startEngine();
  const options = { eventShape: [8], layers: 1, hidden: [200], components: 3 };
  using flow = createFlow("glow", options, new Rng(0));
  using read = (await decodeFlow(await encodeFlow(flow), "x")).flow;
  assert.deepEqual(read.config, flow.config);
  const lie = Object.create(flow, {
    variables: { value: flow.variables },
    config: { value: { ...flow.config, components: 150 } },
  });
  await assert.rejects(async () => await decodeFlow(await encodeFlow(lie), "x"), {
    name: "SyntaxError",
    message: /not that of its tensors: components is 150/,
  });
});

testWith(["read", "write"], "loadFlow() names a missing tensor and an unknown family", async () => {
  await startEngine();
  const folder = await Deno.makeTempDir();
  const path = `${folder}/flow.safetensors`;
  try {
    using flow = createFlow("realnvp", { eventShape: [2], layers: 1, hidden: [4] }, new Rng(0));
    // A flow that lies about its variables writes a file that is whole, but not of this family.
    const part = Object.create(flow, {
      variables: { value: flow.variables.slice(1) },
      config: { value: flow.config },
    });
    await saveFlow(part, path);
    await assert.rejects(() => loadFlow(path), {
      name: "TypeError",
      message: /missing \[order\/order\], left over \[\]/,
    });
    await saveFlow(flow, path);
    await assert.rejects(() => loadFlow(path, {}), {
      name: "RangeError",
      message: /current value is realnvp \(version 1\)/,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
