// Long texts in pieces, against the same texts in one go, for every kind of tokenizer.
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Encoder } from "../../../src/text/encoder.js";
import { encodeLongText } from "../../../src/text/long-text.js";
import { mostTokens } from "../../../src/text/tokenizer.js";
import { temporaryDirectory, writeJson } from "../model/files.js";

const special = ["[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const words = [
  "the",
  "a",
  "un",
  "##believ",
  "##able",
  "##s",
  ".",
  ",",
  "中",
  "日",
  "é",
  "e",
  "'",
  "don",
  "▁",
  "▁a",
];
const wordPiece = {
  type: "WordPiece",
  unk_token: "[UNK]",
  continuing_subword_prefix: "##",
  max_input_chars_per_word: 100,
  vocab: Object.fromEntries([...special, ...words].map((word, id) => [word, id])),
};
const letters = [..."abdelnostuvié中日.,!?'’0123"];
const unigram = {
  type: "Unigram",
  unk_id: 0,
  byte_fallback: false,
  vocab: [...special, ...letters, "▁", "▁a", "▁the", "th", "un", "▁un", "able", "▁▁", "s▁"].map(
    (piece, i) => [piece, -1 - i / 10],
  ),
};

/** GPT-2's characters for the 256 bytes. */
const byteLetters = (() => {
  const own = [...Array(256).keys()].filter(
    (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173),
  );
  const moved = [...Array(256).keys()].filter((byte) => !own.includes(byte));
  return [...own, ...moved.map((_, i) => 256 + i)].map((code) => String.fromCodePoint(code));
})();
const bytePairs = {
  type: "BPE",
  unk_token: null,
  vocab: Object.fromEntries(
    [...special, ...byteLetters, "th", "the", "Ġa", "un", "ĠĠ"].map((token, id) => [token, id]),
  ),
  merges: ["t h", "th e", "Ġ a", "u n", "Ġ Ġ"],
};
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const bert = {
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const blanks = { type: "Replace", pattern: { Regex: " {2,}" }, content: " " };
const sequence = (...normalizers: object[]) => ({ type: "Sequence", normalizers });
const inTurn = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const frame = {
  type: "TemplateProcessing",
  single: [
    { SpecialToken: { id: "[CLS]", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "[SEP]", type_id: 0 } },
  ],
  pair: [],
  special_tokens: Object.fromEntries(
    ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [special.indexOf(id)], tokens: [id] }]),
  ),
};

type Part = object | null;

async function load(normalizer: Part, preTokenizer: Part, model: object, added: readonly object[] = []) {
  const directory = temporaryDirectory();
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  writeJson(join(directory, "tokenizer.json"), {
    version: "1.0",
    added_tokens: [
      ...special.map((content, id) => ({ ...flags, id, content, lstrip: content === "[MASK]" })),
      ...added.map((token) => ({ ...flags, special: false, ...token })),
    ],
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: frame,
    model,
  });
  return Encoder.load({ directory, modelType: "bert" });
}

const kinds: [string, Part, Part, object][] = [
  ["BERT's", bert, { type: "BertPreTokenizer" }, wordPiece],
  [
    "a cased BERT's",
    { ...bert, lowercase: false, handle_chinese_chars: false },
    { type: "BertPreTokenizer" },
    wordPiece,
  ],
  [
    "words and punctuation",
    sequence({ type: "NFD" }, { type: "Lowercase" }, { type: "StripAccents" }),
    { type: "Whitespace" },
    wordPiece,
  ],
  ["RoBERTa's", null, { type: "ByteLevel", add_prefix_space: false, trim_offsets: true }, bytePairs],
  [
    "RoBERTa's with a space before",
    null,
    { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
    bytePairs,
  ],
  [
    "ModernBERT's",
    { type: "NFC" },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    bytePairs,
  ],
  [
    "GPT-2's pattern written out",
    { type: "NFC" },
    inTurn(
      { type: "Split", pattern: { Regex: gpt2 }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ),
    bytePairs,
  ],
  [
    "XLM-RoBERTa's",
    sequence({ type: "NFKC" }, blanks),
    inTurn({ type: "WhitespaceSplit" }, metaspace),
    unigram,
  ],
  [
    "ALBERT's",
    sequence(
      { type: "Replace", pattern: { String: "``" }, content: '"' },
      { type: "NFKD" },
      { type: "StripAccents" },
      { type: "Lowercase" },
      blanks,
    ),
    metaspace,
    unigram,
  ],
  ["DeBERTa's", sequence({ type: "Strip", strip_left: true, strip_right: true }, blanks), metaspace, unigram],
  ["a Metaspace only at the first word", { type: "Nmt" }, { ...metaspace, prepend_scheme: "first" }, unigram],
  ["a Metaspace that prepends nothing", null, { ...metaspace, prepend_scheme: "never" }, unigram],
  [
    "digits one by one",
    bert,
    inTurn({ type: "BertPreTokenizer" }, { type: "Digits", individual_digits: true }),
    wordPiece,
  ],
];

const unit = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("the", "a", "un", "unbelievables", "don't", "s", "é", "x") },
  { weight: 6, arbitrary: fc.constant(" ") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["  ", "\n", "\t", "\u00a0", "\u3000", "\u200b", "\u2028", "▁", "\ufffd", "\0", "\u0301", "e\u0301"],
      ...[
        ".",
        ",",
        "!",
        "。",
        "，",
        "'",
        "’",
        "``",
        "''",
        "...",
        "-",
        "中",
        "日",
        "中日",
        "한",
        "ᄒ",
        "ᅡ",
        "ﬁ",
        "ﷺ",
        "´",
      ],
      ...[
        "[MASK]",
        "[SEP]",
        "[UNK",
        "ab",
        "AB",
        "12",
        "½",
        "İ",
        "ß",
        "👍🏽",
        "👨‍👩‍👧",
        "\u0d4e",
        "\u0600",
        "हिन्दी",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
);
const text = fc
  .array(unit, { minLength: 1, maxLength: 80 })
  .map((parts) => Buffer.from(parts.join("")).toString());

/** What a text's row has within the limit, by the row of the whole text. */
async function expected(encoder: Encoder, text: string, limit: number, side: "left" | "right") {
  const whole = [...(await encoder.encode([text], mostTokens)).ids];
  const room = limit - 2;
  const inner = whole.slice(1, -1);
  const kept = side === "right" ? inner.slice(0, room) : inner.slice(Math.max(0, inner.length - room));
  return { ids: [whole[0]!, ...kept, whole.at(-1)!], cut: inner.length - kept.length };
}

describe("a long text in pieces", () => {
  it.each(kinds)("has the tokens of the whole text: %s", async (_, normalizer, preTokenizer, model) => {
    const strips = JSON.stringify(normalizer).includes("strip_left");
    const encoder = await load(normalizer, preTokenizer, model, [
      { id: 900, content: strips ? "[ab]" : "ab", normalized: true, single_word: true },
      { id: 901, content: "[x]", rstrip: true },
    ]);
    const rules = encoder.cutRules!;
    expect(rules).not.toBeNull();
    let several = 0;
    const side = fc.constantFrom<("left" | "right")[]>("left", "right");
    const limit = fc.oneof(fc.integer({ min: 2, max: 30 }), fc.constant(mostTokens));
    const some = fc.array(
      fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.constant("a [x] a") }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(
        some,
        limit,
        side,
        fc.integer({ min: 1, max: 60 }),
        async (parts, most, truncationSide, pieceLength) => {
          const text = parts.join(" ");
          let requests = 0;
          const encode = (piece: string) => {
            requests++;
            return encoder.encode([piece], mostTokens);
          };
          const whole = { rules, frame: encoder.frame, truncationSide, encode };
          const row = await encodeLongText(text, most, whole, undefined, pieceLength);
          if (requests > 1) several++;
          const right = await expected(encoder, text, most, truncationSide);
          expect([...row.ids]).toEqual(right.ids);
          expect(row.lengths[0]).toBe(right.ids.length);
          if (row.atLeast[0] === 0) expect(row.cut[0]).toBe(right.cut);
          else expect(row.cut[0]! > 0 && row.cut[0]! <= right.cut).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
    expect(several).toBeGreaterThan(50);
  });

  const unknown: [string, Part, Part, object, object?][] = [
    ["no words are told apart", null, null, unigram],
    ["Metaspace does not split", null, { ...metaspace, split: false }, unigram],
    ["a normalizer puts something before the text", { type: "Prepend", prepend: "▁" }, metaspace, unigram],
    [
      "a normalizer replaces spaces",
      { type: "Replace", pattern: { String: " " }, content: "▁" },
      metaspace,
      unigram,
    ],
    [
      "a normalizer strips what would then be missing",
      { type: "Strip", strip_left: true, strip_right: true },
      { ...metaspace, prepend_scheme: "never" },
      unigram,
    ],
    [
      "a normalizer strips the space before an added token",
      { type: "Strip", strip_left: true, strip_right: true },
      metaspace,
      unigram,
      { id: 900, content: "ab" },
    ],
    [
      "a pattern is not known",
      null,
      { type: "Split", pattern: { Regex: "a b" }, behavior: "Isolated", invert: false },
      unigram,
    ],
    [
      "an added token has a space in it",
      bert,
      { type: "BertPreTokenizer" },
      wordPiece,
      { id: 900, content: "New York" },
    ],
    [
      "merges are dropped at random",
      null,
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
      { ...bytePairs, dropout: 0.1 },
    ],
  ];
  it.each(unknown)("is not cut where %s", async (_, normalizer, preTokenizer, model, added) => {
    expect((await load(normalizer, preTokenizer, model, added ? [added] : [])).cutRules).toBeNull();
  });

  it("is read no further than needed, from either side, and a signal ends it between two pieces", async () => {
    const encoder = await load(bert, { type: "BertPreTokenizer" }, wordPiece);
    const long = "the a unbelievables. ".repeat(50_000);
    const read: number[] = [];
    const tokenizer = (truncationSide: "left" | "right") => ({
      rules: encoder.cutRules!,
      frame: encoder.frame,
      truncationSide,
      encode: (piece: string) => {
        read.push(piece.length);
        return encoder.encode([piece], mostTokens);
      },
    });
    for (const side of ["left", "right"] as const) {
      const row = await encodeLongText(long, 512, tokenizer(side));
      expect([...row.lengths, ...row.atLeast]).toEqual([512, 1]);
      expect(row.cut[0]).toBeGreaterThan(0);
      expect(read.splice(0).reduce((sum, length) => sum + length)).toBeLessThan(5000);
    }
    const controller = new AbortController();
    const { encode, ...rest } = tokenizer("right");
    const stopping = (piece: string) => {
      if (read.length === 3) controller.abort("enough");
      return encode(piece);
    };
    const all = encodeLongText(long, mostTokens, { ...rest, encode: stopping }, controller.signal);
    await expect(all).rejects.toBe("enough");
    expect(read).toHaveLength(4);
    expect(Math.max(...read)).toBeLessThanOrEqual(2 ** 14);
  });
});
