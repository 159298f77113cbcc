// What the tests of packaging share: the tarball that would be published, and small programs that use it.
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm test` and vitest tell the commands that they start is not for these. */
const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|VITEST)/.test(name));

/** Runs a command to its end. */
export function run(
  command: string,
  parameters: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Outcome {
  const env = { ...Object.fromEntries(inherited), ...environment };
  return spawnSync(command, parameters, { cwd: directory, env, encoding: "utf8" });
}

/** Runs a command that has to end well. */
export function succeed(
  command: string,
  parameters: readonly string[],
  folder: string,
  environment?: Readonly<Record<string, string>>,
): Outcome {
  const outcome = run(command, parameters, folder, environment);
  expect(outcome.status, `${command} ${parameters.join(" ")}\n${outcome.stdout}${outcome.stderr}`).toBe(0);
  return outcome;
}

/** Runs a program of one ES module in `directory`. */
export function runModule(
  code: string,
  directory: string,
  environment?: Readonly<Record<string, string>>,
): Outcome {
  return run(process.execPath, ["--input-type=module", "-e", code], directory, environment);
}

export interface Tarball {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

/** What `npm publish` would send, made of `dist` as it stands. */
export function pack(directory: string): Tarball {
  const { stdout } = run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", directory],
    root,
  );
  const [{ filename, size, files }] = JSON.parse(stdout) as [
    { filename: string; size: number; files: { path: string }[] },
  ];
  return { file: join(directory, filename), size, files: files.map(({ path }) => path) };
}

/** Installs a tarball by unpacking it; its dependencies are the repository's. */
export function unpack(tarball: Tarball, project: string): void {
  const target = join(project, "node_modules", "tagformer");
  mkdirSync(target, { recursive: true });
  const { status, stderr } = run(
    "tar",
    ["-xzf", tarball.file, "--strip-components=1", "-C", target],
    project,
  );
  if (status !== 0) throw new Error(stderr);
  const { stdout } = run("npm", ["query", ":root > .prod"], root);
  for (const { name } of JSON.parse(stdout) as { name: string }[]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
}

/** A PATH with Node.js and nothing else: no compiler, no CMake, no Python. */
export function barePath(directory: string): string {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, "node"));
  return bin;
}

/** A module that predicts texts with a model, trains a step from it, and prints scores and steps: `MODEL OUTPUT TEXT...` */
export const usingProgram = `
  import { Classifier, Trainer, datasetFromRows } from "tagformer";
  const [model, output, ...texts] = process.argv.slice(2);
  const classifier = await Classifier.load(model);
  const predictions = await classifier.predict(texts);
  await classifier.dispose();
  const rows = texts.flatMap((text, i) => [0, 1, 2, 3].map(() => ({ text, labels: ["abc"[i]] })));
  const { dataset } = await datasetFromRows(rows, { text: "text", labels: "labels" });
  const trainer = new Trainer({
    model, output, train: dataset, preset: "plain", epochs: 1, batchSize: 4, validationSplit: 0, thresholds: false, baseline: false,
  });
  let steps = 0;
  for await (const { type } of trainer.events()) if (type === "step") steps++;
  console.log(JSON.stringify({ scores: predictions.map(({ scores }) => scores), steps }));`;
