// tagformer train without any option: what is decided, and the command that repeats it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { csvOf, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

beforeAll(buildCommand);

it("decides learning rate and length, says why, and gives the command that repeats the run bit for bit", async () => {
  const folder = temporaryFolder();
  const data = write(join(folder, "tickets.csv"), csvOf(tinyDataset(200)));
  const output = join(folder, "model");
  const source = ["--from-config", tinySource().config];
  const { status, stdout, stderr } = await tagformer([
    ...["train", data, ...source, "--output", output],
    ...["--threads", "1", "--no-report", "--budget-steps", "160"],
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
  expect(stderr).toMatch(
    /^budget: 160 steps, for a run of \d+ steps \(\d+ epochs\), its trials and validations$/m,
  );
  expect(stderr).toMatch(
    /^4 learning rates from 0\.00025 to 0\.002 are tried for \d+ steps each, the best two for \d+$/m,
  );
  expect(stderr).toMatch(
    /^learning rate 0\.002, \d+ steps: cross-entropy 0\.\d{4}, average precision 0\.\d{4}$/m,
  );
  expect(stderr).toMatch(
    /^decided: learningRate 0\.\d+ \(the best of 4 from 0\.00025 to 0\.002, with a cross-entropy of /m,
  );
  expect(stdout).toContain("bag of words");
  expect(stdout).toContain("With the thresholds and temperatures that are stored with the model");
  const command = /^The same run without a search: tagformer (train .*)$/m.exec(stdout)![1]!;
  expect(command.startsWith(`train ${data} --from-config`)).toBe(true);
  expect(command).toContain("--preset plain");
  expect(command).toContain("--thresholds --baseline");
  const again = join(folder, "again");
  expect(await tagformer(command.replace(output, again).split(" "))).toMatchObject({ status: 0 });
  const weights = (directory: string) => readFileSync(join(directory, "model.safetensors"));
  expect(weights(again).equals(weights(output))).toBe(true);
});
