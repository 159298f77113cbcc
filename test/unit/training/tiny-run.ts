// What the tests of training and of the command line share: a BERT that trains in a second, and labels that it can learn.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { generator } from "../../../src/base/random.js";
import type { Dataset } from "../../../src/data/dataset.js";
import type { EndEvent, EpochEvent, TrainingEvent } from "../../../src/training/events.js";
import { Trainer, type TrainingRun } from "../../../src/training/trainer.js";
import { smallBert } from "../../fixtures/bert.mjs";

/** A label is set when its word is there. */
const labelWords = { delivery: "parcel", money: "refund", access: "login" };
export const labelNames = Object.keys(labelWords);

const otherWords = "the my a is was please help when will it today again very thanks hello and".split(" ");
const vocabulary = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ...otherWords,
  ...Object.values(labelWords),
];

const config = {
  ...smallBert,
  vocab_size: vocabulary.length,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 32,
  hidden_dropout_prob: 0.05,
  attention_probs_dropout_prob: 0.05,
};

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for the files of one test; removed at the end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tagformer-run-"));
  folders.push(folder);
  return folder;
}

/** Writes config.json and vocab.txt: all that a fresh model needs. */
export function tinySource(changes: Record<string, unknown> = {}): { config: string; tokenizer: string } {
  const tokenizer = join(temporaryFolder(), "source");
  mkdirSync(tokenizer);
  writeFileSync(join(tokenizer, "config.json"), JSON.stringify({ ...config, ...changes }));
  writeFileSync(join(tokenizer, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  return { config: join(tokenizer, "config.json"), tokenizer };
}

/** Texts of 2 to 8 words; the same ones for the same seed. */
export function tinyDataset(rows: number, seed = 1): Dataset & { readonly texts: readonly string[] } {
  const random = generator(seed, "tiny dataset");
  const texts: string[] = [];
  const labels = new Float32Array(rows * labelNames.length);
  for (let row = 0; row < rows; row++) {
    const words = Array.from(
      { length: 2 + random.below(4) },
      () => otherWords[random.below(otherWords.length)]!,
    );
    for (const [i, word] of Object.values(labelWords).entries()) {
      if (random.below(5) > 1) continue;
      words.push(word);
      labels[row * labelNames.length + i] = 1;
    }
    texts.push(random.shuffle(words).join(" "));
  }
  return { source: "tiny data", texts, labelNames, labels };
}

/** The dataset as a CSV file, with the columns id, text and one for each label. */
export function csvOf({ texts, labels, labelNames: names }: Dataset): string {
  const lines = Array.from(texts, (text, row) =>
    [`r${row}`, text, ...labels.subarray(row * names.length, (row + 1) * names.length)].join(","),
  );
  return `${["id", "text", ...names].join(",")}\n${lines.join("\n")}\n`;
}

/** Options with which the tiny model learns the tiny data in a fraction of a second. */
const quick = {
  preset: "plain" as const,
  epochs: 4,
  batchSize: 8,
  learningRate: 3e-3,
  threads: 1,
  report: false,
};

/** A run of the tiny model on 320 rows into a folder of its own. */
export function tinyRun(changes: Partial<TrainingRun> = {}): TrainingRun {
  return {
    ...tinySource(),
    ...quick,
    train: tinyDataset(320),
    output: join(temporaryFolder(), "model"),
    ...changes,
  } as TrainingRun;
}

export interface Finished {
  readonly events: readonly TrainingEvent[];
  readonly epochs: readonly EpochEvent[];
  readonly end: EndEvent;
}

/** Runs to the end; `onEvent` sees every event before the run goes on. */
export async function finish(
  run: TrainingRun,
  signal?: AbortSignal,
  onEvent: (event: TrainingEvent) => unknown = () => {},
): Promise<Finished> {
  const events: TrainingEvent[] = [];
  for await (const event of new Trainer(run).events({ signal })) {
    events.push(event);
    await onEvent(event);
  }
  const end = events.at(-1)!;
  if (end.type !== "end") throw new Error(`the last event is ${end.type}`);
  return { events, epochs: events.filter((event) => event.type === "epoch"), end };
}

/** Event types, one for each uninterrupted row of the same. */
export function outline(events: readonly TrainingEvent[]): string[] {
  return events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
}

/** The weights of a saved model, as they lie in its file. */
export function weightsOf(directory: string): Buffer {
  return readFileSync(join(directory, "model.safetensors"));
}

/** tagformer.json of a saved model. */
export function recordOf(directory: string) {
  return JSON.parse(readFileSync(join(directory, "tagformer.json"), "utf8"));
}

/** The error that an action ends in, checked to be one for users. */
export async function errorOf(action: () => unknown): Promise<TagformerError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof TagformerError) return error;
    throw error;
  }
  throw new Error("expected an error");
}
