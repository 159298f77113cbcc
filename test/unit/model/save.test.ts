import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { readModelDirectory } from "../../../src/model/directory.js";
import { replacedPath } from "../../../src/model/file-names.js";
import { lockDirectory } from "../../../src/model/lock.js";
import { checkSaveTarget, type ModelToSave, saveModelDirectory } from "../../../src/model/save.js";
import { temporaryDirectory, writeTensors } from "./files.js";

/** Makes the file operations of the code under test fail, from the armed one on. */
const faults = vi.hoisted(() => {
  let countdown = Number.POSITIVE_INFINITY;
  let left = 0;
  return {
    arm(operation: number, times: number) {
      countdown = operation;
      left = times;
    },
    disarm() {
      left = 0;
    },
    unused: () => countdown > 0,
    strike() {
      if (left === 0 || --countdown > 0) return;
      left--;
      throw new Error("EIO: i/o error");
    },
  };
});

vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  const faulty = (name: string, value: unknown) =>
    typeof value !== "function" || name === "constants"
      ? value
      : async (...parameters: unknown[]) => {
          faults.strike();
          return value(...parameters);
        };
  return Object.fromEntries(
    Object.entries(real).map(([name, value]) => [name, faulty(name, value)]),
  ) as never;
});

let parent: string;
let target: string;
beforeEach(() => {
  parent = temporaryDirectory();
  target = join(parent, "model");
});

function model(change: Partial<ModelToSave> = {}): ModelToSave {
  return {
    config: { model_type: "bert", hidden_size: 8 },
    labelNames: ["x", "y"],
    tagformer: { seed: 7 },
    writeTokenizer: (directory) => writeFile(join(directory, "tokenizer.json"), "{}"),
    writeWeights: async (file) => writeTensors(file, ["classifier.weight"]),
    ...change,
  };
}

const saved = (path = target) => JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
const files = ["config.json", "model.safetensors", "tagformer.json", "tokenizer.json"];

describe("saveModelDirectory", () => {
  it("writes what readModelDirectory reads, and nothing else", async () => {
    await saveModelDirectory(target, model());
    expect(readdirSync(parent)).toEqual(["model"]);
    expect(readdirSync(target)).toEqual(files);
    const read = await readModelDirectory(target);
    expect(read.labels).toEqual({ names: ["x", "y"], named: true });
    expect(read.tagformer).toEqual({ formatVersion: 1, seed: 7 });
    expect(read.tensors.map(({ name }) => name)).toEqual(["classifier.weight"]);
    expect(statSync(target).mode & 0o777).toBe(0o777 & ~process.umask());
  });

  it("keeps the config's fields, and sets those of a multi-label classifier", async () => {
    const config = {
      model_type: "bert",
      architectures: ["BertModel"],
      problem_type: "single_label_classification",
      id2label: { 0: "old" },
      label2id: { old: 0 },
      num_labels: 1,
      _num_labels: 1,
      torch_dtype: "float16",
      hidden_size: 8,
      a_field_of_tomorrow: [1, { two: null }],
    };
    await saveModelDirectory(target, model({ config, classifierClass: "BertForSequenceClassification" }));
    expect(saved()).toEqual({
      model_type: "bert",
      architectures: ["BertForSequenceClassification"],
      problem_type: "multi_label_classification",
      id2label: { 0: "x", 1: "y" },
      label2id: { x: 0, y: 1 },
      dtype: "float32",
      hidden_size: 8,
      a_field_of_tomorrow: [1, { two: null }],
    });
  });

  it("makes missing parents and takes an empty directory", async () => {
    const deep = join(parent, "a", "b");
    await saveModelDirectory(deep, model());
    expect(readdirSync(deep)).toEqual(files);
    mkdirSync(target);
    await saveModelDirectory(target, model());
    expect(readdirSync(target)).toEqual(files);
  });

  it("replaces a model of its own, and keeps what else lies there", async () => {
    await saveModelDirectory(target, model());
    writeFileSync(join(target, "README.md"), "mine");
    writeFileSync(join(target, "vocab.txt"), "of the old tokenizer");
    mkdirSync(join(target, "runs"));
    await saveModelDirectory(target, model({ labelNames: ["z"] }));
    expect(saved().id2label).toEqual({ 0: "z" });
    expect(readFileSync(join(target, "README.md"), "utf8")).toBe("mine");
    expect(readdirSync(target)).toEqual([...["README.md"], ...files.slice(0, 2), "runs", ...files.slice(2)]);
    expect(readdirSync(parent)).toEqual(["model"]);
  });

  it("follows a link to a model", async () => {
    await saveModelDirectory(target, model());
    const link = join(parent, "link");
    symlinkSync(target, link);
    await saveModelDirectory(link, model({ labelNames: ["z"] }));
    expect(saved().id2label).toEqual({ 0: "z" });
    expect(readdirSync(parent).sort()).toEqual(["link", "model"]);
  });

  it.each<[string, Partial<ModelToSave>]>([
    ["weights", { writeWeights: () => Promise.reject(new Error("no space left on device")) }],
    ["tokenizer", { writeTokenizer: () => Promise.reject(new Error("no space left on device")) }],
    ["config", { config: { model_type: "bert", size: 1n } }],
  ])("keeps the old model and no half of a new one when the %s cannot be written", async (_, change) => {
    await expect(saveModelDirectory(target, model(change))).rejects.toMatchObject({ code: "IO" });
    expect(readdirSync(parent)).toEqual([]);
    await saveModelDirectory(target, model());
    await expect(saveModelDirectory(target, model({ ...change, labelNames: ["z"] }))).rejects.toThrow(target);
    expect(readdirSync(parent)).toEqual(["model"]);
    expect(saved().id2label).toEqual({ 0: "x", 1: "y" });
  });

  it("goes on after a crash between its two renames", async () => {
    await saveModelDirectory(target, model());
    writeFileSync(join(target, "README.md"), "mine");
    renameSync(target, replacedPath(target));
    await saveModelDirectory(target, model({ labelNames: ["z"] }));
    expect(saved().id2label).toEqual({ 0: "z" });
    expect(readdirSync(target)).toContain("README.md");
    expect(readdirSync(parent)).toEqual(["model"]);
  });

  it("brings the old model back when the save after that crash fails too", async () => {
    await saveModelDirectory(target, model());
    renameSync(target, replacedPath(target));
    const fails = model({ writeWeights: () => Promise.reject(new Error("no space")) });
    await expect(saveModelDirectory(target, fails)).rejects.toThrow("no space");
    expect(saved().id2label).toEqual({ 0: "x", 1: "y" });
  });

  it("leaves behind what a killed write and an earlier, stopped run left in the old model", async () => {
    await saveModelDirectory(target, model());
    await saveModelDirectory(join(target, "last"), model());
    const id = "01234567-89ab-cdef-0123-456789abcdef";
    for (const name of [
      `tagformer.json.writing-${id}`,
      `.report.html.writing-01234567-12-${id}`,
      ".last.lock",
    ])
      writeFileSync(join(target, name), "half");
    mkdirSync(join(target, `.last.saving-${id}`));
    writeFileSync(join(target, "notes.writing-home.txt"), "mine");
    await saveModelDirectory(target, model({ labelNames: ["z"] }));
    expect(readdirSync(target)).toEqual([...files.slice(0, 2), "notes.writing-home.txt", ...files.slice(2)]);
  });

  it("keeps a directory named last that is no model", async () => {
    await saveModelDirectory(target, model());
    mkdirSync(join(target, "last"));
    await saveModelDirectory(target, model());
    expect(readdirSync(target)).toContain("last");
  });

  it("keeps the permissions of the directory that it replaces", async () => {
    await saveModelDirectory(target, model());
    chmodSync(target, 0o750);
    await saveModelDirectory(target, model());
    expect(statSync(target).mode & 0o777).toBe(0o750);
  });

  it("goes back after a crash before its exchange, and forward after one behind it", async () => {
    await saveModelDirectory(target, model());
    writeFileSync(join(target, "notes.txt"), "mine");
    const beside = join(parent, `.model.exchange-${statSync(target).ino}`);
    await saveModelDirectory(beside, model({ labelNames: ["unborn"] }));
    const before = join(parent, "before");
    cpSync(target, before, { recursive: true });
    await saveModelDirectory(target, model());
    expect(readdirSync(parent).sort()).toEqual(["before", "model"]);
    expect(saved().id2label).toEqual({ 0: "x", 1: "y" });
    // Now the old model has the name that says which one it is.
    const old = join(parent, `.model.exchange-${statSync(target).ino}`);
    renameSync(target, old);
    renameSync(before, target);
    rmSync(join(target, "notes.txt"));
    const fails = model({ writeWeights: () => Promise.reject(new Error("no space")) });
    await expect(saveModelDirectory(target, fails)).rejects.toThrow("no space");
    expect(readdirSync(parent)).toEqual(["model"]);
    expect(readFileSync(join(target, "notes.txt"), "utf8")).toBe("mine");
  });

  it("removes what a killed save left", async () => {
    mkdirSync(join(parent, ".model.saving-1234"));
    mkdirSync(join(parent, ".models.saving-1234"));
    await saveModelDirectory(target, model());
    expect(readdirSync(parent)).toEqual([".models.saving-1234", "model"]);
  });

  it("cleans up after a crash behind its second rename", async () => {
    await saveModelDirectory(target, model());
    mkdirSync(replacedPath(target));
    writeFileSync(join(replacedPath(target), "notes.txt"), "mine");
    writeFileSync(join(replacedPath(target), "config.json"), "{}");
    await saveModelDirectory(target, model());
    expect(readdirSync(parent)).toEqual(["model"]);
    expect(readFileSync(join(target, "notes.txt"), "utf8")).toBe("mine");
    expect(saved().hidden_size).toBe(8);
  });
});

describe("a save that fails at any of its file operations", () => {
  /** What a program finds: the model, or after a crash the directory that it is told to rename. */
  const labelsOf = async () => {
    const path = existsSync(target) ? target : replacedPath(target);
    return (await readModelDirectory(path)).labels.names;
  };

  it.each([
    ["once", 1],
    ["from then on, as after a crash", Number.POSITIVE_INFINITY],
  ])("leaves the old or the new model when they fail %s", async (_, times) => {
    await saveModelDirectory(target, model());
    writeFileSync(join(target, "README.md"), "mine");
    let operation = 1;
    for (let saved = false; !saved; operation++) {
      faults.arm(operation, times);
      saved = await saveModelDirectory(target, model({ labelNames: ["z"] })).then(
        () => faults.unused(),
        (error) => {
          expect(error).toMatchObject({ code: "IO" });
          return false;
        },
      );
      faults.disarm();
      if (times === 1) expect(existsSync(target)).toBe(true);
      expect([["x", "y"], ["z"]]).toContainEqual(await labelsOf());
      await saveModelDirectory(target, model());
      expect(readdirSync(parent)).toEqual(["model"]);
      expect(readFileSync(join(target, "README.md"), "utf8")).toBe("mine");
    }
    expect(operation).toBeGreaterThan(20);
  });
});

describe("checkSaveTarget", () => {
  const check = async (directory: string) => {
    await using lock = await lockDirectory(directory, "training");
    await checkSaveTarget(directory, lock);
  };

  it("refuses what tagformer did not write", async () => {
    mkdirSync(target);
    writeFileSync(join(target, "thesis.doc"), "");
    await expect(check(target)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(check(join(target, "thesis.doc"))).rejects.toThrow("is a file");
    await expect(saveModelDirectory(target, model())).rejects.toThrow("did not write");
    expect(readdirSync(target)).toEqual(["thesis.doc"]);
  });

  it("takes a place where nothing is yet, and leaves it so", async () => {
    await check(join(parent, "nothing", "below", "it"));
    expect(readdirSync(parent)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("refuses a place where nothing can be written", async () => {
    for (const place of ["/proc/model", "/sys/kernel/models/model"]) {
      await expect(check(place)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringMatching(new RegExp(`^cannot save a model to ${place}: .*choose another`)),
      });
    }
  });

  it("refuses a place below a file", async () => {
    writeFileSync(join(parent, "file"), "");
    await expect(check(join(parent, "file", "model"))).rejects.toMatchObject({ code: "IO" });
  });
});
