// The sentences that decide the labels. Each function draws what is the case and then the words for it, and returns
// `{ text, labels }`.
import * as phrases from "./phrases.mjs";

/** How often a topic is the one with a problem: the labels are as unbalanced as in a real queue. */
const topicWeights = { bug: 10, billing: 7, delivery: 5 };
const requestWeights = { refund: 5, cancellation: 3 };

/** Fills `{slots}` from `words`, then what is left (also inside of those words) from the general slots. */
export function fill(choices, template, words = {}) {
  const filled = template.replace(/\{([^}]+)\}/g, (slot, name) => words[name] ?? slot);
  return filled.replace(/\{(\w+)\}/g, (slot, name) => {
    if (name === "order") return String(choices.between(10_000, 99_999));
    if (name === "count") return String(choices.between(2, 19));
    return choices.one(phrases.slots[name] ?? [slot]);
  });
}

/** One thing that has a problem, or has none. */
export function problem(choices) {
  const topic = choices.weighted(topicWeights);
  const wrong = choices.chance(0.5);
  const text = fill(choices, choices.one(wrong ? phrases.problems.bad : phrases.problems.fine), {
    thing: thing(choices, topic),
    is: state(choices, topic, wrong),
  });
  return { text, labels: wrong ? [topic] : [] };
}

/** Two things that both have a problem, or both have none. */
export function problemPair(choices) {
  const [first, second] = twoTopics(choices);
  const wrong = choices.chance(0.5);
  const text = fill(choices, choices.one(wrong ? phrases.problemPairs.bad : phrases.problemPairs.fine), {
    thing: thing(choices, first),
    is: state(choices, first, wrong),
    other: thing(choices, second),
    "is too": state(choices, second, wrong),
  });
  return { text, labels: wrong ? [first, second] : [] };
}

/** Two things, and only one has a problem. */
export function contrast(choices) {
  const [bad, fine] = twoTopics(choices);
  const text = fill(choices, choices.one(phrases.contrasts), {
    bad: thing(choices, bad),
    "is bad": state(choices, bad, true),
    fine: thing(choices, fine),
    "is fine": state(choices, fine, false),
  });
  return { text, labels: [bad] };
}

/** Something that is asked for, is not, or has been done already. */
export function request(choices) {
  const kind = choices.weighted(requestWeights);
  const way = choices.weighted({ wanted: 5, unwanted: 5, done: 1 });
  const text = fill(choices, choices.one(phrases.singleRequests[way]), requestWords(choices, kind));
  return { text, labels: way === "wanted" ? [kind] : [] };
}

/** One thing is asked for and the other is not. */
export function alternative(choices) {
  const kind = choices.weighted(requestWeights);
  const other = choices.one(Object.keys(phrases.requests).filter((name) => name !== kind));
  const [wanted, unwanted] = choices.chance(0.6) ? [kind, other] : [other, kind];
  const text = fill(choices, choices.one(phrases.alternatives), {
    ...requestWords(choices, wanted, "want "),
    ...requestWords(choices, unwanted, "not "),
  });
  return { text, labels: wanted === "other" ? [] : [wanted] };
}

/** Refund and cancellation, both asked for or neither. */
export function requestPair(choices) {
  const [first, second] = choices.shuffled(["refund", "cancellation"]);
  const wanted = choices.chance(0.4);
  const text = fill(
    choices,
    choices.one(wanted ? phrases.requestPairs.wanted : phrases.requestPairs.unwanted),
    {
      ...requestWords(choices, first, "first "),
      ...requestWords(choices, second, "second "),
    },
  );
  return { text, labels: wanted ? [first, second] : [] };
}

/** A request that hangs on whether a thing has a problem. */
export function condition(choices) {
  const topic = choices.weighted(topicWeights);
  const kind = choices.weighted(requestWeights);
  const holds = choices.chance(0.5);
  const text = fill(choices, choices.one(holds ? phrases.conditions.holds : phrases.conditions.fails), {
    ...requestWords(choices, kind),
    thing: thing(choices, topic),
    had: choices.one(phrases.topics[topic].had),
    is: state(choices, topic, holds),
  });
  return { text, labels: holds ? [topic, kind] : [] };
}

export function urgency(choices) {
  const urgent = choices.chance(0.5);
  const text = fill(choices, choices.one(urgent ? phrases.urgency.urgent : phrases.urgency.patient));
  return { text, labels: urgent ? ["urgent"] : [] };
}

function twoTopics(choices) {
  const first = choices.weighted(topicWeights);
  const others = Object.keys(topicWeights).filter((topic) => topic !== first);
  return [first, choices.one(others)];
}

function thing(choices, topic) {
  return choices.one(phrases.topics[topic].things);
}

/** What is said of a thing: half of it could be said of any thing. */
function state(choices, topic, wrong) {
  const source = choices.chance(0.5) ? phrases.anything : phrases.topics[topic];
  return choices.one(wrong ? source.bad : source.fine);
}

function requestWords(choices, kind, prefix = "") {
  const forms = Object.entries(phrases.requests[kind]);
  return Object.fromEntries(forms.map(([form, words]) => [prefix + form, choices.one(words)]));
}
