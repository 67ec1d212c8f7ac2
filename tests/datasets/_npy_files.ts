/** The bytes of a NumPy file of a table of float64, as NumPy writes it. */
export function npyBytes(
  count: number,
  dim: number,
  values: readonly number[],
): Uint8Array<ArrayBuffer> {
  return npyOf(
    `{'descr': '<f8', 'fortran_order': False, 'shape': (${count}, ${dim}), }`,
    new Uint8Array(Float64Array.from(values).buffer),
  );
}

/** The same with any header and any elements. */
export function npyOf(
  dictionary: string,
  elements: Uint8Array,
  major = 1,
): Uint8Array<ArrayBuffer> {
  const start = major === 1 ? 10 : 12;
  const padded = dictionary.padEnd(
    Math.ceil((start + dictionary.length + 1) / 64) * 64 - start - 1,
  );
  const header = new TextEncoder().encode(padded + "\n");
  const bytes = new Uint8Array(start + header.length + elements.length);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), major, 0]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(header, start);
  bytes.set(elements, start + header.length);
  return bytes;
}
