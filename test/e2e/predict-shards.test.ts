// Predictions in parts: --shard, --processes, --skip-existing, several tables.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, expect, it } from "vitest";
import { csvOf, labelNames, temporaryFolder } from "../unit/training/tiny-run.js";
import { tagformer, write } from "./command.js";
import { type Trained, trained } from "./trained.js";

let model: Trained;
let whole: string[][];
beforeAll(async () => {
  model = await trained(50);
  whole = parse((await tagformer(["predict", model.table, ...model.flags])).stdout) as string[][];
});

const rowsIn = (folder: string, name: string) => parse(readFileSync(join(folder, name))) as string[][];

it("--shard writes every n-th row into a file that has the part in its name", async () => {
  const folder = temporaryFolder();
  for (const index of [0, 1, 2]) {
    const args = ["--shard", `${index}/3`, "--out", join(folder, "out.csv")];
    expect((await tagformer(["predict", model.table, ...model.flags, ...args])).status).toBe(0);
    const [header, ...rows] = rowsIn(folder, `out-0000${index}-of-00003.csv`);
    expect(header).toEqual(whole[0]);
    expect(rows).toEqual(whole.slice(1).filter((_, i) => i % 3 === index));
  }
});

it("--processes writes the parts side by side; with --skip-existing only those that are missing", async () => {
  const folder = temporaryFolder();
  const args = ["predict", model.table, ...model.flags, "--out", join(folder, "out.csv"), "--processes", "2"];
  const { status, stderr } = await tagformer(args);
  expect({ status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^\[1\/2\] 25 texts/m),
  });
  const parts = ["out-00000-of-00002.csv", "out-00001-of-00002.csv"];
  expect(readdirSync(folder)).toEqual(parts);
  expect(parts.flatMap((part) => rowsIn(folder, part).slice(1)).toSorted()).toEqual(
    whole.slice(1).toSorted(),
  );

  rmSync(join(folder, parts[0]!));
  write(join(folder, parts[1]!), "kept");
  const again = await tagformer([...args, "--skip-existing"]);
  expect(again.status).toBe(0);
  expect(again.stderr).toMatch(/^\[1\/2\] .*out-00001-of-00002\.csv is there already: nothing to do$/m);
  expect(rowsIn(folder, parts[0]!)).toHaveLength(26);
  expect(readFileSync(join(folder, parts[1]!), "utf8")).toBe("kept");
});

it("--processes names the parts that failed, and keeps the others", async () => {
  const folder = temporaryFolder();
  const bad = write(join(temporaryFolder(), "bad.csv"), `${csvOf(model.data)}one,cell,too,many,of,them\n`);
  const args = [
    "predict",
    model.table,
    bad,
    ...model.flags,
    "--out",
    join(folder, "out.csv"),
    "--processes",
    "2",
  ];
  const { status, stderr } = await tagformer(args);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^\[1\/2\] tagformer: .*bad\.csv, line 52: expected 5 cells/m);
  expect(stderr).toMatch(/^tagformer: 1 of 2 parts failed.*out-00001-of-00002\.csv not written/m);
  expect(readdirSync(folder)).toEqual(["out-00000-of-00002.csv"]);
});

it("several tables are one, with a column that names the file; shards deal them whole", async () => {
  const other = write(join(temporaryFolder(), "other.csv"), csvOf(model.data));
  const command = ["predict", model.table, other, ...model.flags];
  const [header, ...rows] = parse((await tagformer(command)).stdout) as string[][];
  expect(header).toEqual(["file", "id", "labels", ...labelNames]);
  expect(rows.map(([file]) => basename(file!))).toEqual([
    ...Array.from({ length: 50 }, () => "data.csv"),
    ...Array.from({ length: 50 }, () => "other.csv"),
  ]);
  const second = parse((await tagformer([...command, "--shard", "1/2"])).stdout) as string[][];
  expect(second).toEqual([header, ...rows.slice(50)]);
  const json = JSON.parse((await tagformer([...command, "--json"])).stdout) as { file: string; id: string }[];
  expect(json.map(({ file, id }) => [file, id])).toEqual(rows.map(([file, id]) => [file, id]));
});

it.each<[string[], RegExp]>([
  [["--processes", "2"], /--processes writes a file for each part; name them with --out/],
  [["--processes", "2", "--shard", "0/2", "--out", "x.csv"], /leave --shard out/],
  [["--processes", "0", "--out", "x.csv"], /--processes is 0/],
  [["--skip-existing"], /name it with --out/],
  [["--shard", "2/2"], /from 0 to 1/],
])("%j is refused", async (flags, message) => {
  const { status, stdout, stderr } = await tagformer(["predict", model.table, ...model.flags, ...flags]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(message);
});
