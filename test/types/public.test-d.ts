// The types as a user's editor sees them: of the declarations in dist, through the package's own name.

import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import fastify from "fastify";
import {
  type CallOptions,
  Classifier,
  type ClassifierEvaluation,
  checkDataset,
  classificationReport,
  type Dataset,
  type DatasetCheck,
  datasetFromRows,
  type EndEvent,
  type EpochEvent,
  type ErrorCode,
  type Evaluation,
  evaluate,
  type FieldOf,
  formatFindings,
  type InferenceOptions,
  type ModelOptions,
  ModelSlot,
  type Prediction,
  type ReadDatasetOptions,
  type ReadResult,
  type RowsOptions,
  readDataset,
  readTexts,
  type StartEvent,
  type StepEvent,
  selectRows,
  stratifiedSplit,
  type TableStream,
  TagformerError,
  type TextRow,
  Trainer,
  type TrainingEvent,
  type TrainingOptions,
  type TuningOptions,
  worstMistakes,
} from "tagformer";
import {
  type ModelList,
  type ModelServer,
  type ServeOptions,
  serveModels,
  type TagformerPluginOptions,
  tagformerPlugin,
} from "tagformer/serve";
import { describe, expectTypeOf, it } from "vitest";

declare const dataset: Dataset;
declare const classifier: Classifier;

describe("Classifier", () => {
  it("is loaded, never constructed", () => {
    expectTypeOf(Classifier.load).parameter(0).toBeString();
    expectTypeOf(Classifier.load).returns.resolves.toEqualTypeOf<Classifier>();
    // @ts-expect-error the constructor is private
    new Classifier();
  });

  it("gives one prediction for a text, and an array for an array", () => {
    expectTypeOf(classifier.predict("a")).resolves.toEqualTypeOf<Prediction>();
    expectTypeOf(classifier.predict(["a"])).resolves.toEqualTypeOf<Prediction[]>();
    expectTypeOf(classifier.predict(["a"] as const)).resolves.toEqualTypeOf<Prediction[]>();
    // @ts-expect-error a text is a string
    classifier.predict([1]);
  });

  it("gives dense scores", () => {
    expectTypeOf(classifier.probabilities(["a"])).resolves.toEqualTypeOf<Float32Array>();
    expectTypeOf(classifier.logits(["a"])).resolves.toEqualTypeOf<Float32Array>();
    expectTypeOf(classifier.probabilities).parameter(1).toEqualTypeOf<InferenceOptions | undefined>();
    expectTypeOf(classifier.evaluate(dataset)).resolves.toEqualTypeOf<ClassifierEvaluation>();
  });

  it("can be disposed of by hand or by await using", () => {
    expectTypeOf(classifier.dispose()).toEqualTypeOf<Promise<void>>();
    expectTypeOf(classifier).toExtend<AsyncDisposable>();
  });

  it("cannot be changed", () => {
    expectTypeOf(classifier.labels).toEqualTypeOf<readonly string[]>();
    // @ts-expect-error read-only
    classifier.maxLength = 3;
  });
});

describe("options", () => {
  it("are all optional, and typed one by one", () => {
    expectTypeOf<Record<never, never>>().toExtend<ModelOptions>();
    expectTypeOf<TrainingOptions["epochs"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<TrainingOptions["precision"]>().toEqualTypeOf<"fp32" | "bf16" | undefined>();
    expectTypeOf<TrainingOptions["dropout"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<TrainingOptions["schedule"]>().toEqualTypeOf<"linear" | "cosine" | "constant" | undefined>();
    expectTypeOf<TrainingOptions>().toExtend<ModelOptions>();
  });

  it("that are misspelt or of another kind are refused", () => {
    // @ts-expect-error batch_size is batchSize
    const misspelt: TrainingOptions = { batch_size: 32 };
    // @ts-expect-error a GPU is called cuda
    const gpu: ModelOptions = { device: "gpu" };
    const second: ModelOptions = { device: "cuda:1" };
    // @ts-expect-error one target
    const targets: TuningOptions = { targetPrecision: 0.9, targetRecall: 0.9 };
    const target: TuningOptions = { targetRecall: 0.9, temperature: "global" };
    expectTypeOf([gpu, second, targets, target]).toBeArray();
    // @ts-expect-error fp16 is no precision
    const other: ModelOptions = { precision: "fp16" };
    expectTypeOf([misspelt, other]).toBeArray();
  });
});

describe("Trainer", () => {
  it("starts from a model or from a config, not from nothing", () => {
    new Trainer({ model: "m", train: dataset, output: "o", epochs: 2 });
    new Trainer({ config: "c.json", tokenizer: "t", train: dataset, validation: dataset, output: "o" });
    // @ts-expect-error no model
    new Trainer({ train: dataset, output: "o" });
    // @ts-expect-error a model or a config, not both
    new Trainer({ model: "m", config: "c.json", train: dataset, output: "o" });
    // @ts-expect-error no output
    new Trainer({ model: "m", train: dataset });
  });

  it("yields events that `type` tells apart", () => {
    const trainer = new Trainer({ model: "m", train: dataset, output: "o" });
    expectTypeOf(trainer).toExtend<AsyncIterable<TrainingEvent>>();
    expectTypeOf(trainer.train).parameter(0).toEqualTypeOf<CallOptions | undefined>();
    expectTypeOf(trainer.train).returns.resolves.toEqualTypeOf<EndEvent>();
    expectTypeOf(trainer.events).parameter(0).toEqualTypeOf<CallOptions | undefined>();
    // @ts-expect-error: a signal is an option of the call
    void trainer.train(new AbortController().signal);
    expectTypeOf<Extract<TrainingEvent, { type: "step" }>>().toEqualTypeOf<StepEvent>();
    expectTypeOf<Extract<TrainingEvent, { type: "end" }>>().toEqualTypeOf<EndEvent>();
    expectTypeOf<EpochEvent["validation"]>().toEqualTypeOf<Evaluation | undefined>();
  });
});

describe("data", () => {
  it("is read into memory or streamed", () => {
    expectTypeOf<[string | TableStream, ReadDatasetOptions]>().toExtend<Parameters<typeof readDataset>>();
    expectTypeOf(readDataset("f")).resolves.toEqualTypeOf<ReadResult>();
    expectTypeOf<Readable>().toExtend<TableStream>();
    expectTypeOf<ReadableStream<Uint8Array>>().toExtend<TableStream>();
    expectTypeOf<AsyncGenerator<Buffer | string>>().toExtend<TableStream>();
    // @ts-expect-error objects are for datasetFromRows
    readDataset([{ text: "x" }], { format: "json" });
    expectTypeOf(readTexts("f")).toExtend<AsyncIterable<readonly TextRow[]>>();
  });

  it("is checked and split", () => {
    expectTypeOf(checkDataset(dataset)).toEqualTypeOf<DatasetCheck>();
    expectTypeOf(formatFindings(checkDataset(dataset))).toEqualTypeOf<string[]>();
    expectTypeOf(stratifiedSplit(dataset, { fraction: 0.1, seed: 1 }).train).toEqualTypeOf<Int32Array>();
    expectTypeOf(selectRows(dataset, Int32Array.of(0))).toEqualTypeOf<Dataset>();
  });
});

describe("datasetFromRows", () => {
  interface Ticket {
    readonly subject: string;
    readonly body: string | null;
    readonly tags: readonly string[];
    readonly scores: { readonly refund: number };
    readonly urgent: 0 | 1;
    readonly weight?: number;
    readonly created: Date;
  }
  const tickets: Ticket[] = [];

  it("takes rows of any iterable and gives what readDataset does", () => {
    expectTypeOf(datasetFromRows(tickets)).resolves.toEqualTypeOf<ReadResult>();
    expectTypeOf(datasetFromRows(new Set(tickets))).resolves.toEqualTypeOf<ReadResult>();
    datasetFromRows([{ text: "x", labels: ["a"] }]);
    datasetFromRows(
      (async function* () {
        yield { text: "x", a: 1 };
      })(),
      { labels: ["a"] },
    );
    // @ts-expect-error texts are no rows
    datasetFromRows(["x"]);
  });

  it("knows the fields of the rows, and what they hold", () => {
    datasetFromRows(tickets, {
      text: "subject",
      labels: "tags",
      weight: "weight",
      group: "created",
      id: "created",
    });
    datasetFromRows(tickets, { text: "body", labels: "scores" });
    datasetFromRows(tickets, { text: "body", labels: ["urgent"] });
    datasetFromRows(tickets, { text: "body", labels: ["refund", "delivery"], labelColumn: "tags" });
    // @ts-expect-error no such field
    datasetFromRows(tickets, { text: "subjekt" });
    // @ts-expect-error a list is no text
    datasetFromRows(tickets, { text: "tags" });
    // @ts-expect-error a text is no set of labels
    datasetFromRows(tickets, { labels: "urgent" });
    // @ts-expect-error no such option
    datasetFromRows(tickets, { label: "tags" });
    expectTypeOf<FieldOf<Ticket, string>>().toEqualTypeOf<"subject" | "body">();
  });

  it("takes any name where the type of a row does not say which fields it has", () => {
    const records: Record<string, unknown>[] = [];
    datasetFromRows(records, { text: "anything", labels: "else", weight: "w" });
    const options: RowsOptions<Record<string, unknown>> = { text: "anything", labels: ["a", "b"] };
    datasetFromRows(records, options);
  });
});

describe("label names", () => {
  type Label = "toxic" | "insult";
  const rows = [{ text: "x", toxic: 1, insult: 0 }];

  it("are those of the scores, where a program says them", async () => {
    const typed = await Classifier.load("m", { labels: ["toxic", "insult"] });
    expectTypeOf(typed).toEqualTypeOf<Classifier<Label>>();
    expectTypeOf(await Classifier.load<Label>("m")).toEqualTypeOf<Classifier<Label>>();
    expectTypeOf(typed.labels).toEqualTypeOf<readonly Label[]>();
    const prediction = await typed.predict("x");
    expectTypeOf(prediction.scores.toxic).toEqualTypeOf<number>();
    expectTypeOf(prediction.labels).toEqualTypeOf<readonly Label[]>();
    expectTypeOf((await typed.predict(["x"]))[0]).toEqualTypeOf<Prediction<Label> | undefined>();
    // @ts-expect-error no such label
    prediction.scores.toxik;
    // @ts-expect-error no such label
    typed.explain("x", { label: "toxik" });
    // @ts-expect-error no such label
    Classifier.load("m", { labels: ["toxic"], threshold: { toxik: 0.5 } });
  });

  it("go from the rows to the dataset, the training and the classifier", async () => {
    const { dataset: typed } = await datasetFromRows(rows, { labels: ["toxic", "insult"] });
    expectTypeOf(typed).toEqualTypeOf<Dataset<Label>>();
    expectTypeOf(selectRows(typed, Int32Array.of(0))).toEqualTypeOf<Dataset<Label>>();
    const named = ["toxic", "insult"] as const;
    expectTypeOf((await readDataset("f", { labels: named })).dataset).toEqualTypeOf<Dataset<Label>>();
    const trainer = new Trainer({ model: "m", train: typed, output: "o" });
    expectTypeOf<TrainingEvent<Label>>().toExtend<TrainingEvent>();
    for await (const event of trainer) {
      if (event.type === "start") expectTypeOf(event).toEqualTypeOf<StartEvent<Label>>();
    }
    const { labelNames: labels } = typed;
    expectTypeOf(await Classifier.load("o", { labels })).toEqualTypeOf<Classifier<Label>>();
    const slot = await ModelSlot.load("o", { labels });
    expectTypeOf((await slot.predict("x")).scores.insult).toEqualTypeOf<number>();
  });

  it("are texts for everybody else, and typed values go wherever those do", async () => {
    const plain = await Classifier.load("m", { threshold: { toxic: 0.3 } });
    expectTypeOf(plain).toEqualTypeOf<Classifier>();
    expectTypeOf((await plain.predict("x")).scores.toxic).toEqualTypeOf<number | undefined>();
    const names: string[] = [];
    expectTypeOf((await datasetFromRows(rows, { labels: names })).dataset).toEqualTypeOf<Dataset>();
    expectTypeOf((await readDataset("f")).dataset).toEqualTypeOf<Dataset>();
    expectTypeOf<Classifier<Label>>().toExtend<Classifier>();
    expectTypeOf<ModelSlot<Label>>().toExtend<ModelSlot>();
    expectTypeOf<Trainer<Label>>().toExtend<Trainer>();
    expectTypeOf<Dataset<Label>>().toExtend<Dataset>();
    const { dataset: typed } = await datasetFromRows(rows, { labels: ["toxic", "insult"] });
    new Trainer({ model: "m", train: typed, validation: dataset, output: "o" });
  });
});

describe("metrics", () => {
  it("take logits or probabilities", () => {
    const labels = new Float32Array(2);
    expectTypeOf(evaluate({ logits: labels }, labels, ["a"])).toEqualTypeOf<Evaluation>();
    expectTypeOf(worstMistakes({ probabilities: labels }, labels, ["a"], 5, [0.5])).toBeArray();
    expectTypeOf(classificationReport).parameter(0).toEqualTypeOf<Evaluation>();
    // @ts-expect-error plain arrays are no scores
    evaluate({ logits: [0, 1] }, labels, ["a"]);
  });
});

describe("TagformerError", () => {
  it("has a code that is one of a list", () => {
    const error = new TagformerError("IO", "gone");
    expectTypeOf(error).toExtend<Error>();
    expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
    // @ts-expect-error no such code
    new TagformerError("EIO", "gone");
  });
});

describe("tagformer/serve", () => {
  it("starts a server of models under names, with options of loading and serving", () => {
    const start = () => serveModels({ models: { tickets: "./a" }, port: 0, precision: "int8", log: "json" });
    expectTypeOf(start).returns.resolves.toEqualTypeOf<ModelServer>();
    expectTypeOf<ServeOptions["models"]>().toEqualTypeOf<ModelList>();
    expectTypeOf<ServeOptions["log"]>().toEqualTypeOf<"text" | "json" | "off" | undefined>();
    // @ts-expect-error there is no model to serve
    void (() => serveModels({ port: 0 }));
    // @ts-expect-error a misspelt option
    void (() => serveModels({ models: "./a", timeoutMS: 3 }));
  });

  it("has a server that can be awaited and disposed of", () => {
    expectTypeOf<ModelServer>().toExtend<AsyncDisposable>();
    expectTypeOf<ModelServer["drain"]>().returns.resolves.toBeBoolean();
  });

  it("is a plugin of fastify, whose prefix goes beside its options", () => {
    const app = fastify();
    void (() => app.register(tagformerPlugin, { models: ["./a", "./b"], prefix: "/classifier" }));
    expectTypeOf(tagformerPlugin).parameter(1).toEqualTypeOf<TagformerPluginOptions>();
    // @ts-expect-error options of a server of its own are not for a plugin
    void (() => app.register(tagformerPlugin, { models: "./a", port: 8080 }));
  });
});
