// The page of a report: pictures and tables, one HTML file.
import { html } from "../../dist/report/html.js";
import { renderPage } from "../../dist/report/page.js";
import { figures, table, tiles } from "../../dist/report/parts.js";
import { descriptionOf, headline, titleOf } from "./captions.mjs";
import { contestants } from "./contestants.mjs";
import { models } from "./protocol.mjs";
import { highestCeilings } from "./results.mjs";
import { figureTable, overviewTable, ratioTable, threeDigits } from "./tables.mjs";

const fairness =
  "All have the same weights and texts, and computed the same before anything was timed. Texts are sorted by length for " +
  "Hugging Face (HF) and onnxruntime, but where it says padded; transformers.js (HF JS) takes them as they come";
const parts = ["tagformer", "others"];

/** @param tasks with their results and ratios, see `figuresOf` */
export async function renderBenchPage(report, tasks) {
  const [machine, versions, protocol] = headline(report);
  const told = [versions, protocol, fairness].map((sentence) => html`<p>${sentence}.</p>`);
  const sections = [{ title: "What was measured", content: [overview(report), ...told] }];
  sections.push({
    title: "Against the fastest of the others",
    content: [
      asTable("Each of ours beside the fastest of theirs with the same precision", overviewTable(tasks)),
    ],
  });
  for (const task of tasks) sections.push({ title: titleOf(task), content: await contentOf(task) });
  sections.push({ title: "The machine while it was measured", content: [await steadiness(report)] });
  return renderPage({ title: "tagformer against its peers", subtitle: machine, sections });
}

function overview({ machine, options, parity }) {
  const logits = Object.entries(parity).map(([model, { differences }]) => [
    `largest difference of a logit in fp32, ${models[model].title}`,
    differences.fp32.logit.toExponential(1),
  ]);
  return tiles([["processor", machine.cpu], ["threads of every side", String(options.threads)], ...logits]);
}

async function contentOf(task) {
  const charts = [
    [speedChart(task), speedMeaning(task)],
    [memoryChart(task), "The most that the process had."],
  ];
  return [
    html`<p>${descriptionOf(task)}</p>`,
    await figures(charts),
    asTable("Figures", figureTable(task)),
    asTable("Times as fast", ratioTable(task)),
  ];
}

function asTable(caption, [head, ...rows]) {
  return table(
    caption,
    head.map((title) => ({ title })),
    rows,
  );
}

function speedChart(task) {
  const { work, texts } = task;
  if (work === "start")
    return bars(task, "Time to the first prediction", "seconds", ({ seconds }) => seconds);
  if (texts === 1) return bars(task, "Time of one text", "milliseconds", ({ seconds }) => 1000 * seconds);
  return bars(task, "Speed", "real tokens per second", ({ tokensPerSecond }) => tokensPerSecond);
}

function speedMeaning({ work, texts }) {
  const median = "Median of the processes.";
  if (work === "start" || texts === 1) return `${median} The shorter the better.`;
  return `${median} Padding does not count. The longer the better.`;
}

function memoryChart(task) {
  return bars(task, "Peak memory", "MB", ({ peakMemory }) => peakMemory / 1e6);
}

function bars({ results }, title, unit, figureOf) {
  return {
    kind: "bars",
    title,
    x: { title: unit },
    parts,
    bars: results.map((result) => {
      const { short, side } = contestants[result.key];
      const value = Number(threeDigits(figureOf(result)).replaceAll(",", ""));
      return { name: short, values: side === "ours" ? [value, 0] : [0, value] };
    }),
  };
}

/** The glances at the machine, in the order of the rounds, as shares of its ceiling. */
function steadiness({ tasks }) {
  const series = tasks.map(({ model, name, samples, ceilings }) => {
    const ceiling = highestCeilings(ceilings).fp32;
    const speeds = Object.values(samples);
    const rounds = speeds[0].map((_, round) => Math.min(...speeds.map((list) => list[round].speed)));
    return {
      name: `${models[model].title}, ${name}`,
      points: rounds.map((speed, i) => ({ x: i + 1, y: speed / ceiling })),
    };
  });
  const chart = {
    kind: "lines",
    wide: true,
    title: "What large matrix products reached between the samples",
    x: { title: "round", whole: true },
    y: { title: "share of the ceiling", range: [0, 1.1] },
    series,
  };
  return figures([[chart, "The lowest of each round. A sample next to a low one does not count."]]);
}
