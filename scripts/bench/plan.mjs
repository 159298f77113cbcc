// The command's options, and the order of the samples.
import { parseArgs } from "node:util";
import { models, works } from "./protocol.mjs";

export const help = `npm run bench -- [options]: tagformer against its peers, on this machine

  --quick              the small model and three pairs: about five minutes
  --pairs N            samples of each contestant (9; with --quick 3; of XLNet at most 5)
  --model NAMES        base, xlnet, minilm (base,xlnet; with --quick minilm)
  --only NAMES         ${works.join(", ")} (all);
                       serve: the server against others, half an hour and more (with --quick a few minutes)
  --threads N          threads of every side (the cores of this machine)
  --write              write the tables into docs/performance.md

Every sample and a page with pictures are kept in bench-results/.
node scripts/bench/one.mjs --help takes samples of a single contestant.
`;

export function readOptions(parameters, cores) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: "boolean", default: false },
      pairs: { type: "string" },
      model: { type: "string" },
      only: { type: "string" },
      threads: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    help: values.help,
    write: values.write,
    quick: values.quick,
    pairs: count("pairs", values.pairs, values.quick ? 3 : 9),
    models: chosen("model", values.model, Object.keys(models), values.quick ? ["minilm"] : ["base", "xlnet"]),
    works: chosen("only", values.only, [...works, "serve"], works),
    threads: count("threads", values.threads, cores),
  };
}

export function count(name, text, otherwise) {
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; expected a whole number from 1 to 9999`);
}

/** The names of a list, in the order of `allowed`. */
export function chosen(option, text, allowed, otherwise) {
  if (text === undefined) return otherwise;
  const names = text.split(",");
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--${option} has ${JSON.stringify(unknown)}; expected ${allowed.join(", ")}`);
  }
  return allowed.filter((name) => names.includes(name));
}

/**
 * The contestants of a task in the order in which to take their samples. Every other round runs backwards (ABBA), so that a
 * machine that grows slower or faster favours nobody.
 */
export function schedule({ contestants: names, mostPairs = Number.POSITIVE_INFINITY }, pairs) {
  return Array.from({ length: Math.min(pairs, mostPairs) }, (_, pair) =>
    pair % 2 === 0 ? names : names.toReversed(),
  ).flat();
}

export const keyOf = (task, contestant) => `${models[task.model].title}, ${task.name}: ${contestant}`;

/** Time that these samples will take, from the last duration of each; the mean of these where there is none yet. */
export function remainingSeconds(left, lastSeconds) {
  const known = [...lastSeconds.values()];
  const mean = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  return left.reduce((sum, key) => sum + (lastSeconds.get(key) ?? mean), 0);
}
