// The rows of a table as TF-IDF of words and characters: scikit-learn's TfidfVectorizer twice, with `analyzer="word"`,
// `ngram_range=(1, 2)`, `sublinear_tf=True`, and with `analyzer="char_wb"`, `ngram_range=(2, 5)`; `min_df=2` in both.
import { PairIds } from "./pair-ids.js";
import { Counter, IdLists, SparseMatrix } from "./sparse-matrix.js";
import { chunksOf, gramsOf, readable, wordsOf } from "./terms.js";

/** What occurs in fewer rows says nothing about others. */
const leastRows = 2;
/** The most frequent ones of each kind are kept. */
const mostFeatures = 2 ** 18;

/** Terms, or grams, of a bag of words. */
export interface Features {
  readonly names: readonly string[];
  /** The inverse document frequency of each. */
  readonly idf: Float32Array;
}

/** A table's rows in features. */
export interface FeatureRows {
  /** Words and pairs of neighbours. */
  readonly terms: Features;
  /** Runs of characters. */
  readonly grams: Features;
  /** `[rows, terms]`, each row of length 1. */
  readonly termRows: SparseMatrix;
  /**
   * `[rows, chunks]` and `[chunks, grams]`, whose product has rows of length 1. A language has far fewer words than a table
   * has characters, so that both together have a tenth of the product's values.
   */
  readonly chunkRows: SparseMatrix;
  readonly gramsOfChunks: SparseMatrix;
}

/** Finds the features of some texts, and each text in them. */
export function featureRows(texts: Iterable<string>): FeatureRows {
  const words = new WordCollector();
  const chunks = new ChunkCollector();
  for (const text of texts) {
    const read = readable(text);
    words.addText(read);
    chunks.addText(read);
  }
  return { ...words.finish(), ...chunks.finish() };
}

/** Numbers the words and pairs of texts, and keeps the numbers of each text. */
class WordCollector {
  readonly #words = new Map<string, number>();
  readonly #pairs = new PairIds();
  readonly #lists = new IdLists();
  #size = 0;

  addText(text: string): void {
    let last = -1;
    for (const word of wordsOf(text)) {
      const id = this.#idOf(word);
      this.#lists.add(id);
      if (last >= 0) this.#lists.add(this.#idOfPair(last, id));
      last = id;
    }
    this.#lists.endList();
  }

  finish(): Pick<FeatureRows, "terms" | "termRows"> {
    const lists = this.#lists;
    const frequencies = new Int32Array(this.#size);
    const counter = new Counter(this.#size);
    for (let row = 0; row < lists.length; row++) {
      for (const id of lists.at(row)) counter.add(id);
      for (const [id] of counter.take()) frequencies[id]!++;
    }
    const kept = keepFrequent(frequencies);
    const idf = idfOf(kept, frequencies, lists.length);
    return { terms: { names: this.#names(kept), idf }, termRows: termRows(lists, kept, idf) };
  }

  #idOf(word: string): number {
    const id = this.#words.get(word);
    if (id !== undefined) return id;
    this.#words.set(word, this.#size);
    return this.#size++;
  }

  #idOfPair(first: number, second: number): number {
    const id = this.#pairs.idOf(first, second, this.#size);
    if (id === this.#size) this.#size++;
    return id;
  }

  #names({ columns, size }: Kept): string[] {
    const names = new Array<string>(size);
    const wordOf = new Map<number, string>();
    for (const [word, id] of this.#words) {
      wordOf.set(id, word);
      if (columns[id]! >= 0) names[columns[id]!] = word;
    }
    for (const [first, second, id] of this.#pairs.entries()) {
      if (columns[id]! >= 0) names[columns[id]!] = `${wordOf.get(first)} ${wordOf.get(second)}`;
    }
    return names;
  }
}

function termRows(lists: IdLists, { columns, size }: Kept, idf: Float32Array): SparseMatrix {
  const rows = new RowBuilder();
  const counter = new Counter(size);
  for (let row = 0; row < lists.length; row++) {
    for (const id of lists.at(row)) if (columns[id]! >= 0) counter.add(columns[id]!);
    for (const [column, count] of counter.take()) rows.add(column, termWeight(count) * idf[column]!);
    rows.endRow({ normalised: true });
  }
  return rows.matrix(size);
}

/** How much a term counts that occurs so often in a text. */
export function termWeight(count: number): number {
  return 1 + Math.log(count);
}

/** Numbers what stands between blanks, and its grams, and keeps the numbers of each text. */
class ChunkCollector {
  readonly #chunks = new Map<string, number>();
  readonly #grams = new Map<string, number>();
  /** The chunks of each text. */
  readonly #lists = new IdLists();
  /** The grams of each chunk. */
  readonly #gramLists = new IdLists();

  addText(text: string): void {
    for (const chunk of chunksOf(text)) this.#lists.add(this.#chunks.get(chunk) ?? this.#addChunk(chunk));
    this.#lists.endList();
  }

  #addChunk(chunk: string): number {
    const id = this.#chunks.size;
    this.#chunks.set(chunk, id);
    for (const gram of gramsOf(chunk)) {
      const known = this.#grams.get(gram);
      this.#gramLists.add(known ?? this.#grams.size);
      if (known === undefined) this.#grams.set(gram, this.#grams.size);
    }
    this.#gramLists.endList();
    return id;
  }

  finish(): Pick<FeatureRows, "grams" | "chunkRows" | "gramsOfChunks"> {
    const frequencies = this.#frequencies();
    const kept = keepFrequent(frequencies);
    const idf = idfOf(kept, frequencies, this.#lists.length);
    const names = new Array<string>(kept.size);
    for (const [gram, id] of this.#grams) if (kept.columns[id]! >= 0) names[kept.columns[id]!] = gram;
    const gramsOfChunks = gramRows(this.#gramLists, kept, idf);
    return { grams: { names, idf }, gramsOfChunks, chunkRows: this.#chunkRows(gramsOfChunks) };
  }

  /** In how many texts each gram occurs. */
  #frequencies(): Int32Array {
    const frequencies = new Int32Array(this.#grams.size);
    const lastRow = new Int32Array(this.#grams.size).fill(-1);
    const chunks = new Counter(this.#chunks.size);
    for (let row = 0; row < this.#lists.length; row++) {
      for (const id of this.#lists.at(row)) chunks.add(id);
      for (const [chunk] of chunks.take()) {
        for (const gram of this.#gramLists.at(chunk)) {
          if (lastRow[gram] === row) continue;
          lastRow[gram] = row;
          frequencies[gram]!++;
        }
      }
    }
    return frequencies;
  }

  /** How often each chunk occurs in each text, divided by the length of what the text has in grams. */
  #chunkRows({ columns, starts, ids, values }: SparseMatrix): SparseMatrix {
    const rows = new RowBuilder();
    const chunks = new Counter(this.#chunks.size);
    const sums = new Float64Array(columns);
    for (let row = 0; row < this.#lists.length; row++) {
      for (const id of this.#lists.at(row)) chunks.add(id);
      const counts = [...chunks.take()];
      for (const [chunk, count] of counts) {
        for (let i = starts[chunk]!; i < starts[chunk + 1]!; i++) sums[ids[i]!]! += count * values[i]!;
      }
      let square = 0;
      for (const [chunk] of counts) {
        for (let i = starts[chunk]!; i < starts[chunk + 1]!; i++) {
          square += sums[ids[i]!]! ** 2;
          sums[ids[i]!] = 0;
        }
      }
      for (const [chunk, count] of counts) if (square > 0) rows.add(chunk, count / Math.sqrt(square));
      rows.endRow({ normalised: false });
    }
    return rows.matrix(this.#chunks.size);
  }
}

function gramRows(lists: IdLists, { columns, size }: Kept, idf: Float32Array): SparseMatrix {
  const rows = new RowBuilder();
  const counter = new Counter(size);
  for (let chunk = 0; chunk < lists.length; chunk++) {
    for (const id of lists.at(chunk)) if (columns[id]! >= 0) counter.add(columns[id]!);
    for (const [column, count] of counter.take()) rows.add(column, count * idf[column]!);
    rows.endRow({ normalised: false });
  }
  return rows.matrix(size);
}

/** The features that are kept. */
interface Kept {
  readonly size: number;
  /** The column of each, `[all]`; -1 for one that is not kept. */
  readonly columns: Int32Array;
}

/** The most frequent ones; between equals, those that occurred first. */
function keepFrequent(frequencies: Int32Array): Kept {
  const columns = new Int32Array(frequencies.length).fill(-1);
  const ids = Int32Array.from(frequencies.keys()).filter((id) => frequencies[id]! >= leastRows);
  const kept =
    ids.length <= mostFeatures
      ? ids
      : ids
          .sort((a, b) => frequencies[b]! - frequencies[a]! || a - b)
          .subarray(0, mostFeatures)
          .sort();
  for (const [column, id] of kept.entries()) columns[id] = column;
  return { size: kept.length, columns };
}

function idfOf({ size, columns }: Kept, frequencies: Int32Array, rows: number): Float32Array {
  const idf = new Float32Array(size);
  for (const [id, column] of columns.entries()) {
    if (column >= 0) idf[column] = Math.log((1 + rows) / (1 + frequencies[id]!)) + 1;
  }
  return idf;
}

/** Builds a {@link SparseMatrix} row by row. */
class RowBuilder {
  readonly #starts = [0];
  #ids = new Int32Array(1024);
  #values = new Float32Array(1024);
  #length = 0;

  add(id: number, value: number): void {
    if (this.#length === this.#ids.length) this.#grow();
    this.#ids[this.#length] = id;
    this.#values[this.#length++] = value;
  }

  /** @param normalised whether the row is to have the length 1 */
  endRow({ normalised }: { readonly normalised: boolean }): void {
    const row = this.#values.subarray(this.#starts.at(-1)!, this.#length);
    if (normalised) {
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      for (let i = 0; i < row.length; i++) row[i]! /= length;
    }
    this.#starts.push(this.#length);
  }

  matrix(columns: number): SparseMatrix {
    const ids = this.#ids.slice(0, this.#length);
    const values = this.#values.slice(0, this.#length);
    return new SparseMatrix(columns, Float64Array.from(this.#starts), ids, values);
  }

  #grow(): void {
    const ids = new Int32Array(2 * this.#length);
    const values = new Float32Array(2 * this.#length);
    ids.set(this.#ids);
    values.set(this.#values);
    this.#ids = ids;
    this.#values = values;
  }
}
