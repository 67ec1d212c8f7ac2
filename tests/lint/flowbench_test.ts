import assert from "node:assert/strict";
import plugin from "../../lint/flowbench.ts";

const lint = (source: string): string[] =>
  Deno.lint.runPlugin(plugin, "source.ts", source).map(({ id }) => id);

Deno.test("flowbench/no-ambient-random finds generators that no seed reaches", () => {
  for (const call of ["Math.random()", "tf.randomNormal([2])", "tf.multinomial(p, 3)"]) {
    assert.deepEqual(lint(call), ["flowbench/no-ambient-random"], call);
  }
  assert.deepEqual(lint("Math.log(2); rng.normal(3); tf.matMul(a, b);"), []);
});

Deno.test("flowbench/explicit-variables finds optimisers that would take every variable", () => {
  for (const call of ["optimizer.minimize(loss)", "tf.variableGrads(loss)"]) {
    assert.deepEqual(lint(call), ["flowbench/explicit-variables"], call);
  }
  assert.deepEqual(lint("optimizer.minimize(loss, true, v); tf.variableGrads(loss, v);"), []);
});

Deno.test("flowbench/no-encoded-path finds paths that a space in a folder's name breaks", () => {
  const url = 'new URL("a.ts", import.meta.url)';
  assert.deepEqual(lint(`const path = ${url}.pathname;`), ["flowbench/no-encoded-path"]);
  assert.deepEqual(lint(`fileURLToPath(${url}); new URL(request.url).pathname;`), []);
});
