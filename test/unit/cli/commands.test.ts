// The commands within this process, where line coverage sees them; test/e2e runs them as their users do.
import type { EventEmitter } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { csvOf, labelNames, temporaryFolder, tinyDataset, tinySource } from "../training/tiny-run.js";

const { argv } = process;
/** Where the main module listens: a process has one, and this one loads it many times. */
const listened: readonly (readonly [EventEmitter, string])[] = [
  [process, "SIGINT"],
  [process, "SIGTERM"],
  [process, "SIGHUP"],
  [process.stdout, "error"],
  [process.stderr, "error"],
];
const before = listened.map(([emitter, event]) => emitter.listeners(event));

afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
});

/** Takes away the listeners that the main module added. */
function forget(): void {
  for (const [i, [emitter, event]] of listened.entries()) {
    for (const listener of emitter.listeners(event)) {
      if (!before[i]!.includes(listener)) emitter.off(event, listener as () => void);
    }
  }
}

/** Runs `tagformer` by loading its main module. */
async function tagformer(...args: string[]) {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text, done) => {
      written[name] += text;
      if (typeof done === "function") (done as () => void)();
      return true;
    }),
  );
  process.argv = ["node", "tagformer", ...args];
  vi.resetModules();
  try {
    await import("../../../src/cli/main.js");
  } finally {
    for (const spy of spies) spy.mockRestore();
    forget();
  }
  return { status: process.exitCode ?? 0, ...written };
}

describe("the commands", () => {
  it("train, evaluate and predict with one model directory", async () => {
    const folder = temporaryFolder();
    const table = join(folder, "tickets.csv");
    const model = join(folder, "model");
    writeFileSync(table, csvOf(tinyDataset(100)));
    const source = [
      "--from-config",
      tinySource().config,
      "--epochs",
      "1",
      "--batch-size",
      "16",
      "--threads",
      "1",
    ];

    const trained = await tagformer("train", table, "--output", model, "--validation", table, ...source);
    expect(trained).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`The model is in ${model}: epoch 1 of 1 trained`),
    });
    expect(trained.stderr).toContain("100 rows to train on, 100 to validate on");

    const again = await tagformer("train", table, "--json", "--output", join(folder, "copy"), ...source);
    expect(JSON.parse(again.stdout)).toMatchObject({ reason: "finished", keptEpoch: 1 });

    const use = ["--model", model, "--threads", "1"];
    const evaluated = await tagformer("evaluate", table, ...use, "--mistakes", "1");
    expect(evaluated.status).toBe(0);
    expect(evaluated.stdout).toMatch(/rows +100\n(.*\n)*line \d+: \w+ is [01], predicted 0\.\d{3}: /);
    const figures = JSON.parse((await tagformer("evaluate", table, ...use, "--json")).stdout);
    expect(figures.metrics.rows).toBe(100);

    const predicted = await tagformer("predict", table, ...use);
    expect(predicted.stdout.split("\n")).toHaveLength(102);
    const out = join(folder, "predictions.json");
    const filed = await tagformer("predict", table, ...use, "--json", "--out", out);
    expect(filed).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("100 texts, ") });
    const predictions = JSON.parse(readFileSync(out, "utf8"));
    expect(predictions).toHaveLength(100);
    expect(Object.keys(predictions[99].scores)).toEqual(labelNames);
  });

  it("inspect a table and split it for training", async () => {
    const folder = temporaryFolder();
    const table = join(folder, "tickets.csv");
    const folds = join(folder, "folds.csv");
    writeFileSync(table, csvOf(tinyDataset(100)));

    const flags = ["--model", tinySource().tokenizer, "--max-lengths", "5,20"];
    const { status, stdout } = await tagformer("inspect", table, ...flags);
    expect(status).toBe(0);
    expect(stdout).toContain(`${table}: 100 rows, 3 labels\n`);
    expect(stdout).toMatch(/^texts that are empty: 0; that a row before has: \d+$/m);
    expect(stdout).toMatch(/^ids that a row before has: 0$/m);
    expect(stdout).toMatch(/^delivery +\d+ +\d+ +0 +\d+\.\d\d % +\d+\.\d$/m);
    expect(stdout).toMatch(/^ +\d+ +delivery, money$/m);
    expect(stdout).toMatch(/^tokens +\d\.\d{4} /m);
    expect(stdout).toMatch(/^20 +0 +0\.00 % +0\.00 %$/m);
    const found = JSON.parse((await tagformer("inspect", table, ...flags, "--json")).stdout);
    expect(found).toMatchObject({ rows: 100, droppedUnlabelled: 0, skippedRows: 0, tokens: { most: 10 } });

    const written = await tagformer(
      "split",
      table,
      "--folds",
      "4",
      "--split-method",
      "iterative",
      "--out",
      folds,
    );
    expect(written).toMatchObject({ status: 0, stdout: "" });
    expect(written.stderr).toMatch(/^ +fold 1 +fold 2 +fold 3 +fold 4\nrows( +25){4}\n/m);
    expect(written.stderr).toMatch(/^delivery( +\d+){4}$/m);
    expect(readFileSync(folds, "utf8").split("\n", 2)).toEqual([
      "id,fold",
      expect.stringMatching(/^r0,[1-4]$/),
    ]);
    const single = await tagformer("split", table);
    expect(single.stdout.split("\n").filter((line) => line.endsWith(",validation"))).toHaveLength(10);
    const parts = JSON.parse(
      (await tagformer("split", table, "--json", "--validation-split", "0.2")).stdout,
    ).parts;
    expect(parts.map(({ rows }: { rows: number }) => rows)).toEqual([80, 20]);

    const source = ["--from-config", tinySource().config, "--epochs", "1", "--threads", "1"];
    const split = ["--split-file", folds, "--fold", "3"];
    const trained = await tagformer("train", table, "--output", join(folder, "model"), ...source, ...split);
    expect(trained.stderr).toContain("75 rows to train on, 25 to validate on");
  });

  it("inspect a table of many labels: pairs as a list, the most frequent first", async () => {
    const table = join(temporaryFolder(), "tags.csv");
    const names = Array.from({ length: 30 }, (_, i) => `tag${i}`);
    // Each row has a label and the next; the first five rows have the second and third besides.
    const rows = names.slice(1).map((_, row) => {
      const set = (label: number) =>
        label === row || label === row + 1 || (row < 5 && [1, 2].includes(label));
      return [`text ${row}`, ...names.map((_, label) => Number(set(label)))].join(",");
    });
    writeFileSync(table, [["text", ...names].join(","), ...rows, ""].join("\n"));
    const { stdout } = await tagformer("inspect", table);
    expect(stdout).toContain(
      "rows in which two labels are set together: 35 of 435 pairs occur (--json has all)",
    );
    const [, first] = /the most frequent:\n(.*)\n/.exec(stdout)!;
    expect(first).toBe("  5  tag1, tag2");
    expect(stdout).toContain("give --model");
    const lines = stdout.replaceAll(table, "tags.csv").split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(120);
    const { cooccurrence } = JSON.parse((await tagformer("inspect", table, "--json")).stdout);
    expect(cooccurrence[1][2]).toBe(5);
  });

  it("refuse data that nothing can be learned from", async () => {
    const folder = temporaryFolder();
    const table = join(folder, "tickets.csv");
    writeFileSync(table, "text,a,b\none,1,-1\ntwo,0,-1\nthree,1,0,1\n");
    const flags = ["--labels", "a,b", "--on-bad-row", "skip", "--from-config", tinySource().config];
    const { status, stdout, stderr } = await tagformer(
      "train",
      table,
      "--output",
      join(folder, "model"),
      ...flags,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("skipped 1 row that could not be used:\n");
    expect(stderr).toMatch(
      /\ntagformer: .* cannot be trained on: label "b" is missing in every row; remove it\n$/,
    );
  });

  it("end in the status of their error", async () => {
    expect(await tagformer("predict", "nowhere.csv", "--model", "nowhere")).toMatchObject({
      status: 1,
      stdout: "",
    });
    expect(await tagformer("train", "x.csv", "--output", "x")).toMatchObject({ status: 2, stdout: "" });
    expect(await tagformer("evaluate")).toMatchObject({ status: 2, stdout: "" });
    expect(await tagformer("--help")).toMatchObject({ status: 0 });
  });
});
