// Models that transformers saved, predicted here; and models trained here, predicted by transformers: end to end, through
// its pipeline, so that whatever happens between a text and its scores counts.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { Classifier } from "../../src/classifier.js";
import type { Dataset } from "../../src/data/dataset.js";
import { Trainer } from "../../src/training/trainer.js";
import { temporaryFolder } from "./models.js";
import { runPython } from "./python.js";
import { draws } from "./random-configs.js";

/** Major versions of transformers. */
type Version = 4 | 5;
/** The probability of each label by name, of each text. */
type Scores = readonly Readonly<Record<string, number>>[];

const words =
  "the my a parcel is was late please help when will it arrive today again refund login fails".split(" ");
const texts = ["", "Refund!", "zebra 42", ...randomTexts(30, 7)];
const labelNames = ["delivery", "money", "access"];

function randomTexts(count: number, seed: number): string[] {
  const random = generator(seed, "texts of the pipelines");
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(9) }, () => words[random.below(words.length)]!).join(" "),
  );
}

function trainingRows(): Dataset {
  const random = generator(1, "labels of the pipelines");
  const labels = Float32Array.from({ length: 32 * labelNames.length }, () => random.below(2));
  return { source: "random rows", texts: randomTexts(32, 8), labelNames, labels };
}

/** A random configuration in which all texts have a place. */
function configOf(modelType: string): Record<string, unknown> {
  const { config } = draws[modelType]!(generator(11, modelType));
  return { ...config, ...("max_position_embeddings" in config && { max_position_embeddings: 128 }) };
}

async function ourScores(directory: string): Promise<Scores> {
  await using classifier = await Classifier.load(directory, { threads: 1 });
  return (await classifier.predict(texts)).map(({ scores }) => scores);
}

async function train(model: string, output: string, preset: "plain" | "seed"): Promise<void> {
  const options = { learningRate: 0.01, epochs: 1, validationSplit: 0, report: false, threads: 1 };
  for await (const _ of new Trainer({ model, output, preset, train: trainingRows(), ...options }));
}

function largestDifferenceOf(ours: Scores, theirs: Scores): number {
  expect(ours.map((one) => Object.keys(one).sort())).toEqual(theirs.map((one) => Object.keys(one).sort()));
  return Math.max(
    ...ours.flatMap((one, text) =>
      Object.entries(one).map(([label, score]) => Math.abs(score - theirs[text]![label]!)),
    ),
  );
}

/** Every architecture, saved by one version of transformers; what is trained from it here is read by others. */
export function describePipelines(writer: Version, readers: readonly Version[]): void {
  describe(`models saved by transformers ${writer}`, () => {
    const models = Object.keys(draws).map((modelType) => {
      const folder = temporaryFolder();
      const directory = join(folder, "saved");
      return { modelType, directory, trained: join(folder, "trained"), asSeed: join(folder, "as-seed") };
    });
    const theirs = new Map<string, Scores>();
    const theirsOf = (reader: Version, directory: string) => theirs.get(`${reader} ${directory}`)!;
    const ask = (reader: Version, requests: readonly { readonly directory: string }[]) => {
      const answers = runPython("pipelines.py", requests, reader) as Scores[];
      for (const [i, { directory }] of requests.entries()) theirs.set(`${reader} ${directory}`, answers[i]!);
    };

    beforeAll(async () => {
      const make = (modelType: string) => ({ config: configOf(modelType), seed: 5 });
      ask(
        writer,
        models.map(({ modelType, directory }) => ({ directory, texts, make: make(modelType) })),
      );
      for (const { directory, trained, asSeed } of models) {
        await train(directory, trained, "plain");
        await train(directory, asSeed, "seed");
      }
      for (const reader of readers) {
        const saved = models.flatMap(({ trained, asSeed }) => [trained, asSeed]);
        ask(
          reader,
          saved.map((directory) => ({ directory, texts })),
        );
      }
    });

    it.each(models)("are predicted here as there: $modelType", async ({ directory }) => {
      const difference = largestDifferenceOf(await ourScores(directory), theirsOf(writer, directory));
      expect(difference).toBeLessThan(1e-5);
    });

    describe.each(readers)("and trained here are predicted as here by transformers %i", (reader) => {
      it.each(models)("$modelType", async ({ trained, asSeed }) => {
        for (const directory of [trained, asSeed]) {
          const difference = largestDifferenceOf(await ourScores(directory), theirsOf(reader, directory));
          expect(difference, directory).toBeLessThan(1e-5);
        }
      });
    });
  });
}
