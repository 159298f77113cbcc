import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { countCutTexts, zeroCounts } from "../../../src/text/token-counts.js";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import { TokenizerClient } from "../../../src/text/tokenizer-client.js";
import { temporaryDirectory, writeJson } from "../model/files.js";

const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "!", "é", "e", "中", "B"];
const [unknown, cls, sep, mask] = [1, 2, 3, 4];

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  writeFileSync(join(directory, "vocab.txt"), `${words.join("\n")}\n`);
});

const opened: Tokenizer[] = [];
afterEach(() => Promise.all(opened.splice(0).map((tokenizer) => tokenizer.dispose())));

async function load(modelType = "bert", from = directory): Promise<Tokenizer> {
  const tokenizer = await Tokenizer.load(from, modelType);
  opened.push(tokenizer);
  return tokenizer;
}
const configure = (config: object) => writeJson(join(directory, "tokenizer_config.json"), config);

async function ids(text: string, maxLength = 512): Promise<number[]> {
  return Array.from((await (await load()).encode([text], maxLength)).ids);
}
const inner = async (text: string) => (await ids(text)).slice(1, -1);
const token = (word: string) => words.indexOf(word);

describe("windows", () => {
  const windows = async (text: string, maxLength: number, windowStride: number) => {
    const tokenizer = await load();
    const { ids, offsets, texts, counts } = await tokenizer.encodeWindows(["a", text, "b"], {
      maxLength,
      windowStride,
    });
    const rows = Array.from(offsets.subarray(1), (end, row) => Array.from(ids.subarray(offsets[row]!, end)));
    return {
      rows: rows.slice(texts![1], texts![2]),
      texts: Array.from(texts!),
      read: [...counts.read],
      cut: [...counts.cut],
    };
  };

  it("begin every so many tokens, each whole, the last where the text ends", async () => {
    const [a, b, x] = [token("a"), token("b"), token("!")];
    expect(await windows("a b ! a b", 5, 2)).toEqual({
      rows: [
        [cls, a, b, x, sep],
        [cls, x, a, b, sep],
      ],
      texts: [0, 1, 3, 4],
      read: [3, 7, 3], // what two windows share is read once
      cut: [0, 0, 0],
    });
    expect((await windows("a b ! a b !", 5, 2)).rows).toEqual([
      [cls, a, b, x, sep],
      [cls, x, a, b, sep],
      [cls, a, b, x, sep],
    ]);
    expect(await windows("a b !", 5, 2)).toMatchObject({ rows: [[cls, a, b, x, sep]], read: [3, 5, 3] });
  });

  it("leave no token out and are never longer than allowed", async () => {
    const tokenizer = await load();
    const text = fc.array(fc.constantFrom("a", "b", "!", "e"), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 3, max: 12 }), fc.nat(), async (some, maxLength, draw) => {
        const windowStride = 1 + (draw % (maxLength - 2));
        const encoded = await tokenizer.encodeWindows([some.join(" ")], { maxLength, windowStride });
        const { ids, offsets } = encoded;
        const all = some.map(token);
        const rows = Array.from(offsets.subarray(1), (end, row) =>
          Array.from(ids.subarray(offsets[row]!, end)),
        );
        const last = rows.length - 1;
        for (const [i, row] of rows.entries()) {
          expect(row.length).toBe(Math.min(maxLength, all.length + 2));
          const start = i === last ? all.length - (row.length - 2) : i * windowStride;
          expect(row).toEqual([cls, ...all.slice(start, start + row.length - 2), sep]);
        }
        expect(last === 0 || (last - 1) * windowStride < all.length + 2 - maxLength).toBe(true);
        expect(last * windowStride >= all.length + 2 - maxLength).toBe(true);
      }),
    );
  });

  it("are as many as maxWindows allows: the rest of the text is cut, and counted", async () => {
    const tokenizer = await load();
    const limit = { maxLength: 5, windowStride: 2, maxWindows: 2 };
    const encoded = await tokenizer.encodeWindows(["a b ! a b ! a", "a b ! a b", "a"], limit);
    expect(Array.from(encoded.texts!)).toEqual([0, 2, 4, 5]);
    const [a, b, x] = [token("a"), token("b"), token("!")];
    const rows = [cls, a, b, x, sep, cls, x, a, b, sep];
    expect(Array.from(encoded.ids)).toEqual([...rows, ...rows, cls, a, sep]);
    expect([[...encoded.counts.read], [...encoded.counts.cut]]).toEqual([
      [7, 7, 3],
      [2, 0, 0],
    ]);
  });

  it("that would leave tokens out are refused", async () => {
    await expect(windows("a", 5, 4)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("a window of 5 tokens holds 3 of the text"),
    });
  });
});

describe("a BERT vocab.txt", () => {
  it("is lower-cased and stripped of accents by default", async () => {
    expect(await ids("a AB é!")).toEqual([cls, 5, 5, 7, token("e"), 8, sep]);
    expect((await load()).vocabularySize).toBe(words.length);
  });

  it("follows tokenizer_config.json", async () => {
    configure({ do_lower_case: false });
    expect(await inner("a B é")).toEqual([5, token("B"), token("é")]);
    configure({ do_lower_case: true, strip_accents: false });
    expect(await inner("B É")).toEqual([6, token("é")]);
    configure({ do_lower_case: false, strip_accents: true });
    expect(await inner("B é")).toEqual([token("B"), token("e")]);
    configure({ tokenize_chinese_chars: true });
    expect(await inner("中中")).toEqual([token("中"), token("中")]);
    configure({ tokenize_chinese_chars: false });
    expect(await inner("中中")).toEqual([unknown]);
  });

  it("finds special tokens in the text, and those of tokenizer_config.json", async () => {
    expect(await inner("a[MASK]b")).toEqual([5, mask, 6]);
    configure({ cls_token: { content: "a", lstrip: false }, sep_token: "b" });
    expect(await ids("!")).toEqual([5, 8, 6]);
  });

  it("reads lines as the Rust library does", async () => {
    writeFileSync(join(directory, "vocab.txt"), "[UNK]\r\n[CLS] \n[SEP]\u3000\na\n\nb\nb\nc");
    expect(await ids("a b c [PAD]")).toEqual([1, 3, 6, 7, 0, 0, 0, 2]);
  });

  it.each([
    ["[UNK]", "unk_token"],
    ["[CLS]", "cls_token"],
    ["[SEP]", "sep_token"],
  ])("is refused without %s", async (missing, key) => {
    writeFileSync(join(directory, "vocab.txt"), words.filter((word) => word !== missing).join("\n"));
    await expect(load()).rejects.toThrow(`no token "${missing}", the ${key}`);
  });

  it("is refused with tokens that it does not hold, but not with tokens that it does", async () => {
    configure({ added_tokens_decoder: { 0: { content: "[PAD]" } }, extra_special_tokens: {} });
    expect(await inner("a")).toEqual([5]);
    configure({ additional_special_tokens: ["a", "@user"] });
    await expect(load()).rejects.toThrow('adds the token "@user"');
    configure({ added_tokens_decoder: { 13: { content: "@url" } } });
    await expect(load()).rejects.toThrow('adds the token "@url"');
    configure({});
    writeJson(join(directory, "added_tokens.json"), { "@date": 13 });
    await expect(load()).rejects.toThrow('adds the token "@date"');
  });

  it("is refused with an option of the wrong type", async () => {
    configure({ do_lower_case: "no" });
    await expect(load()).rejects.toThrow('tokenizer_config.json: do_lower_case is "no"');
  });
});

describe("encode", () => {
  it("gives one row a text, in order, over many chunks", async () => {
    const texts = Array.from({ length: 1000 }, (_, i) => "a ".repeat(i % 7));
    const { ids, offsets, counts, types } = await (await load()).encode(texts, 100);
    expect(offsets).toHaveLength(1001);
    expect(ids).toHaveLength(offsets[1000]!);
    for (let i = 0; i < 1000; i++) {
      const row = [cls, ...new Array<number>(i % 7).fill(5), sep];
      expect(Array.from(ids.subarray(offsets[i], offsets[i + 1]))).toEqual(row);
    }
    expect([...counts.read]).toEqual(texts.map((_, i) => 2 + (i % 7)));
    expect([countCutTexts(counts), types]).toEqual([0, undefined]);
  });

  it("gives no rows for no texts, and only special tokens for a text of nothing", async () => {
    const tokenizer = await load();
    expect(await tokenizer.encode([], 8)).toEqual({
      ids: new Int32Array(0),
      offsets: Int32Array.of(0),
      counts: zeroCounts(0),
    });
    for (const text of ["", " \n\t", "\0\u0007", "\ufffd"]) expect(await ids(text)).toEqual([cls, sep]);
  });

  it("cuts the text's end, or its start where the tokenizer says so, and counts the tokens", async () => {
    expect(await ids("a b ! a", 5)).toEqual([cls, 5, 6, 8, sep]);
    expect(await ids("a b ! a", 2)).toEqual([cls, sep]);
    const { counts } = await (await load()).encode(["a b", "a b !", "", "! ! ! !"], 4);
    expect([[...counts.read], [...counts.cut], countCutTexts(counts)]).toEqual([
      [4, 4, 2, 4],
      [0, 1, 0, 2],
      2,
    ]);
    configure({ truncation_side: "left" });
    expect(await ids("a b ! a", 5)).toEqual([cls, 6, 8, 5, sep]);
    expect(await ids("a b ! a", 2)).toEqual([cls, sep]);
  });

  it("cuts any text as it would stand uncut", async () => {
    const tokenizer = await load();
    const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", " ", "!") }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 2, max: 12 }), async (some, maxLength) => {
        const whole = await tokenizer.encode(some, 1000);
        const cut = await tokenizer.encode(some, maxLength);
        for (const i of some.keys()) {
          const row = Array.from(whole.ids.subarray(whole.offsets[i], whole.offsets[i + 1]));
          const expected = row.length > maxLength ? [...row.slice(0, maxLength - 1), sep] : row;
          expect(Array.from(cut.ids.subarray(cut.offsets[i], cut.offsets[i + 1]))).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("takes halves of surrogate pairs for U+FFFD, and never breaks on a text", async () => {
    const tokenizer = await load();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" })), async (texts) => {
        const texts2 = texts.flatMap((text) => [
          text,
          `${text}\ud83d`,
          `\ude00 ${text}`,
          `\udfff${text}\ud800!`,
        ]);
        const repaired = texts2.map((text) => Buffer.from(text).toString());
        expect(await tokenizer.encode(texts2, 64)).toEqual(await tokenizer.encode(repaired, 64));
      }),
      { numRuns: 50 },
    );
  });

  it("takes a million letters without a blank, and as many marks", async () => {
    expect(await inner("a".repeat(1e6))).toEqual([unknown]);
    expect(await inner(`a${"\u0301".repeat(1e6)}`)).toEqual([5]);
  });

  it("reads no more of a very long text than it needs, and has others wait for no text that must be read whole", async () => {
    const tokenizer = await load();
    const { ids, counts } = await tokenizer.encode(["a b! ".repeat(1e6)], 512);
    expect([ids.length, counts.atLeast[0]]).toEqual([512, 1]);
    expect(counts.cut[0]).toBeLessThan(5000);
    const asked = vi.spyOn(TokenizerClient.prototype, "encode");
    onTestFinished(() => asked.mockRestore());
    const controller = new AbortController();
    const whole = tokenizer.encode(["a".repeat(2e6)], 512);
    const aborted = tokenizer.encode(["b".repeat(2e6)], 512, controller.signal);
    const outcome = expect(aborted).rejects.toBe("enough");
    await tokenizer.encode(["a b"], 8);
    controller.abort("enough");
    await outcome;
    await whole;
    const threadOf = (text: string) =>
      asked.mock.contexts[asked.mock.calls.findIndex(([[first]]) => first === text)];
    expect(threadOf("a b")).toBeDefined();
    expect(threadOf("a".repeat(2e6))).toBeDefined();
    expect(threadOf("a".repeat(2e6))).not.toBe(threadOf("a b"));
    expect((await tokenizer.encode(["a".repeat(2e6), "a"], 512)).ids).toHaveLength(6);
  });

  it("answers concurrent calls with different limits", async () => {
    const tokenizer = await load();
    const text = "a ".repeat(300);
    const limits = Array.from({ length: 50 }, (_, i) => i + 2);
    const rows = await Promise.all(limits.map((limit) => tokenizer.encode([text], limit)));
    expect(rows.map(({ ids }) => ids.length)).toEqual(limits);
  });

  it.each([1, 0, -1, 2.5, Number.NaN])("refuses a limit of %d tokens", async (limit) => {
    const error = { code: "INVALID_OPTION", message: expect.stringContaining("at least 2") };
    await expect((await load()).encode(["a"], limit)).rejects.toMatchObject(error);
  });

  it("refuses what is no string", async () => {
    const texts = ["a", 7] as unknown as string[];
    const error = { code: "INVALID_DATA", message: "text 1 is of type number; expected a string" };
    await expect((await load()).encode(texts, 8)).rejects.toMatchObject(error);
  });
});

describe("the tokenizer's thread", () => {
  it("gives each of many calls its own rows, in the order of the calls", async () => {
    const tokenizer = await load();
    const order: number[] = [];
    const calls = Array.from({ length: 3000 }, async (_, i) => {
      const { ids, counts } = await tokenizer.encode(["a ".repeat(i % 5), "b"], 4);
      order.push(i);
      return [...ids, countCutTexts(counts)];
    });
    const rows = await Promise.all(calls);
    expect(order).toEqual([...order.keys()]);
    for (const [i, row] of rows.entries()) {
      const text = new Array<number>(Math.min(i % 5, 2)).fill(5);
      expect(row).toEqual([cls, ...text, sep, cls, 6, sep, i % 5 > 2 ? 1 : 0]);
    }
  });

  it("ends when it is disposed of: waiting calls are rejected, and so are later ones", async () => {
    const tokenizer = await load();
    const waiting = Array.from({ length: 500 }, () => tokenizer.encode(["a ".repeat(1000)], 9));
    const settled = Promise.allSettled(waiting);
    await Promise.all([tokenizer.dispose(), tokenizer.dispose()]);
    const later = await Promise.allSettled([tokenizer.encode(["a"], 9), tokenizer.decode([5])]);
    for (const outcome of [...(await settled), ...later]) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "DISPOSED" } });
    }
  });

  it("is not started, or ends, when the signal is given", async () => {
    const reason = new Error("no longer wanted");
    const early = AbortSignal.abort(reason);
    await expect(Tokenizer.load(directory, "bert", early)).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = Tokenizer.load(directory, "bert", controller.signal);
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
  });

  it("tells nobody else of a text that the library refuses", async () => {
    const document = {
      version: "1.0",
      added_tokens: [],
      pre_tokenizer: { type: "Whitespace" },
      model: { type: "WordLevel", vocab: { a: 0, b: 1 }, unk_token: "none" },
    };
    writeJson(join(directory, "tokenizer.json"), document);
    const tokenizer = await load();
    const calls = ["a", "b", "other", "a b"].map((text) => tokenizer.encode([text], 9));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[2]).toMatchObject({ reason: { code: "INVALID_MODEL" } });
  });
});

describe("decode", () => {
  it("gives the text without special tokens, whatever the ids are", async () => {
    const tokenizer = await load();
    expect(await tokenizer.decode(Int32Array.of(cls, 5, 7, 8, sep))).toBe("ab!");
    expect(await tokenizer.decode([])).toBe("");
    expect(await tokenizer.decode([99_999, -1])).toBe("");
  });
});

describe("checkFits", () => {
  it("refuses a model with fewer embeddings than tokens", async () => {
    const tokenizer = await load();
    tokenizer.checkFits(words.length);
    expect(() => tokenizer.checkFits(words.length - 1)).toThrow(
      "has 13 tokens, but vocab_size in config.json is 12",
    );
  });
});

describe("modelMaxLength", () => {
  it.each([
    [512, 512],
    [1e30, null],
    [0, null],
    [1.5, null],
    ["512", null],
    [undefined, null],
  ])("of %j is %j", async (model_max_length, expected) => {
    configure({ model_max_length });
    expect((await load()).modelMaxLength).toBe(expected);
  });
});

describe("a tokenizer.json", () => {
  /** The tokenizer.json that stands for the vocab.txt. */
  async function generated(): Promise<Record<string, unknown>> {
    const target = join(directory, "target");
    mkdirSync(target);
    await (await load()).writeFiles(target);
    return JSON.parse(readFileSync(join(target, "tokenizer.json"), "utf8"));
  }
  const write = (content: unknown) => writeJson(join(directory, "tokenizer.json"), content);

  it("is preferred, and its truncation and padding are not obeyed", async () => {
    const truncation = { max_length: 4, strategy: "LongestFirst", stride: 0, direction: "Right" };
    const strategy = { Fixed: 9 };
    const padding = { strategy, direction: "Right", pad_id: 0, pad_type_id: 0, pad_token: "[PAD]" };
    write({ ...(await generated()), truncation: { ...truncation }, padding });
    writeFileSync(join(directory, "vocab.txt"), "nothing of use");
    expect(await ids("a b ! a")).toEqual([cls, 5, 6, 8, 5, sep]);
  });

  it("serves any model type, and added tokens count", async () => {
    const document = await generated();
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
    write({ ...document, added_tokens: [{ id: 13, content: "@user", ...flags }] });
    const tokenizer = await load("roberta");
    expect(tokenizer.vocabularySize).toBe(14);
    expect(Array.from((await tokenizer.encode(["a@user"], 9)).ids)).toEqual([cls, 5, 13, sep]);
  });

  it.each([
    ["no model", "{}", 'no object "model"'],
    ["a list", "[]", "holds an array"],
    ["a model without vocabulary", '{"model":{}}', "cannot be used"],
    [
      "a negative id",
      '{"model":{"type":"WordPiece","vocab":{"a":-1},"unk_token":"[UNK]"}}',
      "cannot be used",
    ],
    [
      "two tokens of one id",
      '{"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"b":2,"c":1},"unk_token":"[UNK]"}}',
      'tokens "a" and "c" have the same id, 1',
    ],
    ["no JSON", "{", "not valid JSON"],
  ])("is refused with %s", async (_, content, problem) => {
    writeFileSync(join(directory, "tokenizer.json"), content);
    const error = { code: "INVALID_MODEL", message: expect.stringContaining(problem) };
    await expect(load()).rejects.toMatchObject(error);
  });

  it("is refused when its vocabulary lacks the unknown token", async () => {
    const document = await generated();
    write({ ...document, model: { ...(document.model as object), vocab: { "[CLS]": 2, "[SEP]": 3 } } });
    await expect(load()).rejects.toThrow(/tokenizer of .* cannot be used: .*unk/i);
  });

  // Each of these ends the process when the Rust library sees it.
  const bpe = { type: "BPE", vocab: { a: 0, b: 1 }, merges: ["a b"] };
  const charsmap = (...bytes: number[]) => ({
    normalizer: { type: "Precompiled", precompiled_charsmap: Buffer.from(bytes).toString("base64") },
  });
  const regex = (Regex: string) => ({ normalizer: { type: "Replace", pattern: { Regex }, content: "x" } });
  it.each<[string, object, string]>([
    ["a merge into no token", { model: bpe }, 'merges "a" and "b", which is no token'],
    [
      "a merge of a token without its prefix",
      {
        model: {
          ...bpe,
          vocab: { a: 0, b: 1, ab: 2 },
          merges: [["a", "b"]],
          continuing_subword_prefix: "##",
        },
      },
      'merges "a" and "b", which is no token',
    ],
    ["a pattern that backtracks", regex("(a+)+$"), 'searches with the pattern "(a+)+$"'],
    ["a pattern with two repetitions", regex("a*a*b"), "which may take for ever"],
    [
      "a pattern to split at",
      {
        pre_tokenizer: {
          type: "Split",
          pattern: { Regex: "(?:a|a)*b" },
          behavior: "Isolated",
          invert: false,
        },
      },
      "which may take for ever",
    ],
    ["no charsmap where there has to be one", { normalizer: { type: "Precompiled" } }, "it is not base64"],
    ["an empty charsmap", charsmap(), "damaged precompiled_charsmap: its trie has an impossible size"],
    ["a charsmap without a trie", charsmap(0, 0, 0, 0), "impossible size"],
    ["a charsmap of another size", charsmap(255, 255, 255, 127), "impossible size"],
    ["a charsmap that leads nowhere", charsmap(4, 0, 0, 0, 0, 255, 255, 127, 1, 2, 3), "leads nowhere"],
    ["a charsmap of other bytes", charsmap(4, 0, 0, 0, 0, 0, 0, 0, 255), "not UTF-8"],
    [
      "a charsmap that is no base64",
      { normalizer: { type: "Precompiled", precompiled_charsmap: "?" } },
      "it is not base64",
    ],
    [
      "a template under another type",
      {
        post_processor: {
          type: "x",
          single: [{ SpecialToken: { id: "s", type_id: 0 } }],
          pair: [],
          special_tokens: {},
        },
      },
      'puts "s" around texts',
    ],
    ["pieces of no length", { pre_tokenizer: { type: "FixedLength", length: 0 } }, "pieces of 0 characters"],
    [
      "a template that asks for a second text",
      {
        post_processor: {
          type: "TemplateProcessing",
          single: [{ Sequence: { id: "B", type_id: 0 } }],
          pair: [],
          special_tokens: {},
        },
      },
      "asks for a second text",
    ],
    [
      "normalizers in normalizers in normalizers",
      {
        normalizer: Array.from({ length: 300 }).reduce(
          (one) => ({ type: "Sequence", normalizers: [one] }),
          {},
        ),
      },
      "nested more than 100 levels deep",
    ],
  ])("is refused with %s", async (_, part, problem) => {
    write({ ...(await generated()), ...part });
    const error = { code: "INVALID_MODEL", message: expect.stringContaining(problem) };
    await expect(load()).rejects.toMatchObject(error);
  });

  it.each([" {2,}", "\\s+", "[\\r\\n\\t]", "\\p{N}", "a|b+|[^\\s]{3}"])(
    "may search with %j",
    async (pattern) => {
      write({ ...(await generated()), ...regex(pattern) });
      expect((await ids("  a 7")).length).toBeGreaterThan(2);
    },
  );

  it("is refused when a template puts an undefined token around texts", async () => {
    const document = await generated();
    const template = document.post_processor as object;
    const problem = 'puts "[CLS]" around texts';
    for (const special_tokens of [
      {},
      [],
      undefined,
      { "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] } },
    ]) {
      write({ ...document, post_processor: { ...template, special_tokens } });
      await expect(load()).rejects.toThrow(problem);
      write({
        ...document,
        post_processor: { type: "Sequence", processors: [{ ...template, special_tokens }] },
      });
      await expect(load()).rejects.toThrow(problem);
    }
  });

  it("counts an id that only its post-processor knows", async () => {
    const sep: [string, number] = ["[SEP]", 2 ** 32 - 1];
    write({ ...(await generated()), post_processor: { type: "BertProcessing", sep, cls: ["[CLS]", 2] } });
    expect((await load()).vocabularySize).toBe(2 ** 32);
  });

  it("may have no post-processor, or several", async () => {
    const document = await generated();
    write({ ...document, post_processor: null });
    expect(await ids("a b", 1)).toEqual([5]);
    const processors = [{ type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] }];
    write({ ...document, post_processor: { type: "Sequence", processors } });
    expect(await ids("a b !", 4)).toEqual([cls, 5, 6, sep]);
  });

  it("is refused when it drops unknown words", async () => {
    const model = { type: "BPE", vocab: { z: 0 }, merges: [] };
    write({ version: "1.0", added_tokens: [], model });
    await expect(load()).rejects.toThrow('no token for the text "a"');
  });

  it("is missing for a model type that needs it", async () => {
    await expect(Tokenizer.load(directory, "xlnet")).rejects.toThrow("has no tokenizer.json");
    rmSync(join(directory, "vocab.txt"));
    await expect(load()).rejects.toThrow("has no tokenizer.json and no vocab.txt; to write a tokenizer.json");
  });

  it.each([
    ["spiece.model", "albert"],
    ["spiece.model", "xlnet"],
    ["spm.model", "deberta-v2"],
    ["sentencepiece.bpe.model", "camembert"],
  ])("cannot be read from a %s of %s, and the error says what to do", async (file, modelType) => {
    rmSync(join(directory, "vocab.txt"));
    writeFileSync(join(directory, file), "");
    await expect(load(modelType)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message:
        `${directory} has no tokenizer.json; its ${file} is a SentencePiece model, which is not read by itself; ` +
        "to write a tokenizer.json, in Python: AutoTokenizer.from_pretrained(directory).save_pretrained(directory) " +
        "(with the packages sentencepiece and protobuf)",
    });
  });
});

describe("writeFiles", () => {
  it("writes the tokenizer that was loaded, also when another one was saved in its place", async () => {
    const source = await load();
    writeFileSync(join(directory, "vocab.txt"), `${[...words].reverse().join("\n")}\n`);
    const target = temporaryDirectory();
    await source.writeFiles(target);
    expect(readdirSync(target)).toEqual(["tokenizer.json", "tokenizer_config.json"]);
    const copy = await load("bert", target);
    expect(await copy.encode(["a B é"], 9)).toEqual(await source.encode(["a B é"], 9));
  });

  it("keeps the older files when it is saved to its own directory again and again", async () => {
    const source = await load();
    for (let save = 0; save < 3; save++) {
      const target = temporaryDirectory();
      await source.writeFiles(target);
      expect(readdirSync(target)).toEqual(["tokenizer.json", "tokenizer_config.json", "vocab.txt"]);
      rmSync(directory, { recursive: true });
      renameSync(target, directory);
    }
  });

  it("copies what the source has, and adds a tokenizer.json that reads the same", async () => {
    configure({ do_lower_case: false, model_max_length: 77 });
    writeFileSync(join(directory, "config.json"), "{}");
    const target = temporaryDirectory();
    const source = await load();
    await source.writeFiles(target);
    expect(readdirSync(target)).toEqual(["tokenizer.json", "tokenizer_config.json", "vocab.txt"]);
    const copy = await load("bert", target);
    const texts = ["a B é 中b! [SEP] [MASK]", "Zoë"];
    expect(await copy.encode(texts, 9)).toEqual(await source.encode(texts, 9));
    expect(copy.modelMaxLength).toBe(77);
  });

  it("copies a tokenizer.json as it is", async () => {
    const target = temporaryDirectory();
    await (await load()).writeFiles(target);
    const text = readFileSync(join(target, "tokenizer.json"), "utf8").replace('"truncation":null,', "\n");
    writeFileSync(join(target, "tokenizer.json"), text);
    const next = temporaryDirectory();
    await (await load("bert", target)).writeFiles(next);
    expect(readFileSync(join(next, "tokenizer.json"), "utf8")).toBe(text);
  });
});

const xlnet = join(import.meta.dirname, "../../../../shared/data/tokenizers/xlnet");

describe.skipIf(!existsSync(xlnet))("XLNet's tokenizer.json of the old layout (in ../shared/data)", () => {
  it("loads, and cuts before the two special tokens at the end", async () => {
    const tokenizer = await load("xlnet", xlnet);
    const whole = Array.from((await tokenizer.encode(["Hello world"], 9)).ids);
    const cut = Array.from((await tokenizer.encode(["Hello world"], 3)).ids);
    expect(whole.slice(-2)).toEqual([4, 3]);
    expect(cut).toEqual([whole[0], 4, 3]);
  });
});
