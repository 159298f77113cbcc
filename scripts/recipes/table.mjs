// What was measured, as a table in Markdown.
import { rivalOf } from "./contestants.mjs";

const figures = ["microF1", "macroF1", "averagePrecision"];

/** Means over the seeds with their spread, and paired differences from the plain run of the same rate. */
export function recipeTable(results) {
  const names = [...new Set(results.map(({ name }) => name))];
  const lines = names.map((name) => {
    const own = results.filter((result) => result.name === name);
    const rival = rivalOf(own[0].study, name);
    const cells = figures.map((figure) => meanAndSpread(own.map((result) => result[figure])));
    const difference = rival === null ? "" : meanAndSpread(differences(results, own, rival, "microF1"));
    const seconds = mean(own.map((result) => result.seconds)).toFixed(0);
    return `| ${[name, own.length, ...cells, difference, seconds].join(" | ")} |`;
  });
  return [
    "| training | seeds | micro-F1 | macro-F1 | mean average precision | micro-F1, from the plain run | seconds |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

/** Seed by seed: the same rows, split in the same way. */
function differences(results, own, rival, figure) {
  return own.flatMap((result) => {
    const other = results.find(({ name, seed }) => name === rival && seed === result.seed);
    return other ? [result[figure] - other[figure]] : [];
  });
}

function meanAndSpread(values) {
  if (values.length === 0) return "";
  const middle = mean(values);
  if (values.length === 1) return middle.toFixed(3);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return `${middle.toFixed(3)} ± ${Math.sqrt(variance).toFixed(3)}`;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
