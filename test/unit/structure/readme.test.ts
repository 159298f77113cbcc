// The README is also what the registry shows and what lies in node_modules: there a relative link leads nowhere.
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the README's links are absolute", () => {
  const targets = [...readFileSync("README.md", "utf8").matchAll(/\]\(([^)]+)\)/g)].map(
    ([, target]) => target!,
  );
  expect(targets.length).toBeGreaterThan(5);
  expect(targets.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
});

it("the README's links into the repository lead to files that are there", () => {
  const links = readFileSync("README.md", "utf8").matchAll(
    /\]\(https:\/\/github\.com\/tagformer\/tagformer\/(?:blob|tree|raw)\/main\/([^)#]+)/g,
  );
  expect([...links].map(([, file]) => file!).filter((file) => !existsSync(file))).toEqual([]);
});
