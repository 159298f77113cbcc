// Who may import whom: docs/architecture.md, held by a test.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** From the bottom to the top; a file or folder may import what stands on its own line or below. */
const typescript = [
  ["base", "text/batch.ts", "data/row.ts", "data/texts.ts", "data/dataset.ts"],
  ["install"],
  ["native"],
  ["model", "evaluation", "data", "options"],
  ["text"],
  ["predict", "inspection.ts", "baseline"],
  ["report"],
  ["classifier", "classifier.ts", "training"],
  ["serve", "serve.ts"],
  ["cli", "index.ts"],
];
const cpp = [
  ["kernels"],
  ["runtime"],
  ["cuda"],
  ["weights"],
  ["layers"],
  ["torchscript"],
  ["models"],
  ["engine"],
  ["training"],
  ["addon"],
];

describe.each([
  {
    language: "TypeScript",
    folder: "src",
    floors: typescript,
    suffix: /\.ts$/,
    imports: /from "(\.[^"]+)"/g,
  },
  { language: "C++", folder: "native", floors: cpp, suffix: /\.(cc|h)$/, imports: /#include "([^"]+)"/g },
])("the floors of the $language code", ({ folder, floors, suffix, imports }) => {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter(
    (file) => suffix.test(file) && !file.startsWith("test"),
  );
  const edges = files.flatMap((file) =>
    [...readFileSync(join(root, folder, file), "utf8").matchAll(imports)].map(([, target]) => ({
      file,
      target: resolveImport(file, target!),
    })),
  );

  it("have a place for every file", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => floorOf(file, floors) < 0)).toEqual([]);
  });

  it("are never imported from below", () => {
    expect(edges.length).toBeGreaterThan(20);
    expect(edges.filter(({ target }) => !files.includes(target))).toEqual([]);
    const upward = edges.filter(({ file, target }) => floorOf(target, floors) > floorOf(file, floors));
    expect(upward).toEqual([]);
  });

  it("have no circles among files", () => {
    expect(findCircle(files, edges)).toEqual([]);
  });
});

function resolveImport(file: string, target: string): string {
  if (!target.startsWith(".")) return target;
  return normalize(join(dirname(file), target)).replace(/\.js$/, ".ts");
}

function floorOf(file: string, floors: readonly (readonly string[])[]): number {
  // The most precise name decides: text/batch.ts stands lower than the rest of text.
  const exact = floors.findIndex((names) => names.includes(file));
  return exact >= 0 ? exact : floors.findIndex((names) => names.includes(file.split("/")[0]!));
}

/** The files of one circle of imports; empty when there is none. */
function findCircle(files: readonly string[], edges: readonly { file: string; target: string }[]): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const { target } of edges.filter((edge) => edge.file === file)) {
      const circle = visit(target, [...path, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
