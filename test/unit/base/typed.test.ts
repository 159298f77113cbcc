import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { shellQuoted, typedNames, typedOptions } from "../../../src/base/typed.js";
import { splitNames } from "../../../src/cli/names.js";

it("types names so that the command line reads the same", () => {
  expect(typedNames(["toxic", "say, what", 'a "b"', "[x]"])).toBe('toxic,"say, what","a ""b""","[x]"');
  const names = fc.array(fc.string({ unit: "binary" }), { minLength: 1 });
  fc.assert(
    fc.property(names, (written) => {
      expect(splitNames(typedNames(written))).toEqual(written);
    }),
  );
});

it("types options as flags", () => {
  const options = { maxLength: 128, ema: false, baseline: true, positiveWeight: { a: 2, "b,c": 0.5 } };
  expect(typedOptions(options)).toEqual([
    "--max-length",
    "128",
    "--no-ema",
    "--baseline",
    "--positive-weight",
    'a=2,"b,c"=0.5',
  ]);
});

it("quotes what a shell would take apart", () => {
  const words = ["plain-word.csv", "two words", "it's", '"quoted"', "$HOME", "a;b", ""];
  const printed = execFileSync("sh", ["-c", `printf '%s\\n' ${words.map(shellQuoted).join(" ")}`], {
    encoding: "utf8",
  });
  expect(printed).toBe(`${words.join("\n")}\n`);
});
