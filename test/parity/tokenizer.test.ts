import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RaggedBatch } from "../../src/text/batch.js";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { manyTexts } from "./many-texts.js";
import { miniLmDirectory, runPython } from "./python.js";

const shared = join(import.meta.dirname, "../../../shared/data");
const bertCased = join(shared, "tokenizers/bert-base-cased");
const roberta = join(shared, "tokenizers/roberta");
const xlnet = join(shared, "tokenizers/xlnet");

interface Case {
  readonly kind: "auto" | "bert" | "file";
  readonly directory: string;
  readonly options: Record<string, unknown>;
  readonly texts: string[];
  readonly maxLength: number;
  /** Where transformers saves the tokenizer too. */
  readonly saveTo?: string;
}

function rowsOf({ ids, offsets }: RaggedBatch): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, i) =>
    Array.from(ids.subarray(offsets[i], offsets[i + 1])),
  );
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tagformer-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Texts that whole-text normalisation, splitting and truncation have most to do with. */
function oddTexts(): string[] {
  const unit = fc.oneof(
    fc.constantFrom(
      "a",
      "B",
      " ",
      "\n",
      "\t",
      "'",
      ".",
      "é",
      "İ",
      "ß",
      "ﬁ",
      "中",
      "日本",
      "\u0301",
      "\u200d",
      "\u00a0",
    ),
    fc.constantFrom(
      "👍🏽",
      "👨‍👩‍👧",
      "\u202e",
      "עברית",
      "हिन्दी",
      "ㅎㅏㄴ",
      "\0",
      "\ufffd",
      "\u0085",
      "\ufeff",
      "[SEP]",
      "[MASK]",
    ),
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.string({ unit: fc.constantFrom("ing", "un", "x", "Q"), maxLength: 60 }),
  );
  // Python refuses halves of surrogate pairs; a round trip through UTF-8 makes them U+FFFD.
  const text = fc.array(unit, { maxLength: 40 }).map((parts) => Buffer.from(parts.join("")).toString());
  return ["", ...fc.sample(text, { numRuns: 2000, seed: 5 })];
}

async function expectSame(
  cases: readonly Case[],
  load: (testCase: Case) => Promise<Tokenizer>,
): Promise<void> {
  const theirs = runPython("tokenize_texts.py", cases) as number[][][];
  for (const [i, testCase] of cases.entries()) {
    const ours = rowsOf(await (await load(testCase)).encode(testCase.texts, testCase.maxLength));
    expect(ours).toHaveLength(theirs[i]!.length);
    // vitest compares element by element, which takes minutes for all rows.
    const row = theirs[i]!.findIndex((ids, at) => ids.join() !== ours[at]!.join());
    if (row >= 0) expect(ours[row], JSON.stringify(testCase.texts[row])).toEqual(theirs[i]![row]);
  }
}

describe("token ids against transformers", () => {
  it("are those of the real MiniLM, whose tokenizer.json stores a truncation and a padding of 128", async () => {
    const directory = miniLmDirectory();
    const stored = JSON.parse(readFileSync(join(directory, "tokenizer.json"), "utf8"));
    expect([stored.truncation.max_length, stored.padding.strategy.Fixed]).toEqual([128, 128]);
    const long = new Array(400).fill("unbelievably long").join(" ");
    const texts = [...oddTexts(), long];
    const cases = [512, 128, 17, 3, 2].map(
      (maxLength): Case => ({ kind: "auto", directory, options: {}, texts, maxLength }),
    );
    await expectSame(cases, () => Tokenizer.load(directory, "bert"));
  });

  const unavailable = [bertCased, roberta, xlnet, join(shared, "jigsaw-3000.csv")].filter(
    (path) => !existsSync(path),
  );
  describe.skipIf(unavailable.length > 0)(
    "with the real data of ../shared/data (skipped where it is not there)",
    () => {
      const realTexts = () =>
        parse(readFileSync(join(shared, "jigsaw-3000.csv")), { columns: true }).map(
          (row: unknown) => (row as { comment_text: string }).comment_text,
        );

      it("are those of every tokenizer on 3,000 real rows and 10,000 texts of all scripts", async () => {
        const real = realTexts();
        const odd = manyTexts(10_000, 8);
        // So long that they are tokenized in pieces.
        const long = [" ", "\n", "", " [MASK] ", ". "].flatMap((between) => [
          real.slice(0, 200).join(between),
          odd.slice(20, 2000).join(between),
        ]);
        const texts = [...real, ...odd, ...long];
        expect(texts).toHaveLength(13_010);
        const cased = temporaryDirectory();
        copyFileSync(join(bertCased, "vocab.txt"), join(cased, "vocab.txt"));
        writeFileSync(join(cased, "tokenizer_config.json"), JSON.stringify({ do_lower_case: false }));
        const newXlnet = temporaryDirectory();
        const every = { options: {}, texts, maxLength: 512 };
        const cases: Case[] = [
          { ...every, kind: "bert", directory: cased },
          { ...every, kind: "auto", directory: miniLmDirectory() },
          { ...every, kind: "auto", directory: roberta },
          // The old layout of tokenizer.json, of which transformers 5 takes the vocabulary alone; and what it saves.
          { ...every, kind: "file", directory: xlnet },
          { ...every, kind: "auto", directory: xlnet, saveTo: newXlnet },
        ];
        const modelTypes: Record<string, string> = { [roberta]: "roberta", [xlnet]: "xlnet" };
        await expectSame(cases, ({ directory, saveTo }) =>
          Tokenizer.load(saveTo ?? directory, modelTypes[directory] ?? "bert"),
        );
      });

      it("are those of a BERT vocab.txt on 500 real rows, cased and not", async () => {
        const texts = [...realTexts().slice(0, 500), ...oddTexts()];
        const bert = (options: object, maxLength: number): Case => {
          return { kind: "bert", directory: bertCased, options: { ...options }, texts, maxLength };
        };
        const cases = [
          bert({ do_lower_case: false }, 512),
          bert({ do_lower_case: true }, 512),
          bert({}, 100),
          bert({ do_lower_case: false, strip_accents: true }, 100),
          bert({ do_lower_case: true, strip_accents: false, tokenize_chinese_chars: false }, 64),
        ];
        await expectSame(cases, async ({ options }) => {
          const directory = temporaryDirectory();
          copyFileSync(join(bertCased, "vocab.txt"), join(directory, "vocab.txt"));
          writeFileSync(join(directory, "tokenizer_config.json"), JSON.stringify(options));
          return Tokenizer.load(directory, "bert");
        });
      });

      it("are those that transformers gives from the files we write for a vocab.txt", async () => {
        const [source, target] = [temporaryDirectory(), temporaryDirectory()];
        copyFileSync(join(bertCased, "vocab.txt"), join(source, "vocab.txt"));
        writeFileSync(join(source, "tokenizer_config.json"), JSON.stringify({ do_lower_case: false }));
        await (await Tokenizer.load(source, "bert")).writeFiles(target);
        writeFileSync(join(target, "config.json"), JSON.stringify({ model_type: "bert" }));
        const texts = oddTexts();
        await expectSame([{ kind: "auto", directory: target, options: {}, texts, maxLength: 64 }], () =>
          Tokenizer.load(target, "bert"),
        );
      });

      it("are those of a vocab.txt of DistilBERT and of ELECTRA", async () => {
        const texts = oddTexts();
        const modelTypes = new Map<string, string>();
        const cases = ["distilbert", "electra"].map((model_type): Case => {
          const directory = temporaryDirectory();
          copyFileSync(join(bertCased, "vocab.txt"), join(directory, "vocab.txt"));
          writeFileSync(join(directory, "config.json"), JSON.stringify({ model_type }));
          modelTypes.set(directory, model_type);
          return { kind: "auto", directory, options: {}, texts, maxLength: 64 };
        });
        await expectSame(cases, ({ directory }) => Tokenizer.load(directory, modelTypes.get(directory)!));
      });

      it("are those of RoBERTa's vocab.json and merges.txt on 500 real rows, however they are configured", async () => {
        const marked = oddTexts().map((text) => `${text}<mask> ${text} <mask>\n</s>x<pad> <unk>${text}`);
        const texts = [...realTexts().slice(0, 500), ...oddTexts(), ...marked];
        const mask = { content: "<mask>", rstrip: true };
        const described = (config: object, files: readonly string[], maxLength: number): Case => {
          const directory = temporaryDirectory();
          const all = ["config.json", "vocab.json", "merges.txt", ...files];
          for (const file of all) copyFileSync(join(roberta, file), join(directory, file));
          writeFileSync(join(directory, "tokenizer_config.json"), JSON.stringify(config));
          return { kind: "auto", directory, options: {}, texts, maxLength };
        };
        const cases: Case[] = [
          { kind: "auto", directory: roberta, options: {}, texts, maxLength: 512 },
          described({ add_prefix_space: true }, [], 64),
          described({ trim_offsets: false, cls_token: "</s>", sep_token: "<s>" }, [], 20),
          described({ mask_token: "<pad>", cls_token: "<pad>" }, ["special_tokens_map.json"], 20),
          described({ added_tokens_decoder: { 50264: mask } }, ["special_tokens_map.json"], 64),
        ];
        await expectSame(cases, ({ directory }) => Tokenizer.load(directory, "roberta"));
      });

      it("are those that transformers gives from the files we write for RoBERTa's", async () => {
        const target = temporaryDirectory();
        await (await Tokenizer.load(roberta, "roberta")).writeFiles(target);
        copyFileSync(join(roberta, "config.json"), join(target, "config.json"));
        const texts = oddTexts().map((text) => `${text} <mask>`);
        await expectSame([{ kind: "auto", directory: target, options: {}, texts, maxLength: 64 }], () =>
          Tokenizer.load(target, "roberta"),
        );
      });
    },
  );
});
