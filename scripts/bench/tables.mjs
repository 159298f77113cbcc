// The figures of one task as tables: rows of cells, for the terminal, for Markdown and for the page.
import { titleOf } from "./captions.mjs";
import { contestants } from "./contestants.mjs";

/** One line a contestant. */
export function figureTable({ work, texts, results }) {
  const start = work === "start";
  const single = texts === 1;
  const speed = start
    ? ["seconds"]
    : single
      ? ["milliseconds", "of the ceiling"]
      : ["texts/s", "real tokens/s", "of the ceiling"];
  return [
    ["", ...speed, "peak memory"],
    ...results.map((result) => [
      contestants[result.key].name +
        (result.disturbed > 0 ? ` (${result.disturbed} of ${result.samples} disturbed)` : ""),
      ...speedCells(result, { start, single }),
      `${threeDigits(result.peakMemory / 1e6)} MB`,
    ]),
  ];
}

function speedCells({ key, seconds, textsPerSecond, tokensPerSecond, shareOfCeiling }, { start, single }) {
  if (start) return [threeDigits(seconds)];
  const share = `${Math.round(100 * shareOfCeiling)} % of ${contestants[key].precision}`;
  if (single) return [threeDigits(1000 * seconds), share];
  return [threeDigits(textsPerSecond), threeDigits(tokensPerSecond), share];
}

/**
 * What all of it comes to: each of ours beside the fastest of theirs with the same precision.
 *
 * @param tasks with their results and ratios, see `figuresOf`
 */
export function overviewTable(tasks) {
  const rows = tasks.flatMap((task) =>
    task.results
      .filter(({ key }) => contestants[key].side === "ours")
      .flatMap((own) => {
        const rival = fastestRival(task.results, contestants[own.key].precision);
        if (rival === undefined) return [];
        const { speed, memory } = task.ratios.find(
          (ratio) => ratio.ours === own.key && ratio.theirs === rival.key,
        );
        return [
          [
            `${titleOf(task)}, ${contestants[own.key].precision}`,
            speedWithUnit(own, task),
            `${contestants[rival.key].name}: ${speedWithUnit(rival, task)}`,
            speed.median.toFixed(2),
            memory.toFixed(2),
          ],
        ];
      }),
  );
  return [["", "tagformer", "fastest of the others", "times as fast", "memory"], ...rows];
}

function fastestRival(results, precision) {
  const rivals = results.filter(({ key }) => {
    const { side, precision: theirs } = contestants[key];
    return side === "theirs" && theirs === precision;
  });
  return rivals.sort((a, b) => a.seconds - b.seconds)[0];
}

function speedWithUnit({ seconds, textsPerSecond }, { work, texts }) {
  if (work === "start") return `${threeDigits(seconds)} s`;
  return texts === 1 ? `${threeDigits(1000 * seconds)} ms` : `${threeDigits(textsPerSecond)} texts/s`;
}

/** How many times as fast, and in which share of the memory: theirs down, ours across. */
export function ratioTable({ ratios }) {
  const ours = [...new Set(ratios.map(({ ours }) => ours))];
  const theirs = [...new Set(ratios.map(({ theirs }) => theirs))];
  const cell = (row, column) => {
    const { speed, memory, pairs } = ratios.find((ratio) => ratio.theirs === row && ratio.ours === column);
    const interval = `[${speed.low.toFixed(2)}, ${speed.high.toFixed(2)}]`;
    return `${speed.median.toFixed(2)} ${interval}, ${memory.toFixed(2)} memory${pairs === 0 ? " (disturbed)" : ""}`;
  };
  return [
    ["times as fast as", ...ours.map((key) => contestants[key].name)],
    ...theirs.map((row) => [contestants[row].name, ...ours.map((column) => cell(row, column))]),
  ];
}

/**
 * Columns as wide as their widest cell: the first aligned left, the others right.
 *
 * @returns {string}
 */
export function terminalTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return rows.map((row) => `${line(row)}\n`).join("");
}

export function markdownTable([head, ...body]) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return [head, head.map((_, i) => (i === 0 ? "---" : "--:")), ...body].map(line).join("");
}

/** 1234.5 -> 1,235; 12.345 -> 12.3 */
export function threeDigits(value) {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en-US", options);
}
