// Pretrained models of every architecture, as they lie on the hub: without a head, or with the one of their pretraining.
// What is taken from them, initialised and left out is what transformers takes, initialises and leaves out.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { readSafetensors } from "../../src/model/safetensors.js";
import { loadModel, temporaryFolder } from "./models.js";
import { runPython } from "./python.js";
import { draws } from "./random-configs.js";

interface Answer {
  readonly missing: string[];
  readonly unexpected: string[];
}

const cases = Object.keys(draws).flatMap((modelType) =>
  [true, false].map((base) => ({
    name: base ? `${modelType} without a head` : `${modelType} with the head of its pretraining`,
    base,
    directory: join(temporaryFolder(), "pretrained"),
    classifier: join(temporaryFolder(), "classifier"),
    ...draws[modelType]!(generator(3, modelType)),
  })),
);
const answers = new Map<string, Answer>();

beforeAll(() => {
  const requests = cases.map(({ directory, classifier, config, base }) => ({
    directory,
    classifier,
    config,
    base,
  }));
  const all = runPython("pretrained.py", requests) as Answer[];
  for (const [i, answer] of all.entries()) answers.set(cases[i]!.name, answer);
});

describe.each(cases)("$name", ({ name, directory, classifier, labels }) => {
  it("is loaded as transformers loads it", async () => {
    const { missing, unexpected } = answers.get(name)!;
    await using model = await loadModel(directory, labels, { threads: 1 });
    const { initialised, ignored } = model.info;
    expect([...initialised].sort()).toEqual(missing);
    expect([...ignored].sort()).toEqual(unexpected);

    const file = join(classifier, "model.safetensors");
    const bytes = readFileSync(file).buffer;
    for (const { name: tensor, begin, end } of await readSafetensors(file)) {
      if (missing.includes(tensor)) continue;
      const theirs = new Float32Array(bytes.slice(begin, end));
      expect(await model.parameter(tensor), tensor).toEqual(theirs);
    }
  });
});
