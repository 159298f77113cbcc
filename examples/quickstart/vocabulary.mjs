// node examples/quickstart/vocabulary.mjs: learns model/vocab.txt from the tickets.
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { quickstartTickets } from "./generate.mjs";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const punctuation = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

/**
 * The entries of a WordPiece vocabulary: every letter, so that no word is unknown, and then pieces that grow by joining
 * the two neighbours that occur most often (Sennrich, Haddow and Birch 2016), until there are `size` entries.
 *
 * A pair must occur `minimum` times: rarer ones are typing errors. Order numbers stay digits.
 */
export function learnVocabulary(texts, size, minimum) {
  const words = countWords(texts);
  const entries = new Set([
    ...special,
    ...punctuation,
    ...letters,
    ...letters.map((letter) => `##${letter}`),
  ]);
  while (entries.size < size) {
    const best = mostFrequentPair(words);
    if (best.count < minimum) break;
    entries.add(joined(best.first, best.second));
    for (const word of words) word.pieces = joinPair(word.pieces, best);
  }
  return [...entries];
}

/** The entries of model/vocab.txt. */
export function quickstartVocabulary() {
  const texts = quickstartTickets().map((ticket) => ticket.text);
  return learnVocabulary(texts, 1200, 20);
}

/** The words as BERT cuts them, each with its count and its letters. */
function countWords(texts) {
  const counts = new Map();
  for (const text of texts) {
    for (const word of text.toLowerCase().match(/[a-z]+/g) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => {
    return { count, pieces: [...word].map((letter, i) => (i === 0 ? letter : `##${letter}`)) };
  });
}

function mostFrequentPair(words) {
  const pairs = new Map();
  for (const { pieces, count } of words) {
    for (let i = 1; i < pieces.length; i++) {
      const key = `${pieces[i - 1]} ${pieces[i]}`;
      pairs.set(key, (pairs.get(key) ?? 0) + count);
    }
  }
  let [best, most] = ["", 0];
  for (const [key, count] of pairs) if (count > most) [best, most] = [key, count];
  const [first, second] = best.split(" ");
  return { first, second, count: most };
}

function joined(first, second) {
  return first + second.slice(2);
}

function joinPair(pieces, { first, second }) {
  const result = [];
  for (const piece of pieces) {
    if (piece === second && result.at(-1) === first) result.push(joined(result.pop(), piece));
    else result.push(piece);
  }
  return result;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const entries = quickstartVocabulary();
  writeFileSync(new URL("model/vocab.txt", import.meta.url), `${entries.join("\n")}\n`);
  console.log(`${entries.length} entries`);
}
