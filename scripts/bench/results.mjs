// From the samples of one model and work to its figures, and to the table.
import { configurations } from "./plan.mjs";
import { median, pairedRatio } from "./statistics.mjs";

export function summarize({ rows, tokens, flops, ceilings, samplesOf, random }) {
  const seconds = (configuration) => samplesOf(configuration).map((sample) => median(sample.seconds));
  const results = configurations.map((configuration) => {
    const samples = samplesOf(configuration);
    const time = median(seconds(configuration));
    return {
      name: configuration.name,
      precision: configuration.precision,
      seconds: time,
      examplesPerSecond: rows / time,
      tokensPerSecond: tokens / time,
      shareOfCeiling: flops / time / ceilings[configuration.precision],
      peakMemory: median(samples.map((sample) => sample.peakMemory)),
      samples,
    };
  });
  const of = (side) => configurations.filter((configuration) => configuration.side === side);
  const ratios = of("ours").map((ours) => ({
    name: ours.name,
    against: of("theirs").map((theirs) => ({
      name: theirs.name,
      ...pairedRatio(seconds(theirs), seconds(ours), random),
    })),
  }));
  return { results, ratios };
}

export function renderFigures(results) {
  return render([
    ["", "examples/s", "real tokens/s", "of the ceiling", "peak memory"],
    ...results.map((result) => [
      result.name,
      threeDigits(result.examplesPerSecond),
      threeDigits(result.tokensPerSecond),
      `${Math.round(100 * result.shareOfCeiling)} % of ${result.precision}`,
      `${threeDigits(result.peakMemory / 1e6)} MB`,
    ]),
  ]);
}

export function renderRatios(ratios) {
  return render([
    ["times as fast as", ...ratios.map(({ name }) => name)],
    ...ratios[0].against.map(({ name }, i) => [name, ...ratios.map(({ against }) => ratioText(against[i]))]),
  ]);
}

function ratioText({ median, low, high }) {
  return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

/** 1234.5 -> 1,235; 12.345 -> 12.3 */
function threeDigits(value) {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en-US", options);
}

/** Columns as wide as their widest cell: the first aligned left, the others right. */
function render(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return table.map((row) => `${line(row)}\n`).join("");
}
