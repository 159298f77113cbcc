// Who may import whom: docs/architecture.md, held by a test.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** The names in the first column of a table: those of a row may import what stands on their own row or above. */
function floorsOf(title: string): string[][] {
  const [, table = ""] = page.split(`| ${title} |`);
  const [, , ...rows] = table.slice(0, table.indexOf("\n\n")).split("\n");
  return rows.map((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

describe.each([
  {
    language: "TypeScript",
    folder: "src",
    floors: floorsOf("TypeScript (`src/`)"),
    suffix: /\.ts$/,
    imports: /from "(\.[^"]+)"/g,
  },
  {
    language: "C++",
    folder: "native",
    floors: floorsOf("C++ (`native/`)"),
    suffix: /\.(cc|h)$/,
    imports: /#include "([^"]+)"/g,
  },
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

  it("have a name for every file, and a file for every name", () => {
    const there = files.flatMap((file) => [file.split("/")[0]!, file.replace(/\.\w+$/, "")]);
    expect(floors.flat().filter((name) => !there.includes(name))).toEqual([]);
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => floorOf(file, floors) < 0)).toEqual([]);
  });

  it("are never imported from below", () => {
    expect(edges.length).toBeGreaterThan(20);
    expect(edges.filter(({ target }) => !files.includes(target))).toEqual([]);
    const upward = edges.filter(({ file, target }) => floorOf(target, floors) > floorOf(file, floors));
    expect(upward).toEqual([]);
  });

  it("have no file of more than 400 lines", () => {
    const lines = (file: string) => readFileSync(join(root, folder, file), "utf8").split("\n").length - 1;
    expect(files.filter((file) => lines(file) > 400)).toEqual([]);
  });

  it("have no circles among files", () => {
    expect(findCircle(files, edges)).toEqual([]);
  });
});

it("src has at most three loose files", () => {
  expect(readdirSync(join(root, "src")).filter((name) => name.endsWith(".ts")).length).toBeLessThanOrEqual(3);
});

function resolveImport(file: string, target: string): string {
  if (!target.startsWith(".")) return target;
  return normalize(join(dirname(file), target)).replace(/\.js$/, ".ts");
}

function floorOf(file: string, floors: readonly (readonly string[])[]): number {
  // The most precise name decides: text/batch stands lower than the rest of text.
  const exact = floors.findIndex((names) => names.includes(file.replace(/\.\w+$/, "")));
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
