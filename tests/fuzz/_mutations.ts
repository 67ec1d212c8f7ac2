import { fc } from "../_fast_check.ts";
import { effort } from "../_effort.ts";

/** Where cases begin: every run of the tests tries the same ones. */
const SEED = 20_260_101;

/** Parameters of a property that is tried so many times. */
export function cases(smoke: number): { numRuns: number; seed: number } {
  return { numRuns: effort(smoke, 20 * smoke), seed: SEED };
}

type Bytes = Uint8Array<ArrayBuffer>;
type Mutation = (bytes: Bytes) => Bytes;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const insertion = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 9 }),
  // Sizes that a program may believe.
  fc.constantFrom(
    [0xff, 0xff, 0xff, 0xff],
    [0x7f, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [...new TextEncoder().encode("99999999")],
    [...new TextEncoder().encode('"__proto__":')],
    [...new TextEncoder().encode("1e999")],
    [...new TextEncoder().encode("null")],
  ).map((values) => Uint8Array.from(values)),
);

function splice(bytes: Bytes, from: number, to: number, middle: Uint8Array): Bytes {
  const out = new Uint8Array(from + middle.length + bytes.length - to);
  out.set(bytes.subarray(0, from));
  out.set(middle, from);
  out.set(bytes.subarray(to), from + middle.length);
  return out;
}

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([at, bit]): Mutation => (bytes) => {
    const out = bytes.slice();
    if (out.length > 0) out[Math.floor(at * out.length)]! ^= 1 << bit;
    return out;
  }),
  place.map((at): Mutation => (bytes) => bytes.slice(0, Math.floor(at * bytes.length))),
  fc.tuple(place, insertion).map(([at, values]): Mutation => (bytes) => {
    const from = Math.floor(at * (bytes.length + 1));
    return splice(bytes, from, from, values);
  }),
  fc.tuple(place, insertion).map(([at, values]): Mutation => (bytes) => {
    const from = Math.floor(at * bytes.length);
    return splice(bytes, from, Math.min(bytes.length, from + values.length), values);
  }),
  fc.tuple(place, place).map(([a, b]): Mutation => (bytes) => {
    const [from, to] = [a, b].map((x) => Math.floor(x * bytes.length)).sort((x, y) => x - y);
    return splice(bytes, from!, to!, new Uint8Array());
  }),
);

/** A valid file with one to four changes, more of them near its beginning, where headers are. */
export function mutated(files: readonly Bytes[]): fc.Arbitrary<Bytes> {
  const near = fc.tuple(mutation, fc.boolean()).map(([mutate, isNear]): Mutation => (bytes) => {
    const length = isNear ? Math.min(bytes.length, 32) : bytes.length;
    const head = mutate(bytes.slice(0, length));
    return splice(head, head.length, head.length, bytes.subarray(length));
  });
  return fc.tuple(fc.constantFrom(...files), fc.array(near, { minLength: 1, maxLength: 4 }))
    .map(([file, mutations]) => mutations.reduce((bytes, mutate) => mutate(bytes), file));
}

/** Text with one to four changes. */
export function mutatedText(texts: readonly string[]): fc.Arbitrary<string> {
  return mutated(texts.map((text) => new TextEncoder().encode(text)))
    .map((bytes) => new TextDecoder().decode(bytes));
}
