// TorchScript files made by hand: a bag of words, and whatever a test puts in the place of its parts.
import { crc32, deflateRawSync } from "node:zlib";

const vocabulary = 8;
export const labels = 2;

/** The weights: `[vocabulary, labels]`. */
export const weights = Float32Array.from({ length: vocabulary * labels }, (_, i) => Math.sin(i));

/** The body of `forward`, with `input_ids`, `attention_mask` and `weight` in reach. */
export const bagOfWords = [
  "x = torch.embedding(weight, input_ids)",
  "x0 = torch.dropout(x, 0.25, True)",
  "mask = torch.unsqueeze(attention_mask, -1)",
  "return torch.sum(torch.mul(x0, mask), [1])",
];

/**
 * Source code of the module's class.
 *
 * @param {readonly string[]} body
 * @param {readonly string[]} members
 */
export function code(body = bagOfWords, members = []) {
  return [
    "class Bag(Module):",
    '  __parameters__ = ["weight", ]',
    "  __buffers__ = []",
    "  training : bool",
    "  weight : Tensor",
    ...members.map((line) => `  ${line}`),
    "  def forward(self: __torch__.Bag,",
    "    input_ids: Tensor,",
    "    attention_mask: Tensor) -> Tensor:",
    "    weight = self.weight",
    ...body.map((line) => `    ${line}`),
    "",
  ].join("\n");
}

const text = (value) => {
  const bytes = Buffer.from(value);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from("X"), size, bytes]);
};
const number = (value) => Buffer.from([0x4d, value & 255, value >> 8]);
const raw = (value) => Buffer.from(value, "latin1");

/**
 * data.pkl: one object with its attributes: `training`, `weight`, `flags`, which are booleans, `buffers`, which follow the weights
 * in the storage, a number for each label, and `lists`, which are of integers and empty.
 *
 * @returns {Buffer}
 * @param {{ elements?: number, rows?: number, offset?: number, storage?: string, flags?: Record<string, boolean>,
 *   buffers?: readonly string[], lists?: readonly string[] }} [claim]
 */
export function pickle({
  elements = weights.length,
  rows = vocabulary,
  offset = 0,
  storage: type = "Float",
  flags = {},
  buffers = [],
  lists = [],
} = {}) {
  const storage = [
    raw("(("),
    text("storage"),
    raw(`ctorch\n${type}Storage\n`),
    text("0"),
    text("cpu"),
    number(elements),
  ];
  const tensor = (at, trained, ...sizes) => [
    raw("ctorch._utils\n_rebuild_tensor_v2\n"),
    ...storage,
    raw("tQ"),
    number(at),
    ...[raw("("), ...sizes.map(number), raw("t("), ...[labels, 1].slice(-sizes.length).map(number), raw("t")],
    raw(`${trained}ccollections\nOrderedDict\n)RtR`),
  ];
  return Buffer.concat([
    raw("\x80\x02c__torch__\nBag\n)\x81}("),
    ...Object.entries({ training: true, ...flags }).flatMap(([name, on]) => [
      text(name),
      raw(on ? "\x88" : "\x89"),
    ]),
    ...[text("weight"), ...tensor(offset, "\x88", rows, labels)],
    ...buffers.flatMap((name, i) => [text(name), ...tensor(weights.length + i * labels, "\x89", labels)]),
    ...lists.flatMap((name) => [text(name), raw("ctorch.jit._pickle\nbuild_intlist\n(]tR")]),
    raw("ub."),
  ]);
}

/**
 * The records of a module.
 *
 * @typedef {{ readonly name: string, readonly bytes: Buffer, readonly deflated?: boolean }} Part
 * @returns {Part[]}
 */
export function parts(source = code(), data = pickle()) {
  return [
    { name: "data/0", bytes: Buffer.from(weights.buffer) },
    { name: "data.pkl", bytes: data },
    { name: "code/__torch__.py", bytes: Buffer.from(source), deflated: true },
    { name: "constants.pkl", bytes: raw("\x80\x02).") },
    { name: "version", bytes: raw("10\n") },
    { name: "byteorder", bytes: raw("little") },
  ];
}

/**
 * A zip archive of the parts, in the manner of torch.jit.save.
 *
 * @param {readonly Part[]} records
 */
export function archive(records = parts()) {
  const bodies = [];
  const directory = [];
  let at = 0;
  for (const { name, bytes, deflated = false } of records) {
    const path = Buffer.from(`bag/${name}`, "latin1");
    const stored = deflated ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const body = Buffer.concat([raw("PK\x03\x04"), common, path, stored]);
    bodies.push(body);
    directory.push(raw("PK\x01\x02"), raw("\0\0"), common, place, path);
    at += body.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(records.length, 8);
  end.writeUInt16LE(records.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, entries, end]);
}
