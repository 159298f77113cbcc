// npm run parity: runs the parity tests of the architectures and writes what they measured into the table of the README.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localBin, main, node, root, setUp } from "./steps.mjs";

const readme = join(root, "README.md");
const markers = ["<!-- written by: npm run parity -->\n", "<!-- end of what npm run parity wrote -->"];

/** The tests that note figures (test/parity/figures.ts). */
const tests = ["architectures", "published-shapes", "export"].map((name) => `test/parity/${name}.test.ts`);

const columns = [
  ["`model_type`", ({ modelType }) => `\`${modelType}\``],
  ["loads", ({ loads }) => tick(loads)],
  ["trains", ({ trains }) => tick(trains)],
  ["saves", ({ saves }) => tick(saves)],
  ["TorchScript", ({ torchscript }) => upTo(torchscript)],
  ["logits", ({ logits }) => upTo(logits)],
  ["gradients", ({ gradients }) => upTo(gradients)],
  ["bf16", ({ bf16 }) => upTo(bf16)],
];

await main(() => {
  setUp();
  node("scripts/parity-python.mjs");
  const directory = mkdtempSync(join(tmpdir(), "tagformer-parity-"));
  try {
    process.env.TAGFORMER_FIGURES = join(directory, "figures.jsonl");
    localBin("vitest", "run", ...tests, ...process.argv.slice(2));
    writeTable(render(collect(readFileSync(process.env.TAGFORMER_FIGURES, "utf8"))));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** One object a `model_type`, by name, with the largest of each figure. */
function collect(lines) {
  const rows = new Map();
  for (const line of lines.trim().split("\n")) {
    const { modelType, ...figures } = JSON.parse(line);
    const row = rows.get(modelType) ?? { modelType };
    for (const [name, value] of Object.entries(figures)) {
      row[name] = typeof value === "number" ? Math.max(value, row[name] ?? 0) : value;
    }
    rows.set(modelType, row);
  }
  return [...rows.values()].sort((a, b) => (a.modelType < b.modelType ? -1 : 1));
}

function render(rows) {
  const cells = [columns.map(([title]) => title), columns.map(() => "---")];
  for (const row of rows) cells.push(columns.map(([, cell]) => cell(row)));
  return cells.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

function tick(shown) {
  return shown ? "✓" : "";
}

/** One digit, rounded up: the table promises no less than what was measured. */
function upTo(value) {
  if (value === undefined) return "";
  if (value === 0) return "0";
  const unit = 10 ** Math.floor(Math.log10(value));
  return (Math.ceil(value / unit) * unit).toExponential(0);
}

function writeTable(table) {
  const text = readFileSync(readme, "utf8");
  const [begin, end] = [text.indexOf(markers[0]) + markers[0].length, text.indexOf(markers[1])];
  if (begin < markers[0].length || end < begin) throw new Error(`README.md lacks ${markers.join("... ")}`);
  writeFileSync(readme, text.slice(0, begin) + table + text.slice(end));
}
