// The declarations as users' compilers find them: a small program is compiled against the packed package for each way in
// which TypeScript resolves modules, as an ES module and as CommonJS, with the library's declarations checked as well.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pack, root, run, unpack } from "./package.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-resolutions-"));
const project = join(directory, "project");

beforeAll(() => {
  mkdirSync(project);
  unpack(pack(directory), project);
  for (const name of ["@types", "undici-types"]) {
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const program = `
import {
  Classifier, datasetFromRows, type Prediction, TagformerError, Trainer, type TrainingOptions, readDataset,
} from "tagformer";

export async function label(directory: string, text: string): Promise<readonly string[]> {
  const classifier = await Classifier.load(directory, { device: "cuda:1", precision: "int8" });
  try {
    const prediction: Prediction = await classifier.predict(text);
    return prediction.labels;
  } catch (error) {
    if (error instanceof TagformerError && error.code === "DISPOSED") return [];
    throw error;
  } finally {
    await classifier.dispose();
  }
}

export async function toxicity(directory: string): Promise<number> {
  const rows = [{ text: "x", toxic: 1, insult: 0 }];
  const { dataset } = await datasetFromRows(rows, { labels: ["toxic", "insult"] });
  const classifier = await Classifier.load(directory, { labels: dataset.labelNames });
  const { scores } = await classifier.predict("text");
  // @ts-expect-error no such label
  scores.toxik;
  return scores.toxic;
}

export async function train(): Promise<void> {
  const { dataset } = await readDataset("tickets.csv");
  const options: TrainingOptions = { epochs: 2 };
  for await (const event of new Trainer({ model: "m", train: dataset, output: "o", ...options })) {
    if (event.type === "epoch") console.log(event.validation?.micro.f1.toFixed(3));
  }
}
`;

/** File name, "type" of its package.json, and compiler options. */
const resolutions: [string, "module" | "commonjs", Record<string, string>][] = [
  ["index.ts", "module", { module: "node16" }],
  ["index.ts", "commonjs", { module: "node16" }],
  ["index.cts", "module", { module: "node16" }],
  ["index.ts", "module", { module: "node18" }],
  ["index.ts", "commonjs", { module: "node18" }],
  ["index.ts", "module", { module: "nodenext" }],
  ["index.ts", "commonjs", { module: "nodenext" }],
  ["index.ts", "module", { module: "esnext", moduleResolution: "bundler" }],
  ["index.ts", "commonjs", { module: "commonjs", moduleResolution: "node10" }],
];

it.each(resolutions)("%s of a package of type %s compiles with %j", (file, type, options) => {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "p", private: true, type }));
  writeFileSync(join(project, file), program);
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions: compiler(options), files: [file] }),
  );
  const { status, stdout } = run(join(root, "node_modules", ".bin", "tsc"), ["-p", project], project);
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

function compiler(options: Record<string, string>): Record<string, unknown> {
  return {
    target: "es2022",
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ["node"],
    ...options,
  };
}
