// Exported modules in Python: every architecture, at batch sizes and lengths that the tracer never saw.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { saveModelDirectory } from "../../src/model/save.js";
import { NativeModel } from "../../src/native/model.js";
import type { ExportCheck } from "../../src/native/types.js";
import { testDevice } from "../test-device.js";
import { note } from "./figures.js";
import { largestDifference, randomBatch, temporaryFolder, training } from "./models.js";
import { runPython } from "./python.js";
import { draws } from "./random-configs.js";

interface Answer {
  readonly logits: number[][];
  readonly theirs: number[][];
  readonly evaluates: number[];
  readonly names: boolean;
  readonly files: Record<string, string>;
  readonly trainable: boolean;
}

type Rows = number[][];
interface PaddedBatch {
  readonly ids: Rows;
  readonly mask: Rows | null;
  readonly types: Rows | null;
}

const seed = 31;
/** Configurations of each architecture: what is traced depends on many of their fields. */
const each = 3;

/** Our export of a random model, and batches for it. */
class Exported {
  readonly file = join(temporaryFolder(), "model.pt");
  readonly directory = join(temporaryFolder(), "model");
  readonly batches: PaddedBatch[];
  /** Our logits of the ragged form of the batches. */
  readonly ours: Float32Array[] = [];
  check!: ExportCheck;
  answer!: Answer;
  readonly #lengths: readonly (readonly number[])[];
  readonly #drawn;

  constructor(
    readonly modelType: string,
    readonly name: string,
  ) {
    this.#drawn = draws[modelType]!(generator(seed, name));
    const { vocabulary, maxLength } = this.#drawn;
    const longest = Math.min(maxLength, 40);
    this.#lengths = [[longest, 1, 5], [7], [3, 3, 8, 2, 1, 6]].map((lengths) =>
      lengths.map((length) => Math.min(length, longest)),
    );
    const random = generator(seed, `${name} ids`);
    // Never the padding token: in RoBERTa it has a position of its own.
    const token = () => 4 + random.below(vocabulary - 4);
    this.batches = this.#lengths.map((lengths, i) => {
      const width = Math.max(...lengths);
      const rows = (value: (used: boolean) => number) =>
        lengths.map((length) =>
          Array.from({ length: width }, (_, at) => value(this.#used(at, length, width))),
        );
      const types = this.#drawn.types > 0 && i < 2;
      return {
        ids: rows((used) => (used ? token() : this.#padding)),
        mask: i === 1 ? null : rows((used) => Number(used)),
        types: types ? rows((used) => (used ? random.below(this.#drawn.types) : 0)) : null,
      };
    });
  }

  /** transformers' XLNet reads the last token, and so must be padded on the left; an exported one need not. */
  #used(at: number, length: number, width: number): boolean {
    return this.modelType === "xlnet" ? at >= width - length : at < length;
  }

  get #padding(): number {
    const { pad_token_id } = this.#drawn.config;
    return typeof pad_token_id === "number" ? pad_token_id : 0;
  }

  async make(): Promise<void> {
    const { config: drawn, labels } = this.#drawn;
    // As large as in model_reference.py. With 0.3, PyTorch's own fp32 is further than 1e-5 from its fp64.
    const config = { ...drawn, initializer_range: 0.15 };
    await using model = await NativeModel.load({
      config,
      labels,
      tensors: [],
      seed: 4,
      precision: "fp32",
      threads: 1,
      device: testDevice,
    });
    // A few steps, so that no bias is zero any more.
    const run = await model.startTraining({ ...training, learningRate: 0.02 });
    const batch = randomBatch([4, 6], { vocabulary: this.#drawn.vocabulary, labels, seed });
    for (let i = 0; i < 3; i++) await run.step([batch]);
    await saveModelDirectory(this.directory, {
      config,
      labelNames: Array.from({ length: labels }, (_, i) => `label ${i}`),
      tagformer: {},
      writeTokenizer: async () => {},
      writeWeights: (file) => model.save(file),
    });
    this.check = await model.exportTorchScript(this.file, { "config.json": JSON.stringify(config) });
    for (const [i, lengths] of this.#lengths.entries())
      this.ours.push(await model.predict(this.#ragged(i, lengths)));
  }

  #ragged(index: number, lengths: readonly number[]) {
    const { ids, types } = this.batches[index]!;
    const width = Math.max(...lengths);
    const pick = (rows: Rows) =>
      Int32Array.from(
        lengths.flatMap((length, row) => rows[row]!.filter((_, at) => this.#used(at, length, width))),
      );
    const offsets = Int32Array.from([0, ...lengths]);
    for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
    return { ids: pick(ids), offsets, ...(types && { types: pick(types) }) };
  }
}

const exported = Object.keys(draws).flatMap((modelType) =>
  Array.from({ length: each }, (_, i) => new Exported(modelType, `${modelType} ${i}`)),
);

beforeAll(async () => {
  for (const one of exported) await one.make();
  const answers = runPython(
    "torchscript.py",
    exported.map(({ file, directory, batches }) => ({ file, directory, batches })),
  ) as Answer[];
  for (const [i, one] of exported.entries()) one.answer = answers[i]!;
});

describe.each(exported)("an exported $name", (one) => {
  it("was compared with its model before it was called done", () => {
    expect(one.check.difference).toBeLessThan(1e-5);
    expect(one.check).toMatchObject({ texts: 8, shortest: 1 });
  });

  it("has our logits and transformers' in Python, at sizes never traced", () => {
    for (const [i, logits] of one.answer.logits.entries()) {
      const torchscript = largestDifference(logits, one.ours[i]!);
      expect(torchscript, `batch ${i}`).toBeLessThan(1e-5);
      note(one.modelType, { torchscript });
      expect(largestDifference(logits, one.answer.theirs[i]!), `batch ${i}`).toBeLessThan(1e-5);
    }
  });

  it("has transformers' parameter names, trains there, holds its config, and drops nothing", () => {
    expect(one.answer).toMatchObject({
      names: true,
      trainable: true,
      files: { "config.json": one.modelType },
    });
    expect(largestDifference(one.answer.evaluates, one.answer.logits[0]!)).toBeLessThan(1e-6);
  });
});

it("is refused for a model in bf16, and leaves no file", async () => {
  const { config, labels } = draws.bert!(generator(seed, "bf16"));
  await using model = await NativeModel.load({
    config,
    labels,
    tensors: [],
    seed: 4,
    precision: "bf16",
    threads: 1,
    device: testDevice,
  });
  const folder = temporaryFolder();
  const exporting = model.exportTorchScript(join(folder, "model.pt"));
  await expect(exporting).rejects.toMatchObject({ code: "INVALID_OPTION" });
  expect(readdirSync(folder)).toEqual([]);
});

it("says when the file cannot be written", async () => {
  const { config, labels } = draws.bert!(generator(seed, "unwritable"));
  await using model = await NativeModel.load({
    config,
    labels,
    tensors: [],
    seed: 4,
    precision: "fp32",
    threads: 1,
    device: testDevice,
  });
  const file = join(temporaryFolder(), "missing", "model.pt");
  await expect(model.exportTorchScript(file)).rejects.toMatchObject({ code: "IO" });
  expect(existsSync(file)).toBe(false);
});
