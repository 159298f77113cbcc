// What words alone can tell: TF-IDF of single words and a logistic regression for each label. The quickstart prints its
// score next to the transformer's, to show how much of the task is word order.

const strengths = [3e-5, 1e-5];
const thresholds = [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6];
const steps = 300;

/**
 * Trains on `dataset`, and returns the logits of the strings `texts`, `[texts * labels]`.
 *
 * The strength of the L2 penalty and the threshold are those with the best micro-F1 on every tenth training row, held
 * back for that; the logits are shifted so that 0 stands for the threshold.
 */
export function bagOfWords(dataset, texts) {
  const training = { ...dataset, texts: [...dataset.texts] }; // a table's texts are packed
  const rows = [...training.texts.keys()];
  const held = rows.filter((row) => row % 10 === 0);
  const rest = rows.filter((row) => row % 10 !== 0);
  const tried = strengths.flatMap((strength) => {
    const logits = fitAndScore(
      training,
      rest,
      strength,
      held.map((row) => training.texts[row]),
    );
    return thresholds.map((threshold) => {
      const shift = Math.log(threshold / (1 - threshold));
      return { strength, shift, f1: microF1(logits, shift, training, held) };
    });
  });
  const best = tried.reduce((a, b) => (b.f1 > a.f1 ? b : a));
  return fitAndScore(training, rows, best.strength, [...texts]).map((logit) => logit - best.shift);
}

function fitAndScore({ texts, labels, labelNames }, rows, strength, newTexts) {
  const width = labelNames.length;
  const features = new TfIdf(rows.map((row) => texts[row]));
  const inputs = rows.map((row) => features.vector(texts[row]));
  const newInputs = newTexts.map((text) => features.vector(text));
  const logits = new Float32Array(newTexts.length * width);
  for (let label = 0; label < width; label++) {
    const targets = rows.map((row) => labels[row * width + label]);
    const weights = logisticRegression(inputs, targets, features.size, strength);
    newInputs.forEach((input, i) => {
      logits[i * width + label] = dot(weights, input);
    });
  }
  return logits;
}

/** Vectors of unit length over the words that occur in at least two texts, with a constant in front. */
class TfIdf {
  #columns = new Map();
  #weights = [1];

  constructor(texts) {
    const counts = new Map();
    for (const text of texts) {
      for (const word of new Set(wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    for (const [word, count] of counts) {
      if (count < 2) continue;
      this.#columns.set(word, this.#weights.length);
      this.#weights.push(Math.log((1 + texts.length) / (1 + count)) + 1);
    }
  }

  get size() {
    return this.#weights.length;
  }

  /** `{ columns, values }`, without the zeros. */
  vector(text) {
    const counts = new Map();
    for (const word of wordsOf(text)) {
      const column = this.#columns.get(word);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    const columns = [...counts.keys()];
    const values = columns.map((column) => (1 + Math.log(counts.get(column))) * this.#weights[column]);
    const length = Math.hypot(...values) || 1;
    return {
      columns: Int32Array.of(0, ...columns),
      values: Float64Array.of(1, ...values.map((value) => value / length)),
    };
  }
}

function wordsOf(text) {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** Least mean log loss plus `strength / 2` times the squared weights, by Nesterov's accelerated gradient descent. */
function logisticRegression(inputs, targets, size, strength) {
  const known = [...targets.keys()].filter((row) => !Number.isNaN(targets[row]));
  // The loss curves by at most a quarter of a row's squared length, which is 2 with the constant.
  const rate = 1 / (0.5 + strength);
  let weights = new Float64Array(size);
  let ahead = weights;
  for (let step = 0; step < steps; step++) {
    const next = ahead.map((weight, column) => weight * (1 - (column === 0 ? 0 : rate * strength)));
    for (const row of known) {
      const { columns, values } = inputs[row];
      const error = 1 / (1 + Math.exp(-dot(ahead, inputs[row]))) - targets[row];
      for (let i = 0; i < columns.length; i++) next[columns[i]] -= (rate * error * values[i]) / known.length;
    }
    const momentum = step / (step + 3);
    const last = weights;
    ahead = next.map((weight, column) => weight + momentum * (weight - last[column]));
    weights = next;
  }
  return weights;
}

function dot(weights, { columns, values }) {
  let sum = 0;
  for (let i = 0; i < columns.length; i++) sum += weights[columns[i]] * values[i];
  return sum;
}

function microF1(logits, shift, { labels, labelNames }, rows) {
  const width = labelNames.length;
  let [hits, predicted, set] = [0, 0, 0];
  logits.forEach((logit, i) => {
    const label = labels[rows[Math.floor(i / width)] * width + (i % width)];
    if (Number.isNaN(label)) return;
    const chosen = logit > shift;
    hits += Number(chosen && label === 1);
    predicted += Number(chosen);
    set += label;
  });
  return (2 * hits) / (predicted + set || 1);
}
