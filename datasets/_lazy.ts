/** A function that computes its value at the first call and remembers it. */
export function lazy<Value>(compute: () => Value): () => Value {
  let memo: { readonly value: Value } | undefined;
  return () => (memo ??= { value: compute() }).value;
}
