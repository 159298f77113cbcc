// TorchScript modules in the engine: what they compute, how they train, and what is refused in a process of its own.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { checkTorchScriptFile } from "../../src/model/torchscript/check.js";
import { type TrialLimits, tryTorchScript } from "../../src/model/torchscript/trial-load.js";
import { vetTorchScript } from "../../src/model/torchscript/vet.js";
import { NativeModel } from "../../src/native/model.js";
import {
  archive,
  bagOfWords,
  code,
  labels,
  parts,
  pickle,
  weights,
} from "../unit/model/torchscript/module.mjs";
import { freshModel } from "./tiny-bert.js";

const folder = mkdtempSync(join(tmpdir(), "tagformer-torchscript-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = { model_type: "torchscript", pad_token_id: 0 };
const batch = {
  ids: Int32Array.from([1, 2, 3, 4]),
  offsets: Int32Array.from([0, 1, 4]),
  labels: Float32Array.from([1, 0, 0, 1]),
};
const options = {
  learningRate: 0.1,
  schedule: "constant",
  warmupSteps: 0,
  totalSteps: 20,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 0,
  seed: 1,
  dropout: true,
} as const;

let written = 0;
function write(source: string): string {
  const file = join(folder, `${written++}.pt`);
  writeFileSync(file, archive(parts(source)));
  return file;
}

const load = (script: string) =>
  NativeModel.load({ config, labels, tensors: [], script, seed: 1, precision: "fp32", threads: 1 });

async function losses(model: NativeModel, steps: number): Promise<number[]> {
  const run = await model.startTraining(options);
  const all: number[] = [];
  for (let i = 0; i < steps; i++) all.push((await run.step([batch])).loss);
  return all;
}

/** The bag of words, in plain numbers. */
function expected(): number[] {
  const sum = (ids: readonly number[], label: number) =>
    ids.reduce((total, id) => total + weights[id * labels + label]!, 0);
  return [[1], [2, 3, 4]].flatMap((ids) => [0, 1].map((label) => sum(ids, label)));
}

describe("a TorchScript module", () => {
  it("computes padded rows, without the dropout that tracing fixed", async () => {
    const file = write(code());
    expect(await vetTorchScript(file, config, true, undefined)).toEqual({ outputs: labels });
    await using model = await load(file);
    const logits = await model.predict(batch);
    for (const [i, value] of expected().entries()) expect(logits[i]).toBeCloseTo(value, 5);
    expect(await model.parameter("weight")).toEqual(weights);
    expect(model.info).toMatchObject({ parameters: weights.length, vocabularySize: 8, notes: [] });
  });

  it("trains with dropout, the same every time, also while another one trains", async () => {
    const file = write(code());
    await using model = await load(file);
    const alone = await losses(model, 20);
    expect(alone.at(-1)).toBeLessThan(alone[0]!);
    await using first = await load(file);
    await using second = await load(file);
    expect(await Promise.all([losses(first, 20), losses(second, 20)])).toEqual([alone, alone]);
  });

  it("is saved as a file that passes the check and gives the same scores", async () => {
    await using model = await load(write(code()));
    await losses(model, 3);
    const saved = join(folder, "saved.pt");
    await model.save(saved);
    await checkTorchScriptFile(saved);
    await using copy = await load(saved);
    expect(await copy.predict(batch)).toEqual(await model.predict(batch));
  });

  it("ends early when it is asked to, in the middle of a run", async () => {
    const script = write(
      // Without end for anybody who waits: a load that is not stopped shows as a test that hangs.
      code(["for i in range(1000000000000):", "  weight = torch.mul(weight, 1.)", ...bagOfWords]),
    );
    const controller = new AbortController();
    const spec = { config, labels, tensors: [], script, seed: 1, precision: "fp32", threads: 1 } as const;
    const loading = NativeModel.load(spec, { signal: controller.signal });
    await setTimeout(500);
    controller.abort();
    await expect(loading).rejects.toThrow(/aborted/);
  });

  it("is refused when it takes or gives something else", async () => {
    await expect(load(write(code(["return weight"])))).rejects.toThrow(
      /returned a tensor of shape \[8, 2\] for 2 texts/,
    );
    await expect(load(write(code(["return torch.sum(weight)"])))).rejects.toThrow(/expected logits/);
    await expect(
      load(write(code().replace("attention_mask: Tensor)", "attention_mask: Tensor, b: Tensor, c: Tensor)"))),
    ).rejects.toThrow(/takes 4 inputs/);
    await expect(load(write(code(["return torch.embedding(weight, attention_mask + 100)"])))).rejects.toThrow(
      /failed: index out of range/,
    );
    await expect(
      NativeModel.load({
        config,
        labels: 3,
        tensors: [],
        script: write(code()),
        seed: 1,
        precision: "fp32",
        threads: 1,
      }),
    ).rejects.toThrow(/gives 2 scores a text, but there are 3 labels/);
  });
});

describe("a module that returns probabilities", () => {
  const before = bagOfWords.slice(0, -1);
  const logits = "torch.sum(torch.mul(x0, mask), [1])";
  const refusal = (operator: string) =>
    new RegExp(
      `returns what went through aten::${operator}; expected logits.*make forward return the values`,
    );
  const returning = (...lines: string[]) => code([...before, `y = ${logits}`, ...lines]);
  const giving = (type: string, source: string) => source.replace("-> Tensor", `-> ${type}`);

  it.each([
    ["a sigmoid", "sigmoid", returning("return torch.sigmoid(y)")],
    ["a softmax", "softmax", returning("return torch.softmax(y, -1)")],
    ["logarithms of probabilities", "log_softmax", returning("return torch.log_softmax(y, -1)")],
    ["logarithms of a sigmoid", "log_sigmoid", returning("return torch.log_sigmoid(y)")],
    ["a sigmoid in place", "sigmoid_", returning("return torch.sigmoid_(y)")],
    ["what a sigmoid has changed", "sigmoid_", returning("z = torch.sigmoid_(y)", "return y")],
    [
      "a sigmoid in another shape and type",
      "sigmoid",
      returning("z = torch.to(torch.unsqueeze(torch.sigmoid(y), 1), 7)", "return torch.squeeze(z, 1)"),
    ],
    [
      "labels put together",
      "sigmoid",
      returning("a, b, = torch.chunk(y, 2, 1)", "return torch.cat([torch.sigmoid(a), torch.sigmoid(b)], 1)"),
    ],
    [
      "a tuple",
      "sigmoid",
      giving("Tuple[Tensor, Tensor]", returning("z = (torch.sigmoid(y), y)", "a, b, = z", "return (a, b)")),
    ],
    [
      "a dictionary",
      "softmax",
      giving("Dict[str, Tensor]", returning('return {"loss": y, "logits": torch.softmax(y, 1)}')),
    ],
    [
      "a sigmoid outside of training",
      "sigmoid",
      returning("if self.training:", "  z = y", "else:", "  z = torch.sigmoid(y)", "return z"),
    ],
    [
      "a sigmoid in each round of a loop",
      "sigmoid",
      returning("z = y", "for i in range(2):", "  z = torch.sigmoid(z)", "return torch.clamp(z, 0., 1.)"),
    ],
    [
      "what one of its methods makes",
      "sigmoid",
      `${returning("return (self).probabilities(y, )")}  def probabilities(self: __torch__.Bag,\n    y: Tensor) -> Tensor:\n    return torch.sigmoid(y)\n`,
    ],
  ])("is refused with how to mend it: %s", async (_, operator, source) => {
    await expect(tryTorchScript(write(source), config)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(refusal(operator)),
    });
    await expect(load(write(source))).rejects.toThrow(refusal(operator));
  });

  it.each([
    ["in a gate", returning("return torch.mul(y, torch.sigmoid(y))")],
    ["beside the logits", giving("Tuple[Tensor, Tensor]", returning("return (y, torch.sigmoid(y))"))],
    ["in weights of a sum", returning("return torch.sub(torch.matmul(torch.softmax(y, -1), y), 2)")],
  ])("is told from one that has a sigmoid %s", async (_, source) => {
    await using model = await load(write(source));
    expect(model.info.warnings).toEqual([]);
  });

  it("is judged by how its switches are set", async () => {
    const source = code(
      [...before, `y = ${logits}`, "if self.raw:", "  z = y", "else:", "  z = torch.sigmoid(y)", "return z"],
      ["raw : bool"],
    );
    const withSwitch = (raw: boolean) => {
      const file = join(folder, `switch-${raw}.pt`);
      writeFileSync(file, archive(parts(source, pickle({ flags: { raw } }))));
      return file;
    };
    await expect(load(withSwitch(false))).rejects.toThrow(refusal("sigmoid"));
    await using model = await load(withSwitch(true));
    expect(model.info.warnings).toEqual([]);
  });

  it("is warned of where only the scores show it", async () => {
    const odds = "torch.exp(y)";
    const file = write(returning(`return torch.div(${odds}, torch.add(${odds}, torch.ones_like(y)))`));
    await using model = await load(file);
    expect(model.info.warnings).toEqual([
      expect.stringMatching(/^all scores .* lie between 0 and 1: if they are probabilities/),
    ]);
  });
});

it.runIf(existsSync("/dev/full"))("a full disk is an error, and the model goes on", async () => {
  const full = { code: "IO", message: expect.stringMatching(/could not write \/dev\/full: No space left/) };
  await using model = await load(write(code()));
  const before = await model.predict(batch);
  await expect(model.save("/dev/full")).rejects.toMatchObject(full);
  expect(await model.predict(batch)).toEqual(before);
  await using native = await freshModel();
  await expect(native.exportTorchScript("/dev/full")).rejects.toMatchObject(full);
  await expect(native.save("/dev/full")).rejects.toMatchObject(full);
  await native.exportTorchScript(join(folder, "enough.pt"));
});

it("a module in half precision is refused with how to save it", async () => {
  const [, , ...others] = parts();
  const halves = [
    { name: "data/0", bytes: Buffer.alloc(2 * weights.length) },
    { name: "data.pkl", bytes: pickle({ storage: "Half" }) },
  ];
  const file = join(folder, "half.pt");
  writeFileSync(file, archive([...halves, ...others]));
  await expect(load(file)).rejects.toThrow(/weight as Half; expected .* module\.float\(\)/);
});

describe("the trial in a process of its own", () => {
  const owned = join(folder, "owned");
  const many = (line: string, count: number) => new Array<string>(count).fill(line);
  const cases: [what: string, body: string[], problem: RegExp][] = [
    ["writes a file", [`torch.save(weight, "${owned}")`, ...bagOfWords], /aten::save/],
    [
      "reads a file",
      ['weight = torch.add(weight, torch.sum(torch.from_file("/etc/hostname", False, 4)))', ...bagOfWords],
      /aten::from_file/,
    ],
    ["prints", ["print(weight)", ...bagOfWords], /prim::Print/],
    [
      "looks beside its tensors",
      ["weight = torch.add(weight, torch.sum(torch.as_strided(weight, [9], [1])))", ...bagOfWords],
      /aten::as_strided/,
    ],
    [
      "draws random numbers",
      ["weight = torch.add(weight, torch.sum(torch.rand([2])))", ...bagOfWords],
      /aten::rand/,
    ],
    ["changes its attributes", ["self.weight = torch.neg(weight)", ...bagOfWords], /prim::SetAttr/],
    ["has an endless loop", ["while True:", "  weight = torch.neg(weight)", ...bagOfWords], /while loop/],
    [
      "has too many operations",
      [...many("weight = torch.neg(weight)", 260_000), ...bagOfWords],
      /more than 250000 operations/,
    ],
    [
      "is nested beyond the parser",
      [`x = ${"(".repeat(100_000)}1${")".repeat(100_000)}`, ...bagOfWords],
      /./,
    ],
    [
      "takes all memory",
      ["weight = torch.add(weight, torch.sum(torch.ones([100000, 1000000])))", ...bagOfWords],
      /memory/,
    ],
    ["does not compile", ["x = torch.no_such_thing(weight)", ...bagOfWords], /no_such_thing/],
  ];

  it.each(cases)("refuses a module that %s", async (_, body, problem) => {
    const failure = await tryTorchScript(write(code(body)), config).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "INVALID_MODEL", message: expect.stringMatching(problem) });
    expect(existsSync(owned)).toBe(false);
  });

  it("ends a module that takes for ever", async () => {
    const sum = ["y = 0", "for i in range(1000000000000):", "  y = torch.add(y, i)"];
    const body = [
      ...sum,
      ...bagOfWords.slice(0, -1),
      "return torch.add(torch.sum(torch.mul(x0, mask), [1]), y)",
    ];
    const file = write(code(body));
    const trial = (limits: TrialLimits) => tryTorchScript(file, config, undefined, limits);
    await expect(trial({ seconds: 4, processorSeconds: 60 })).rejects.toThrow(/not loaded within 4 seconds/);
    // What holds when this process does not live to see it.
    await expect(trial({ seconds: 60, processorSeconds: 2 })).rejects.toThrow(/the processor's time/);
  });

  it("finds a file by the path that it was given, wherever the child works", async () => {
    const file = relative(process.cwd(), write(code()));
    expect(await vetTorchScript(file, config, true, undefined)).toEqual({ outputs: labels });
  });

  it("is not made without trust", async () => {
    await expect(vetTorchScript(write(code()), config, false, undefined)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/a program, which runs with your rights/),
    });
  });
});
