// Nothing is timed before every contestant has computed the same as Hugging Face in fp32.
import { say } from "../steps.mjs";
import { contestants } from "./contestants.mjs";
import { compare, violations } from "./parity.mjs";
import { runContestant } from "./processes.mjs";
import { models } from "./protocol.mjs";

const reference = "hf-fp32";

/**
 * Checks all contestants of a model's tasks.
 *
 * @param tasks of one model
 * @param requestOf what a contestant needs to know for a task
 * @returns the differences of each contestant, and why some cannot take part; throws when one computes something else
 */
export async function checkParity(model, tasks, requestOf) {
  say(`bench: comparing what all compute with ${models[model].title}`);
  const trains = tasks.some(({ work }) => work === "train");
  const check = (key) => {
    const request = { ...requestOf(tasks[0]), work: "check", set: "mixed", trains: trains && trainable(key) };
    return runContestant(contestants[key], request);
  };
  const expected = await check(reference);
  const differences = {};
  const refusals = {};
  for (const key of different(tasks.flatMap(({ contestants }) => contestants))) {
    const found = await check(key);
    if (found.refused) {
      refusals[key] = found.refused;
      say(`bench: ${contestants[key].name} is left out: ${found.refused}`);
      continue;
    }
    differences[key] = compare(expected, found);
    const problems = violations(contestants[key].precision, differences[key]);
    if (problems.length > 0) {
      throw new Error(
        `bench: nothing was timed, because ${contestants[key].name} computes something else with ${models[model].title}: ${problems.join("; ")}`,
      );
    }
  }
  return { differences, refusals };
}

/** int8 is for prediction, and so are weights that are folded in and the files of other formats. */
function trainable(key) {
  const { program, precision, freezes } = contestants[key];
  return precision !== "int8" && !freezes && (program === "ours.mjs" || program === "theirs.py");
}

/** Each kind of arithmetic once, but the reference's own. */
function different(keys) {
  const arithmetic = (key) => {
    const { program, precision, batches, compiler, attention } = contestants[key];
    return `${program} ${precision} ${batches === "padded"} ${compiler} ${attention}`;
  };
  const first = new Map();
  for (const key of [reference, ...keys]) {
    if (!first.has(arithmetic(key))) first.set(arithmetic(key), key);
  }
  return [...first.values()].filter((key) => key !== reference);
}
