// Texts of all scripts, and of what tokenizers trip over, drawn from a seed.
import { generator, type Random } from "../../src/base/random.js";

/** Code points from the first to the last, by what they are. */
const ranges: readonly (readonly [number, number])[] = [
  [0x20, 0x7e], // ASCII
  [0xa0, 0x24f], // Latin with accents
  [0x250, 0x36f], // phonetic letters, combining marks
  [0x370, 0x3ff], // Greek
  [0x400, 0x52f], // Cyrillic
  [0x531, 0x58f], // Armenian
  [0x591, 0x5f4], // Hebrew with its points
  [0x600, 0x6ff], // Arabic
  [0x900, 0x97f], // Devanagari
  [0x980, 0x9fe], // Bengali
  [0xb82, 0xbfa], // Tamil
  [0xe01, 0xe5b], // Thai
  [0xf00, 0xfda], // Tibetan
  [0x1000, 0x109f], // Burmese
  [0x10a0, 0x10ff], // Georgian
  [0x1100, 0x11ff], // Hangul in its parts
  [0x1200, 0x137c], // Ethiopic
  [0x13a0, 0x13f5], // Cherokee
  [0x1780, 0x17f9], // Khmer
  [0x1820, 0x1878], // Mongolian
  [0x1e00, 0x1fff], // more Latin and Greek
  [0x2000, 0x206f], // blanks, marks of direction, joiners
  [0x2070, 0x20c0], // superscripts, currencies
  [0x2100, 0x23ff], // letterlike signs, arrows, mathematics
  [0x2460, 0x27bf], // enclosed numbers, box drawing, dingbats
  [0x3000, 0x30ff], // Japanese
  [0x3105, 0x318e], // Bopomofo, Hangul
  [0x3200, 0x33ff], // enclosed and squared CJK
  [0x3400, 0x9fff], // Han
  [0xa000, 0xa4c6], // Yi
  [0xac00, 0xd7a3], // Hangul
  [0xe000, 0xf8ff], // for private use
  [0xf900, 0xfaff], // Han, for compatibility
  [0xfb00, 0xfdff], // ligatures, presentation forms
  [0xfe00, 0xfe0f], // variants
  [0xff01, 0xffee], // half and full width
  [0xfff9, 0xffff], // specials
  [0x10330, 0x1034a], // Gothic
  [0x12000, 0x12399], // cuneiform
  [0x1d400, 0x1d7ff], // mathematical letters
  [0x1f1e6, 0x1f1ff], // flags
  [0x1f300, 0x1faff], // emoji
  [0x20000, 0x2a6df], // rare Han
  [0xe0020, 0xe007f], // tags
];

const controls: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
];

const words = [
  ...[
    "the",
    "and",
    "unbelievable",
    "tokenization",
    "don't",
    "can't've",
    "U.S.A.",
    "naïve",
    "Straße",
    "İstanbul",
  ],
  ...[
    "I'm",
    "``quoted''",
    "e-mail@example.com",
    "https://example.com/?q=1&r=%20",
    "1,234.56",
    "x²",
    "ﬁn",
    "…",
  ],
  ...[
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "[PAD]",
    "<s>",
    "</s>",
    "<mask>",
    "<unk>",
    "<pad>",
    "<sep>",
    "<cls>",
  ],
  ...[
    "👍🏽",
    "👨‍👩‍👧",
    "🏳️‍🌈",
    "❤️",
    "हिन्दी",
    "日本語",
    "한국어",
    "ภาษาไทย",
    "العربية",
    "##ing",
    "▁the",
    "Ġthe",
  ],
];

/** `count` texts; among them the empty one, blank ones, very long ones and single words of thousands of letters. */
export function manyTexts(count: number, seed: number): string[] {
  const random = generator(seed, "many texts");
  const special = [
    ...["", " ", "\n\t\r ", "\0", "\u3000\u00a0\u2028", "a".repeat(20_000), "word ".repeat(10_000)],
    ...["東".repeat(5000), "👍".repeat(3000), "e\u0301".repeat(3000), `a${"\u0301".repeat(2000)}`],
  ];
  return [...special, ...Array.from({ length: count - special.length }, () => text(random))];
}

function text(random: Random): string {
  const scripts = Array.from({ length: 1 + random.below(3) }, () => oneOf(random, ranges));
  const length = random.below(100) === 0 ? 2000 : random.below(40);
  return Array.from({ length }, () => piece(random, scripts)).join("");
}

/** A word, some white space or control character, or a letter or two of one of the scripts. */
function piece(random: Random, scripts: readonly (readonly [number, number])[]): string {
  switch (random.below(12)) {
    case 0:
      return ` ${oneOf(random, words)}`;
    case 1:
      return oneOf(random, words);
    case 2:
    case 3:
      return oneOf(random, [" ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u200b"]);
    case 4:
      return random.below(3) === 0 ? character(random, oneOf(random, controls)) : ".";
    default:
      return character(random, oneOf(random, scripts)).repeat(1 + random.below(2));
  }
}

function character(random: Random, [first, last]: readonly [number, number]): string {
  return String.fromCodePoint(first + random.below(last - first + 1));
}

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)]!;
}
