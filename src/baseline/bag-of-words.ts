// A classifier that knows words and characters but not their order: what a model has to be better than.
import { type Features, featureRows, termWeight } from "./features.js";
import { fitLogisticRegression, type LogisticRegression, type Targets } from "./logistic-regression.js";
import { chunksOf, gramsOf, readable, wordsOf } from "./terms.js";

/** Features and what each adds to a label's logit: plain data. */
export interface BagOfWords extends LogisticRegression {
  readonly labels: readonly string[];
  readonly terms: Features;
  readonly grams: Features;
}

/** The penalty's inverse with which a table of thousands of rows and one of a hundred thousand do well. */
export const usualInversePenalty = 10;

/** Fits a bag of words to labelled texts; see {@link fitLogisticRegression}. */
export function fitBagOfWords(
  texts: Iterable<string>,
  labelNames: readonly string[],
  targets: Omit<Targets, "width">,
  inversePenalty: number = usualInversePenalty,
): BagOfWords {
  const rows = featureRows(texts);
  const { terms, grams } = rows;
  const fitted = fitLogisticRegression(rows, { ...targets, width: labelNames.length }, inversePenalty);
  return { labels: labelNames, terms, grams, ...fitted };
}

/** Tells the logits of texts. */
export class BagOfWordsScorer {
  readonly #model: BagOfWords;
  readonly #terms: ReadonlyMap<string, number>;
  readonly #grams: ReadonlyMap<string, number>;

  constructor(model: BagOfWords) {
    this.#model = model;
    this.#terms = placesOf(model.terms);
    this.#grams = placesOf(model.grams);
  }

  /** The logits of a text, `[labels]`. */
  logits(text: string): Float32Array {
    const { labels, bias, terms, grams, termWeights, gramWeights } = this.#model;
    const sums = Float64Array.from(bias);
    const read = readable(text);
    const termCounts = countsOf(termsOf(read), this.#terms);
    addFeatures(sums, termCounts, termWeight, terms.idf, termWeights);
    const gramCounts = countsOf(gramsOfText(read), this.#grams);
    addFeatures(sums, gramCounts, (count) => count, grams.idf, gramWeights);
    return Float32Array.from({ length: labels.length }, (_, label) => sums[label]!);
  }
}

function placesOf({ names }: Features): Map<string, number> {
  return new Map(names.map((name, place) => [name, place]));
}

function* termsOf(text: string): Generator<string> {
  let last: string | undefined;
  for (const word of wordsOf(text)) {
    yield word;
    if (last !== undefined) yield `${last} ${word}`;
    last = word;
  }
}

function* gramsOfText(text: string): Generator<string> {
  for (const chunk of chunksOf(text)) yield* gramsOf(chunk);
}

/** How often each known feature occurs. */
function countsOf(found: Iterable<string>, places: ReadonlyMap<string, number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const name of found) {
    const place = places.get(name);
    if (place !== undefined) counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

/** Adds the weights of a text's features, as a row of length 1, to the logits. */
function addFeatures(
  logits: Float64Array,
  counts: ReadonlyMap<number, number>,
  weightOf: (count: number) => number,
  idf: Float32Array,
  weights: Float32Array,
): void {
  const width = logits.length;
  let square = 0;
  for (const [place, count] of counts) square += (weightOf(count) * idf[place]!) ** 2;
  const length = Math.sqrt(square);
  for (const [place, count] of counts) {
    const value = (weightOf(count) * idf[place]!) / length;
    for (let label = 0; label < width; label++) logits[label]! += value * weights[place * width + label]!;
  }
}
