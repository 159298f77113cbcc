// Look-alikes of the Kaggle data "Toxic Comment Classification Challenge": as many rows, the same columns, the same number of
// each label, texts as long. The words are invented, and so are the bad ones.
import { Choices } from "../quickstart/random.mjs";
import { badWords, commonWords, rareWords } from "./words.mjs";

export const labelNames = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"];

/** What the notebook counted: https://github.com/rap12391/transformers_multilabel_toxic at 2daf4e5. */
export const shapes = {
  train: { rows: 159_571, labelled: 159_571, positives: [15_294, 1_595, 8_449, 478, 7_877, 1_405] },
  test: { rows: 153_164, labelled: 63_978, positives: [6_090, 367, 3_691, 211, 3_427, 712] },
};

/** Rows with any label, for each toxic one. */
const anyPerToxic = 1.06;
/** How far each label follows how bad a comment is; the rest is chance. */
const dependence = [2.5, 4, 2, 0.8, 2, 1];

/** Words of a comment: a log-normal distribution with the notebook's mean, 67.27, and deviation, 99.23, cut at Kaggle's 5,000 characters. */
const lengths = { mean: 3.513, deviation: 1.175, most: 1411 };
const mostCharacters = 5000;

/**
 * The rows of a table, one after the other: `{ id, text, labels }`, with -1 for all labels of rows that are not labelled.
 *
 * @param shape one of `shapes`, or one like it
 */
export function* lookAlikes(shape, seed) {
  const choices = new Choices(seed);
  const labels = drawLabels(shape, choices);
  const seen = new Set();
  for (let row = 0; row < shape.rows; row++) {
    const own = labels[row];
    const id =
      (row + 1).toString(16).padStart(8, "0") +
      Math.floor(choices.number() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    yield { id, text: newComment(own ?? noLabels, choices, seen), labels: own ?? allMissing };
  }
}

/** Kaggle's comments are all different; only short ones could be the same by chance. */
function newComment(labels, choices, seen) {
  for (;;) {
    const text = comment(labels, choices);
    if (text.length > 100) return text;
    if (seen.has(text)) continue;
    seen.add(text);
    return text;
  }
}

const noLabels = labelNames.map(() => 0);
const allMissing = labelNames.map(() => -1);

/** Exactly as many of each label as asked for, which occur together as bad comments have them; `undefined` where not labelled. */
function drawLabels({ rows, labelled, positives }, choices) {
  const labels = new Array(rows);
  const order = choices.shuffled(Array.from({ length: rows }, (_, row) => row)).slice(0, labelled);
  for (const row of order) labels[row] = [...noLabels];
  const pool = order.slice(0, Math.ceil(positives[0] * anyPerToxic));
  const badness = new Map(pool.map((row) => [row, gaussian(choices)]));
  for (const [label, count] of positives.entries()) {
    // What is severely toxic is toxic.
    const candidates = label === 1 ? pool.filter((row) => labels[row][0] === 1) : pool;
    const scores = new Map(
      candidates.map((row) => [row, dependence[label] * badness.get(row) + gaussian(choices)]),
    );
    const worst = [...candidates].sort((a, b) => scores.get(b) - scores.get(a));
    for (const row of worst.slice(0, count)) labels[row][label] = 1;
  }
  return labels;
}

function comment(labels, choices) {
  const wanted = Math.min(
    lengths.most,
    Math.max(1, Math.round(Math.exp(lengths.mean + lengths.deviation * gaussian(choices)))),
  );
  const words = Array.from({ length: wanted }, () => word(choices));
  for (const [label, value] of labels.entries()) {
    // Neither all bad comments say so, nor are all that seem to say so bad.
    if (!choices.chance(value === 1 ? 0.93 : 0.001)) continue;
    for (let i = choices.between(1, 3); i > 0; i--)
      words[choices.between(0, wanted - 1)] = choices.one(badWords[label]);
  }
  return punctuate(words, choices).slice(0, mostCharacters);
}

/** Two words of three are common ones. */
function word(choices) {
  const words = choices.chance(0.68) ? commonWords : rareWords;
  // As Zipf found: the word of rank r occurs as often as 1 / r.
  return words[Math.floor(words.length ** choices.number()) - 1];
}

/** Sentences, with the quotes, line breaks and addresses that make real tables hard to read. */
function punctuate(words, choices) {
  let text = "";
  let startsSentence = true;
  for (const [i, word] of words.entries()) {
    text += startsSentence ? word[0].toUpperCase() + word.slice(1) : word;
    startsSentence = i === words.length - 1 || choices.chance(0.08);
    if (startsSentence) text += choices.weighted({ ".": 8, "!": 1, "?": 1 });
    else if (choices.chance(0.06)) text += choices.one([",", ";", ":", " -"]);
    if (i < words.length - 1) text += startsSentence && choices.chance(0.15) ? "\n\n" : " ";
  }
  if (choices.chance(0.12)) text = `"${text}"`;
  if (choices.chance(0.04)) text += ` http://example.org/wiki/${choices.between(1, 99_999)}`;
  return text;
}

/** Box and Muller's normal distribution. */
function gaussian(choices) {
  return Math.sqrt(-2 * Math.log(1 - choices.number())) * Math.cos(2 * Math.PI * choices.number());
}
