// The README's table of architectures has a row for each that the engine knows, and keeps what it promises. Its digits
// differ between processors and are not looked at.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const text = (file: string) => readFileSync(join(root, file), "utf8");

const [table = ""] = /(?<=<!-- written by: npm run parity -->\n)[^<]*/.exec(text("README.md")) ?? [];
const [titles = [], , ...rows] = table
  .trim()
  .split("\n")
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const architectures = [...text("native/models/registry.cc").matchAll(/EACH\("([\w-]+)",/g)].map(
  ([, modelType]) => modelType!,
);

/** What the parity tests hold every architecture to. */
const bounds = { logits: 1e-5, gradients: 1e-4, bf16: 0.01, TorchScript: 1e-5 };

describe("the table of architectures in the README", () => {
  it("has a row for every architecture (to write it, type: npm run parity)", () => {
    expect(architectures.length).toBeGreaterThan(5);
    expect(rows.map(([modelType]) => modelType)).toEqual(architectures.sort().map((name) => `\`${name}\``));
  });

  it.each(rows.map((row) => ({ name: row[0]!, row })))("says of $name what holds", ({ row }) => {
    const cell = (title: string) => row[titles.indexOf(title)];
    for (const title of ["loads", "trains", "saves"]) expect(cell(title), title).toBe("✓");
    for (const [title, bound] of Object.entries(bounds)) {
      expect(Number(cell(title) || Number.NaN), title).toBeLessThanOrEqual(bound);
    }
  });
});
