import * as tf from "../engine/tf.ts";
import { Rng } from "../engine/rng.ts";
import { readBounded } from "../engine/read_bounded.ts";
import { writeAtomically } from "../engine/write_atomically.ts";
import { variableName } from "./_variable.ts";
import { createFlow, type FlowOptions } from "./create_flow.ts";
import { FAMILIES } from "./families.ts";
import type { FlowConfig, FlowFamily } from "./family.ts";
import type { Flow } from "./flow.ts";
import {
  checksum,
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
} from "./safetensors.ts";

/**
 * Saves a flow: its variables under their paths, its config as JSON in the metadata, and a
 * checksum over both. The file is whole or not there.
 *
 * @param flow Borrowed.
 * @param path Of the file, `.safetensors` by custom.
 */
export async function saveFlow(flow: Flow, path: string): Promise<void> {
  await writeAtomically(path, await encodeFlow(flow));
}

/** Options of {@link encodeFlow}. */
export interface EncodeOptions {
  /** "F16" rounds the variables to 11 bits, and the file is half as large. Default: "F32". */
  readonly floats?: "F32" | "F16";
  /** Texts that the file is to carry beside `format`, `config` and `sha256`; the last does not cover them. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of the file that {@link saveFlow} writes.
 *
 * @param flow Borrowed.
 */
export async function encodeFlow(
  flow: Flow,
  { floats = "F32", metadata = {} }: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = new Map<string, StoredTensor>();
  for (const variable of flow.variables) {
    const data = await variable.data() as Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
    const isRounded = floats === "F16" && data instanceof Float32Array;
    const values = isRounded ? data.map(Math.f16round) : data.slice();
    tensors.set(variableName(variable), { shape: variable.shape, values });
  }
  const config = JSON.stringify(flow.config);
  const sha256 = await checksum(config, tensors);
  const all = { ...metadata, format: "flowbench/1", config, sha256 };
  return encodeSafetensors({ metadata: all, tensors }, floats);
}

/**
 * Loads a flow that {@link saveFlow} wrote: the same bits of log-density on the same backend.
 *
 * @param path Of the file.
 * @param families Where to look up the family's name; default: the registry.
 * @throws {SyntaxError} If the file is truncated, altered, or no saved flow.
 * @throws {RangeError} If its family is unknown or of another version.
 * @throws {TypeError} If a tensor is missing, left over, or of another shape.
 */
export async function loadFlow(
  path: string,
  families: Readonly<Record<string, FlowFamily>> = FAMILIES,
): Promise<Flow> {
  return (await decodeFlow(await readBounded(path, MAX_BYTES), path, families)).flow;
}

/**
 * The flow of the bytes of a file, as {@link loadFlow}, and what else the file says.
 *
 * @param path Of the file, for messages.
 */
export async function decodeFlow(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  families: Readonly<Record<string, FlowFamily>> = FAMILIES,
): Promise<{ readonly flow: Flow; readonly metadata: Readonly<Record<string, string>> }> {
  const { metadata, tensors } = decodeSafetensors(bytes, path);
  const { format, config: configText, sha256 } = metadata;
  if (format !== "flowbench/1" || configText === undefined) {
    throw new SyntaxError(
      `Cannot load a flow from ${path} as its metadata must have format "flowbench/1": ` +
        `current value is ${JSON.stringify(format)}`,
    );
  }
  // A page from plain http has no SHA-256.
  if (crypto.subtle !== undefined && await checksum(configText, tensors) !== sha256) {
    throw new SyntaxError(
      `Cannot load a flow from ${path} as its content was altered: its checksum differs`,
    );
  }
  const { family, familyVersion, ...options } = parseConfig(configText, tensors, families, path);
  const definition = familyOf(family, families);
  if (definition === undefined || definition.version !== familyVersion) {
    throw new RangeError(
      `Cannot load a flow from ${path} as its family must be one of ${
        Object.values(families).map(({ name, version }) => `${name} (version ${version})`)
          .join(", ")
      }: current value is ${family} (version ${familyVersion})`,
    );
  }
  const flow = createFlow(definition, options as unknown as FlowOptions, new Rng(0));
  try {
    assignAll(flow, tensors, path);
    return { flow, metadata };
  } catch (error) {
    flow[Symbol.dispose]();
    throw error;
  }
}

/** No file of a flow comes near. */
const MAX_BYTES = 2 ** 31;

function familyOf(
  name: unknown,
  families: Readonly<Record<string, FlowFamily>>,
): FlowFamily | undefined {
  return Object.hasOwn(families, String(name)) ? families[String(name)] : undefined;
}

/**
 * Height and width of images are no lengths of tensors, as convolutional flows take images of any size; but
 * with untied biases, which have half of them.
 */
const MAX_SIDE = 4096;

/**
 * Reads the config, and refuses before anything is made of it one whose numbers are larger than the
 * tensors and the family's defaults allow: a count of layers has as many tensors, a width is a length of
 * one.
 */
function parseConfig(
  text: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  families: Readonly<Record<string, FlowFamily>>,
  path: string,
): FlowConfig {
  const refuse = (why: string): never => {
    throw new SyntaxError(`Cannot load a flow from ${path} as its config ${why}`);
  };
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return refuse("is not JSON");
  }
  if (typeof config !== "object" || config === null) return refuse("is not an object");
  let limit = tensors.size;
  for (const { shape } of tensors.values()) limit = Math.max(limit, ...shape);
  const family = familyOf((config as FlowConfig).family, families);
  const defaults: FlowConfig = { ...family?.images?.defaults, ...family?.defaults };
  const shape = [(config as FlowConfig).eventShape].flat() as number[];
  const isImages = shape.length === 3;
  for (const [option, value] of Object.entries(config)) {
    const fallback = defaults[option];
    const most = option === "eventShape" && isImages
      ? Math.min(MAX_SIDE, (config as FlowConfig).untiedBias ? 2 * limit : MAX_SIDE)
      : typeof fallback === "number"
      ? Math.max(limit, fallback)
      : limit;
    // A network has outputs for the components of each coordinate that moves.
    const each = option === "components" && !isImages ? Number(shape[0]) : 1;
    for (const number of [value].flat()) {
      if (typeof number === "number" && number * each > most && option !== "familyVersion") {
        refuse(`is not that of its tensors: ${option} is ${JSON.stringify(value)}`);
      }
    }
  }
  return config as FlowConfig;
}

function assignAll(
  flow: Flow,
  tensors: ReadonlyMap<string, StoredTensor>,
  path: string,
): void {
  const names = new Set(flow.variables.map(variableName));
  const missing = [...names].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !names.has(name));
  if (missing.length > 0 || extra.length > 0) {
    throw new TypeError(
      `Cannot load a flow from ${path} as it must hold the tensors of ${flow.config.family}: ` +
        `missing [${missing.join(", ")}], left over [${extra.join(", ")}]`,
    );
  }
  for (const variable of flow.variables) {
    const { shape, values } = tensors.get(variableName(variable))!;
    const isInteger = values instanceof Int32Array;
    if (String(shape) !== String(variable.shape) || isInteger !== (variable.dtype === "int32")) {
      throw new TypeError(
        `Cannot load a flow from ${path} as tensor "${variableName(variable)}" must be ` +
          `${variable.dtype} of shape [${variable.shape.join(", ")}]: current one is ${
            isInteger ? "int32" : "float32"
          } of shape [${shape.join(", ")}]`,
      );
    }
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, variable.dtype)));
  }
}
