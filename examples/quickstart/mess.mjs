// Makes tidy sentences look as if somebody had typed them in a hurry. Nothing here changes what a ticket means.

const contractions = {
  "do not": "don't",
  "does not": "doesn't",
  "did not": "didn't",
  "is not": "isn't",
  "was not": "wasn't",
  "has not": "hasn't",
  "would not": "wouldn't",
  cannot: "can't",
  "i am": "i'm",
  "there is": "there's",
};
const contracted = new RegExp(`\\b(${Object.keys(contractions).join("|")})\\b`, "g");

/** One text from `{ greeting, sentences, closing }`, in the habits of one writer. */
export function untidy({ greeting, sentences, closing }, choices) {
  const habits = {
    contracts: choices.weighted({ never: 6, properly: 3, sloppily: 1 }),
    capitals: choices.weighted({ proper: 6, none: 3, shouting: 0.2 }),
    typos: choices.chance(0.3) ? 0.03 : 0,
    end: choices.weighted({ ".": 8, "!": 1, "!!": 0.5, "...": 0.5, "": 1 }),
  };
  const body = sentences.map((sentence) => contract(sentence, habits.contracts, choices));
  const written = capitalise(join(greeting, body, closing, habits.end, choices), habits.capitals);
  return mistype(written, habits.typos, choices);
}

function contract(sentence, habit, choices) {
  if (habit === "never") return sentence;
  return sentence.replace(contracted, (words) => {
    if (choices.chance(0.3)) return words;
    return habit === "properly" ? contractions[words] : contractions[words].replace("'", "");
  });
}

function join(greeting, sentences, closing, end, choices) {
  const start = greeting && greeting + choices.one([", ", ",\n", " - ", "! "]);
  const body = sentences.reduce((text, sentence) => {
    const glue = choices.weighted({ stop: 6, and: 1, also: 1, dash: 0.5, newline: 0.5 });
    const between = {
      stop: `${end || ","} `,
      and: ", and ",
      also: `${end || ","} also, `,
      dash: " - ",
      newline: `${end}\n`,
    }[glue];
    return text + (text.endsWith("?") ? " " : between) + sentence;
  });
  return start + body + (closing ? `${end || "."} ${closing}` : end);
}

function capitalise(text, habit) {
  if (habit === "shouting") return text.toUpperCase();
  if (habit === "none") return text.toLowerCase();
  return text
    .replace(/(^|[.!?]\s+|\n)([a-z])/g, (_, before, letter) => before + letter.toUpperCase())
    .replace(/\bi\b/g, "I");
}

/** Swaps, drops or doubles a letter inside of long words. */
function mistype(text, rate, choices) {
  if (rate === 0) return text;
  return text.replace(/[A-Za-z]{5,}/g, (word) => {
    if (!choices.chance(rate)) return word;
    const i = choices.between(1, word.length - 3);
    const [a, b] = word.slice(i, i + 2);
    return word.slice(0, i) + choices.one([b + a, b, a + a + b]) + word.slice(i + 2);
  });
}
