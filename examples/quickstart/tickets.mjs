// Support tickets with their labels, as a queue would hold them.
import {
  alternative,
  condition,
  contrast,
  fill,
  problem,
  problemPair,
  request,
  requestPair,
  urgency,
} from "./clauses.mjs";
import { untidy } from "./mess.mjs";
import { closers, greetings, openers } from "./phrases.mjs";
import { Choices } from "./random.mjs";

export const labelNames = ["bug", "billing", "delivery", "refund", "cancellation", "urgent"];

/** Share of the labels that nobody filled in. */
const missingShare = 0.01;

/**
 * `count` tickets, no two with the same text: `{ id, text, labels }`, where `labels` has 1, 0 or `null` (not labelled)
 * for each of {@link labelNames}.
 */
export function writeTickets(count, seed) {
  const choices = new Choices(seed);
  const tickets = new Map();
  while (tickets.size < count) {
    const clauses = choices.shuffled(drawClauses(choices));
    const text = untidy(frame(clauses, choices), choices);
    if (tickets.has(text)) continue;
    const set = new Set(clauses.flatMap((clause) => clause.labels));
    const labels = labelNames.map((name) => (choices.chance(missingShare) ? null : Number(set.has(name))));
    tickets.set(text, { id: `T${10_001 + tickets.size}`, text, labels });
  }
  return [...tickets.values()];
}

/** What the ticket says. No two clauses speak of the same topic or request, so that none contradicts another. */
function drawClauses(choices) {
  const clauses = choices.chance(0.15) ? [condition(choices)] : drawProblemAndRequest(choices);
  if (choices.chance(0.2)) clauses.push(urgency(choices));
  return clauses;
}

function drawProblemAndRequest(choices) {
  const aboutThings = choices.chance(0.8);
  const asks = !aboutThings || choices.chance(0.45);
  const clauses = [];
  if (aboutThings) clauses.push(drawOne({ problem: 35, problemPair: 10, contrast: 40 }, choices));
  if (asks) clauses.push(drawOne({ request: 30, alternative: 30, requestPair: 10 }, choices));
  return clauses;
}

const kinds = { problem, problemPair, contrast, request, alternative, requestPair };

function drawOne(weights, choices) {
  return kinds[choices.weighted(weights)](choices);
}

/** Puts a greeting, an introduction and a farewell around the clauses, when the writer is so inclined. */
function frame(clauses, choices) {
  const perhaps = (probability, texts) =>
    choices.chance(probability) ? fill(choices, choices.one(texts)) : "";
  const opener = perhaps(0.1, openers);
  const sentences = clauses.map((clause) => clause.text);
  return {
    greeting: perhaps(0.25, greetings),
    sentences: opener ? [opener, ...sentences] : sentences,
    closing: perhaps(0.35, closers),
  };
}
