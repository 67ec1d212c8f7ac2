import assert from "node:assert/strict";
import { type Dataset, loadDataset, type LoadOptions } from "../../datasets/mod.ts";
import { filePath, isFileName, slugOf } from "../../datasets/file_name.ts";
import { assertAllClose, TOLERANCES } from "../_assert.ts";
import { Rng } from "../../engine/rng.ts";
import { testWith } from "../_engine.ts";
import { inTemporaryFolder } from "../benchmarks/_cli.ts";
import { npyBytes } from "./_npy_files.ts";

/** Rows (i, 1000 + (7 i mod 40)), so that each is known by its first number. */
const table = Array.from({ length: 40 }, (_, i) => [i, 1_000 + (7 * i) % 40]);
const csv = "u,v\n" + table.map((row) => row.join(",")).join("\n") + "\n";

async function withFile(
  content: string | Uint8Array<ArrayBuffer>,
  run: (load: (options?: LoadOptions) => Promise<Dataset>, path: string) => Promise<void>,
  name = "a.csv",
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/${name}`;
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
    await run((options) => loadDataset(`file:${path}`, options), path);
  });
}

/** The rows of a split as they were in the file. */
function original(
  { splits, standardization }: Dataset,
  split: keyof Dataset["splits"],
): number[][] {
  const { values, count, dim } = splits[split];
  const { means, standardDeviations } = standardization!;
  return Array.from({ length: count }, (_, i) =>
    Array.from(
      values.subarray(i * dim, (i + 1) * dim),
      (x, j) => Math.round(x * standardDeviations[j]! + means[j]!),
    ));
}

testWith(["read", "write"], "loadDataset() splits the rows of a file 80, 10 and 10", async () => {
  await withFile(csv, async (load, path) => {
    const dataset = await load();
    const { splits, dim, levels, imageShape, entropyNats, logDensity, name } = dataset;
    assert.deepEqual([dim, levels, imageShape, entropyNats, logDensity], [
      2,
      null,
      null,
      null,
      null,
    ]);
    assert.equal(name, `file:${path}`);
    assert.deepEqual(
      [splits.train.count, splits.validation.count, splits.test.count],
      [32, 4, 4],
    );
    const rows = (["train", "validation", "test"] as const).flatMap((s) => original(dataset, s));
    assert.notDeepEqual(rows, table, "the rows are not shuffled");
    assert.deepEqual(rows.toSorted((a, b) => a[0]! - b[0]!), table);
  });
});

testWith(["read", "write"], "loadDataset() splits a file by seed and by counts", async () => {
  await withFile(csv, async (load) => {
    const [first, again, other] = [await load(), await load({ seed: 0 }), await load({ seed: 1 })];
    assert.equal(first.hash, again.hash);
    assert.notEqual(first.hash, other.hash);
    assert.notDeepEqual(original(first, "test"), original(other, "test"));
    const more = await load({ counts: { train: 36, validation: 2, test: 2 } });
    const less = await load({ counts: { train: 5, validation: 2, test: 2 } });
    assert.deepEqual(original(more, "test"), original(less, "test"));
    assert.deepEqual(original(more, "train").slice(0, 5), original(less, "train"));
    await assert.rejects(load({ counts: { train: 37, validation: 2, test: 2 } }), {
      name: "RangeError",
      message: /counts must add up to at most 40: current sum is 41$/,
    });
  });
});

testWith(
  ["read", "write"],
  "loadDataset() standardises a file by its training rows alone",
  async () => {
    await withFile(csv, async (load) => {
      const { splits: { train, test }, standardization } = await load();
      for (const [rows, isExact] of [[train, true], [test, false]] as const) {
        for (const column of [0, 1]) {
          const x = Array.from({ length: rows.count }, (_, i) => rows.values[2 * i + column]!);
          const mean = x.reduce((a, b) => a + b) / x.length;
          const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
          if (isExact) assertAllClose([mean, variance], [0, 1], TOLERANCES.rounding);
          else assert.ok(Math.abs(mean) > 1e-3 && Math.abs(variance - 1) > 1e-3);
        }
      }
      assert.ok(Math.abs(standardization!.means[1]! - 1_020) < 3);
      assert.ok(Math.abs(standardization!.standardDeviations[1]! - 11.5) < 2);
    });
  },
);

testWith(
  ["read", "write"],
  "loadDataset() refuses a column that follows linearly from those before it",
  async () => {
    const normal = new Rng(1).normal(800);
    const with_ = (columns: (a: number, b: number, row: number) => number[], count = 400) =>
      Array.from({ length: count }, (_, i) => columns(normal[2 * i]!, normal[2 * i + 1]!, i).join())
        .join("\n");
    const refused: [string, string][] = [
      [with_((a, b) => [a, b, a]), "3"],
      [with_((a, b) => [a, 5 + 1e6 * a, b]), "2"],
      [with_((a, b) => [a, b, 1e-3 * a - 7 * b + 40]), "3"],
      ["u,v,w\n" + with_((a, b) => [a, b, a + b].map((x) => Number(x.toPrecision(7)))), '"w"'],
    ];
    for (const [content, column] of refused) {
      await withFile(content, async (load) => {
        await assert.rejects(load(), {
          name: "SyntaxError",
          message: new RegExp(`column ${column} must not follow linearly from those before it`),
        });
      });
    }
    const taken = [
      with_((a, b) => [a, b, a * b]),
      with_((a, b) => [a, b, a + 1e-3 * normal[Math.floor(Math.abs(799 * Math.sin(b)))]!]),
      // Alike over the rows that are looked at first, if these are not the two that differ.
      with_((a, _, i) => [a, Number(i % 100 === 7), Number(i % 100 === 7 || i % 100 === 8)]),
      // Fewer rows to train than columns: all of them follow.
      with_((a, b, i) => Array.from({ length: 30 }, (_, k) => Math.sin(a + k * b + i * k)), 20),
    ];
    for (const content of taken) await withFile(content, async (load) => void await load());
  },
);

testWith(["read", "write"], "loadDataset() reads the same from CSV and NumPy", async () => {
  await withFile(csv, async (load) => {
    const { hash } = await load();
    const bytes = npyBytes(40, 2, table.flat());
    await withFile(bytes, async (load) => assert.equal((await load()).hash, hash), "b.NPY");
  });
});

testWith(
  ["read", "write"],
  "loadDataset() refuses a file that cannot be used, and says why",
  async () => {
    const lines = (cells: (i: number) => string, count = 20) =>
      Array.from({ length: count }, (_, i) => cells(i)).join("\n");
    const cases: [string, RegExp][] = [
      ["", /^Cannot read .*a\.csv as it must have at least 20 rows: current count is 0$/],
      [lines(String, 19), /at least 20 rows: current count is 19$/],
      [lines((i) => `${i},x`), /as line 1, column 2 is no finite number: current value is "x"$/],
      [
        `u,v\n${lines((i) => `${i},0.1`)}`,
        /^Cannot standardise .*a\.csv as column "v" must vary over the training rows: all 16 are 0\.1$/,
      ],
      [lines((i) => `${i},7`), /as column 2 must vary over the training rows: all 16 are 7$/],
      [
        lines((i) => `1.${i % 7}e308`),
        /column 1 must have a standard deviation above 0 and finite.*Infinity$/,
      ],
      [lines((i) => `${i}e-320`), /column 1 must have a standard deviation above 0.*: it is 0$/],
    ];
    for (const [content, message] of cases) {
      await withFile(content, (load) =>
        assert.rejects(load(), (error: Error) => {
          assert.equal(error.name, "SyntaxError");
          assert.match(error.message, message);
          return true;
        }));
    }
    // One row in the test set is far from the training rows.
    await withFile(csv, async (load, path) => {
      const [far] = original(await load(), "test");
      await Deno.writeTextFile(path, csv.replace(`\n${far![0]},`, "\n1e300,"));
      await assert.rejects(load(), {
        message: /column "u" has 1e\+300 beside training rows of mean /,
      });
      await assert.rejects(loadDataset(`file:${path}.csv`), {
        name: "Error",
        message: `Cannot open ${path}.csv as there is no such file`,
      });
    });
  },
);

Deno.test("filePath() takes paths that are safe in a list, a table and a line", () => {
  for (const name of ["file:a.csv", "file:../a b.NPY", "file:/x/ü'$(rm).csv", "file:C:\\a.csv"]) {
    assert.ok(isFileName(name));
    assert.equal(filePath(name), name.slice(5));
  }
  for (const name of ["moons", "", "files.csv", "File:a.csv"]) assert.equal(filePath(name), null);
  const refused = [
    "",
    ".csv.gz",
    "a.txt",
    "a,b.csv",
    "a|b.csv",
    "a\nb.csv",
    " a.csv",
    "a\u202e.csv",
  ];
  for (const path of [...refused, "a\0.csv", `${"a".repeat(300)}.csv`]) {
    assert.throws(() => filePath(`file:${path}`), {
      name: "RangeError",
      message:
        /^Cannot use a file as a data set as its name must be .*: current value is "file:.*"$/,
    });
  }
});

Deno.test("slugOf() is safe in the name of a file, and says which file", () => {
  assert.equal(slugOf("moons"), "moons");
  assert.equal(slugOf("file:../../x/power plant.csv"), "file_power_plant");
  assert.equal(slugOf("file:C:\\data\\a.b.npy"), "file_a_b");
  assert.equal(slugOf("file:../..csv"), "file__");
  for (
    const name of [
      "file:'; rm -rf ~.csv",
      `file:${"ü/".repeat(90)}.npy`,
      "file:a" + "b".repeat(200) + ".csv",
    ]
  ) {
    assert.match(slugOf(name), /^file_\w{0,40}$/);
  }
});
