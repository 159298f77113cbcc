// The readers that take what strangers wrote. A target makes inputs from a generator, and reads one: it must accept it, or
// throw a TagformerError.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDataset, readDataset, readTexts } from "../../dist/index.js";
import { readModelConfig } from "../../dist/model/directory.js";
import { readSafetensors } from "../../dist/model/safetensors.js";
import { checkTorchScriptFile } from "../../dist/model/torchscript/check.js";
import { NativeModel } from "../../dist/native/model.js";
import { Encoder } from "../../dist/text/encoder.js";
import { archive, code, labels, parts, pickle } from "../unit/model/torchscript/module.mjs";
import { mutateBytes, mutateJson } from "./mutations.mjs";

const bert = {
  model_type: "bert",
  vocab_size: 16,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
  max_position_embeddings: 16,
  type_vocab_size: 2,
  hidden_act: "gelu",
  layer_norm_eps: 1e-12,
  hidden_dropout_prob: 0.1,
  id2label: { 0: "a", 1: "b" },
  label2id: { a: 0, b: 1 },
  problem_type: "multi_label_classification",
};
const configs = [
  bert,
  { ...bert, model_type: "roberta", pad_token_id: 1, max_position_embeddings: 18 },
  { ...bert, model_type: "albert", embedding_size: 4, num_hidden_groups: 1, inner_group_num: 1 },
  { ...bert, model_type: "electra", embedding_size: 4 },
  {
    model_type: "distilbert",
    vocab_size: 16,
    dim: 8,
    n_layers: 1,
    n_heads: 2,
    hidden_dim: 8,
    max_position_embeddings: 16,
  },
  {
    model_type: "xlnet",
    vocab_size: 16,
    d_model: 8,
    n_layer: 1,
    n_head: 2,
    d_inner: 8,
    d_head: 4,
    ff_activation: "gelu",
  },
  {
    ...bert,
    model_type: "deberta-v2",
    relative_attention: true,
    position_buckets: 4,
    max_relative_positions: -1,
    pos_att_type: ["c2p", "p2c"],
    norm_rel_ebd: "layer_norm",
    share_att_key: true,
    position_biased_input: false,
    conv_kernel_size: 3,
    conv_act: "gelu",
    pooler_hidden_act: "gelu",
  },
  {
    model_type: "modernbert",
    vocab_size: 16,
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 8,
    max_position_embeddings: 16,
    local_attention: 4,
    global_attn_every_n_layers: 2,
    global_rope_theta: 160000,
    local_rope_theta: 10000,
    classifier_pooling: "mean",
    hidden_activation: "gelu",
    pad_token_id: 0,
  },
];
const configWords = [
  "bert",
  "roberta",
  "xlnet",
  "deberta-v2",
  "modernbert",
  "sliding_attention",
  "linear",
  "gelu",
  "relu",
  "absolute",
  2 ** 31,
  1e9,
  { a: 1 },
  [1, 2],
  "0",
  true,
];

const word = {
  type: "WordPiece",
  unk_token: "[UNK]",
  continuing_subword_prefix: "##",
  max_input_chars_per_word: 100,
};
const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
const template = {
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: { "[CLS]": { id: "[CLS]", ids: [1], tokens: ["[CLS]"] } },
};
const trie = Buffer.alloc(4 + 4 * 512 + 4);
trie.writeUInt32LE(4 * 512);
trie.writeUInt32LE(256 << 10, 4);
trie.writeUInt32LE(0x161, 4 + 4 * (256 ^ 0x61));
trie.writeUInt32LE(0x80000000, 4 + 4 * (256 ^ 0x61));
trie.write("b\0c\0", 4 + 4 * 512);
const charsmap = trie.toString("base64");
const document = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [{ id: 1, content: "[CLS]", ...special }],
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: template,
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: { ...word, vocab: { "[UNK]": 0, "[CLS]": 1, a: 2, "##b": 3, b: 4, é: 5 } },
};
const tokenizers = [
  document,
  {
    ...document,
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "NFKC" }, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }],
    },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    model: {
      type: "Unigram",
      unk_id: 0,
      byte_fallback: false,
      vocab: [
        ["[UNK]", 0],
        ["▁", -1],
        ["a", -2],
        ["▁a", -1.5],
        ["b", -3],
      ],
    },
  },
  {
    ...document,
    normalizer: { type: "Precompiled", precompiled_charsmap: charsmap },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      sep: ["b", 1],
      cls: ["a", 0],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "a",
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: { a: 0, b: 1, ab: 2, aba: 3 },
      merges: ["a b", ["ab", "a"]],
    },
  },
  {
    ...document,
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    model: { type: "WordLevel", unk_token: "a", vocab: { a: 0, b: 1 } },
  },
];
const tokenizerWords = [
  ...["normalizer", "pre_tokenizer", "post_processor", "model"].flatMap((part) =>
    tokenizers.map((one) => one[part]),
  ),
  ...["NFC", "NFD", "NFKC", "NFKD", "Strip", "StripAccents", "Lowercase", "Nmt", "ByteLevel"].map((type) => ({
    type,
  })),
  ...["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"].map((type) => ({ type })),
  { type: "Prepend", prepend: "▁" },
  { type: "Punctuation", behavior: "Isolated" },
  { type: "Digits", individual_digits: true },
  { type: "CharDelimiterSplit", delimiter: "a" },
  { type: "Split", pattern: { Regex: "\\s+" }, behavior: "MergedWithNext", invert: true },
  { type: "Split", pattern: { String: "a" }, behavior: "Removed", invert: false },
  { type: "Replace", pattern: { String: "a" }, content: "" },
  { type: "FixedLength", length: 2 },
  { type: "BertProcessing", sep: ["b", 4], cls: ["a", 2] },
  { Regex: "a+" },
  { String: "" },
  "ab",
  "##",
  "a b",
  ["b", "a"],
  charsmap,
];

/** Tokenizers in several files: the type of their model, and each file's content in the order of `names`. */
const vocabularies = [
  {
    type: "bert",
    names: ["vocab.txt", "tokenizer_config.json"],
    contents: ["[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nb\né\n", '{"do_lower_case": true}'],
  },
  {
    type: "roberta",
    names: ["vocab.json", "merges.txt", "tokenizer_config.json"],
    contents: [
      '{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "b": 6, "ab": 7, "Ġ": 8, "Ġa": 9}',
      "#version: 0.2\na b\nĠ a\n",
      '{"add_prefix_space": true, "added_tokens_decoder": {"10": {"content": "<x>", "special": true}}}',
    ],
  },
];
const separator = Buffer.of(0);
const vocabularyFiles = vocabularies.map(({ contents }) => Buffer.from(contents.join("\0")));

const probes = ["a b ab", "aé\u0301b  [CLS] \ud83d\ude42 \ufdfa ", ""];

const tables = [
  'id,text,a,b\n1,"one, ""two""\nthree",0,1\r\n2,four,1,\n3,é 🙂,-1,0\n',
  "text\ttags\nx\ta|b\ny\t\n",
  '{"text": "x", "tags": ["a"]}\n{"text": "y", "tags": null}\n\n{"text": "z\\ud800", "tags": ["b", "a"]}\n',
  "\ufeffcomment,toxic\r\nhello,1\r\nworld,0\r\n",
].map((table) => Buffer.from(table));

const arrays = [
  '[{"text": "x, \\"y\\"", "tags": ["a"]},\n {"text": "z]", "tags": null}]\n',
  '[{"id": 12345678901234567890, "text": "é 🙂", "a": NaN, "b": 1}, {"id": 2, "text": "", "a": 0.0, "b": 0}]',
].map((table) => Buffer.from(table));

/** Every type, encoding and codec, of which most are small. */
const parquetFiles = [
  "types",
  "encodings",
  "v2",
  "old",
  "none",
  "zstd",
  "lz4",
  "gzip",
  "brotli",
  "snappy",
].map((name) => readFileSync(new URL(`../fixtures/parquet/${name}.parquet`, import.meta.url)));

function safetensors(header, bytes) {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(bytes, 1)]);
}
const headers = [
  {
    a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: "BF16", shape: [3], data_offsets: [16, 22] },
  },
  {
    __metadata__: { format: "pt" },
    scalar: { dtype: "I64", shape: [], data_offsets: [0, 8] },
    none: { dtype: "F16", shape: [0, 4], data_offsets: [8, 8] },
  },
];
const headerWords = [
  "F32",
  "BF16",
  "I64",
  "F4",
  "BOOL",
  [0, 16],
  [16, 22],
  [2 ** 33, 2 ** 33],
  { format: "pt" },
  2 ** 53,
];

const files = [safetensors(headers[0], 22), safetensors(headers[1], 8)];

/** Source and pickle of a module, and others that parts of them may come from. */
const sources = [
  code(),
  code(["x = torch.sum(weight)", "return torch.embedding(weight, input_ids)[:, 0] * x"]),
];
const pickles = [pickle(), pickle({ rows: 4, offset: 2 })];

const loadSpec = { tensors: [], seed: 1, precision: "fp32", threads: 1 };

/** Opens libtorch, which takes longer than any input may. */
async function openEngine() {
  const model = await NativeModel.load({ ...loadSpec, config: configs[0], labels: 1 });
  await model.dispose();
}

/**
 * @type {Record<string, {
 *   prepare?(): Promise<void>,
 *   make(random): Buffer,
 *   read(input: Buffer, directory: string): Promise<unknown>,
 * }>}
 */
export const targets = {
  safetensors: {
    make: (random) =>
      random.below(2)
        ? mutateBytes(random, files[random.below(2)], files)
        : safetensors(mutateJson(random, headers[random.below(2)], headerWords), random.below(3) ? 22 : 8),
    read: (input, directory) => readSafetensors(put(directory, "model.safetensors", input)),
  },
  // What passes the check is loaded in this process, not in one of its own as users have it: it must not break that either.
  torchscript: {
    prepare: openEngine,
    make(random) {
      const mutated = (list) => mutateBytes(random, list[random.below(list.length)], list);
      const [weights, ...others] = parts();
      switch (random.below(4)) {
        case 0:
          return mutated([archive()]);
        case 1:
          return archive(parts(mutated(sources.map((text) => Buffer.from(text))).toString("latin1")));
        case 2:
          return archive(parts(sources[0], mutated(pickles)));
        default:
          return archive([{ ...weights, bytes: mutated([weights.bytes]) }, ...others]);
      }
    },
    async read(input, directory) {
      const script = put(directory, "model.pt", input);
      await checkTorchScriptFile(script);
      const model = await NativeModel.load({
        ...loadSpec,
        config: { model_type: "torchscript" },
        labels,
        script,
      });
      await model.dispose();
    },
  },
  config: {
    prepare: openEngine,
    make: (random) => {
      const document = configs[random.below(configs.length)];
      if (random.below(10) === 0) return mutateBytes(random, Buffer.from(JSON.stringify(document)), files);
      return Buffer.from(JSON.stringify(mutateJson(random, document, configWords)));
    },
    async read(input, directory) {
      const { config, labels } = await readModelConfig(put(directory, "config.json", input));
      if (isLarge(config)) return; // a real model, which takes its time
      const model = await NativeModel.load({ ...loadSpec, config, labels: labels.names.length });
      await model
        .predict({ ids: Int32Array.of(1, 2, 3), offsets: Int32Array.of(0, 3) })
        .finally(() => model.dispose());
    },
  },
  tokenizer: {
    make: (random) => {
      const document = tokenizers[random.below(tokenizers.length)];
      const text = Buffer.from(JSON.stringify(document));
      if (random.below(10) === 0) return mutateBytes(random, text, [text]);
      return Buffer.from(JSON.stringify(mutateJson(random, document, tokenizerWords)));
    },
    async read(input, directory) {
      put(directory, "tokenizer.json", input);
      const encoder = await Encoder.load({ directory, modelType: "bert" });
      await encoder.encode([...probes], 4);
    },
  },
  vocabulary: {
    make(random) {
      const kind = random.below(vocabularies.length);
      return Buffer.concat([Buffer.of(kind), mutateBytes(random, vocabularyFiles[kind], vocabularyFiles)]);
    },
    async read(input, directory) {
      const { type, names } = vocabularies[input[0]];
      const folder = join(directory, type);
      let rest = input.subarray(1);
      for (const name of names) {
        const end = name === names.at(-1) ? -1 : rest.indexOf(separator);
        put(folder, name, end < 0 ? rest : rest.subarray(0, end));
        rest = end < 0 ? Buffer.alloc(0) : rest.subarray(end + 1);
      }
      const encoder = await Encoder.load({ directory: folder, modelType: type });
      await encoder.encode([...probes], 4);
    },
  },
  json: {
    make: (random) => mutateBytes(random, arrays[random.below(2)], arrays),
    read: (input, directory) => readDataset(put(directory, "table.json", input)),
  },
  parquet: {
    make: (random) => mutateBytes(random, parquetFiles[random.below(parquetFiles.length)], parquetFiles),
    async read(input, directory) {
      for await (const _ of readTexts(put(directory, "table.parquet", input), { text: "text" }));
    },
  },
  csv: {
    make: (random) =>
      Buffer.concat([
        Buffer.of(random.below(3)),
        mutateBytes(random, tables[random.below(tables.length)], tables),
      ]),
    async read(input, directory) {
      const name = ["table.csv", "table.tsv", "table.jsonl"][input[0] ?? 0] ?? "table.csv";
      const file = put(directory, name, input.subarray(1));
      const onBadRow = input.length % 2 ? "skip" : "error";
      const { dataset } = await readDataset(file, {
        onBadRow,
        ...(input.includes("tags") && { labelColumn: "tags" }),
      });
      checkDataset(dataset);
    },
  },
};

/** Large by what it says, or by what is taken where it says nothing. */
function isLarge(config) {
  const small = configs.find(({ model_type }) => model_type === config.model_type) ?? bert;
  const sizes = Object.keys(small).filter((key) => typeof small[key] === "number" && small[key] >= 1);
  return (
    sizes.some((key) => config[key] == null) ||
    Object.values(config).some((value) => typeof value === "number" && value > 4096)
  );
}

function put(directory, name, bytes) {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, name);
  writeFileSync(file, bytes);
  return file;
}
