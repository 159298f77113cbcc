// tagformer train
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { csvOf, labelNames, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";
import { buildCommand, Running, tagformer, write } from "./command.js";

beforeAll(buildCommand);

/** A folder with tickets.csv, and the arguments that train the tiny model on it. */
function job(epochs = 2): { folder: string; data: string; output: string; args: string[] } {
  const folder = temporaryFolder();
  const data = write(join(folder, "tickets.csv"), csvOf(tinyDataset(200)));
  const output = join(folder, "model");
  const flags = ["--output", output, "--from-config", tinySource().config, "--batch-size", "8"];
  const speed = ["--learning-rate", "3e-3", "--threads", "1", "--epochs", String(epochs)];
  return { folder, data, output, args: ["train", data, "--preset", "plain", ...flags, ...speed] };
}

describe("tagformer train", () => {
  it("trains a model from a CSV file and says how good it is and where it lies", async () => {
    const { args, output } = job();
    const { status, stdout, stderr } = await tagformer(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    expect(stdout).toMatch(
      /^\nThe 20 validation rows, at thresholds of 0\.5:\n\n +precision +recall +f1-score +support\n/,
    );
    for (const name of labelNames) expect(stdout).toContain(name);
    expect(stdout).toMatch(
      new RegExp(
        `The model is in ${output}: epoch \\d of \\d trained, the best by micro-F1 on the validation rows\\. The report is ${output}/report\\.html\\.\n$`,
      ),
    );
    expect(stderr).toMatch(/tickets\.csv: 200 rows, 3 labels\n +delivery +\d+ of 200 set/);
    expect(stderr).toContain("180 rows to train on, 20 to validate on, 3 labels: delivery, money, access");
    expect(stderr).toMatch(
      /epoch 2: training cross-entropy 0\.\d{4}; validation: cross-entropy 0\.\d{4}, micro-F1 /,
    );
    await using classifier = await Classifier.load(output);
    expect(classifier.labels).toEqual(labelNames);
  });

  it("prints one JSON document with --json, and nothing else; a validation file keeps its rows apart", async () => {
    const { args, output, folder } = job(1);
    const validation = write(join(folder, "validation.csv"), csvOf(tinyDataset(30, 2)));
    const test = write(join(folder, "test.csv"), csvOf(tinyDataset(40, 3)));
    const tables = ["--validation", validation, "--test", test];
    const { status, stdout } = await tagformer([...args, "--json", ...tables]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "end",
      reason: "finished",
      directory: output,
      keptEpoch: 1,
      test: { metrics: { rows: 40 } },
      epochs: [{ epoch: 1, best: true, validation: { rows: 30, labels: [{ name: "delivery" }, {}, {}] } }],
    });
  });

  it("reads the columns it is told, and stops or goes on at a bad row as it is told", async () => {
    const { args, folder } = job(1);
    const table = csvOf(tinyDataset(60))
      .replace("id,text,delivery", "id,words,parcels")
      .replace("\nr7,", "\nr7,x,");
    args[1] = write(join(folder, "odd.csv"), table);
    const columns = ["--text", "words", "--labels", "access, parcels"];
    const refused = await tagformer([...args, ...columns]);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/odd\.csv, line 9: expected 5 cells, as in the header, but found 6\n$/);
    const { status, stdout, stderr } = await tagformer([
      ...args,
      ...columns,
      "--on-bad-row",
      "skip",
      "--json",
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain("skipped 1 row that could not be used:");
    const [epoch] = JSON.parse(stdout).epochs;
    expect(epoch.validation.labels.map(({ name }: { name: string }) => name)).toEqual(["access", "parcels"]);
  });
});

describe("Ctrl-C", () => {
  it("stops the run after its step and says where it lies: exit status 130", async () => {
    const { args, output } = job(10_000);
    const running = new Running(args).read();
    await running.says("(best so far, kept)");
    running.child.kill("SIGINT");
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(130);
    expect(stderr).toContain("stopping after this step; press Ctrl-C again to stop at once");
    expect(stdout).toMatch(
      new RegExp(
        `\nStopped\\. The model is in ${output}: epoch \\d+ of \\d+ trained[^.]*\\.( The weights of the last step are in ${output}/last\\.)? The report is ${output}/report\\.html\\.\n$`,
      ),
    );
    const record = JSON.parse(readFileSync(join(output, "tagformer.json"), "utf8"));
    expect(record.epoch).toBeGreaterThanOrEqual(1);
    await using classifier = await Classifier.load(output);
    expect(classifier.labels).toEqual(labelNames);
  });

  it("leaves the finished model of an earlier run alone, and says where the last weights are", async () => {
    const { args, output } = job(1);
    await tagformer(args);
    const before = readFileSync(join(output, "model.safetensors"));
    const running = new Running([...args, "--epochs", "9", "--batch-size", "1"]).read();
    await running.says("million weights");
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;
    expect({ status, stdout }).toEqual({
      status: 130,
      stdout: `\nStopped. The weights of the last step are in ${output}/last. The model in ${output} is that of an earlier run. The report is ${output}/last/report.html.\n`,
    });
    expect(readFileSync(join(output, "model.safetensors")).equals(before)).toBe(true);
  });

  it("that comes twice at once, as under npm, is one; --json tells the same", async () => {
    const { args, output } = job(10_000);
    const running = new Running([...args, "--json", "--validation-split", "0"]).read();
    await running.says("million weights");
    running.child.kill("SIGINT");
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ reason: "stopped", directory: output });
    expect(readdirSync(output)).toContain("model.safetensors");
  });

  it("before the first step ends the process and leaves nothing behind", async () => {
    const { args, folder, output } = job();
    args[1] = join(folder, "endless.csv");
    execFileSync("mkfifo", [args[1]]);
    const running = new Running(args).read();
    const pipe = await open(args[1], "w"); // succeeds when the command has opened it to read
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: null, signal: "SIGINT", stdout: "" });
    await pipe.close();
    expect(existsSync(output)).toBe(false);
  });
});

describe("two runs into one output", () => {
  it("are one: the second names the first, and one that was killed is out of the way", async () => {
    const { args, folder, output } = job(10_000);
    const first = new Running(args).read();
    await first.says("(best so far, kept)");
    const { status, stderr } = await tagformer(args);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `tagformer: ${output} is being written by a training run of process ${first.child.pid}, since 20\\S+; choose another directory`,
      ),
    );
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(join(folder, ".model.lock"))).toBe(true);
    const third = await tagformer([...args, "--epochs", "1", "--overwrite"]);
    expect(third).toMatchObject({ status: 0 });
    expect(readdirSync(folder).sort()).toEqual(["model", "tickets.csv"]);
  });
});

describe("wrong use", () => {
  it.each<[string, string[], RegExp]>([
    ["an unknown flag", ["--epoch", "3"], /unknown option '--epoch'\n\(Did you mean --epochs\?\)/],
    [
      "a number that is none",
      ["--epochs", "many"],
      /'--epochs <number>' argument 'many' is invalid\. Expected a number/,
    ],
    ["a number out of range", ["--learning-rate", "20"], /^tagformer: option learningRate is 20: /],
    ["a misspelt column", ["--text", "txet"], /which .*tickets\.csv does not have; did you mean "text"\?\n$/],
    ["a misspelt choice", ["--precision", "fp16"], /Allowed choices are fp32, bf16/],
    ["two models", ["--model", "some/where"], /give either --model .*or --from-config/],
    [
      "a device that is not there",
      ["--device", "gpu"],
      /^tagformer: option device is 'gpu': expected auto, cpu/,
    ],
  ])("%s ends in exit status 2 and one message", async (_, flags, message) => {
    const { status, stdout, stderr } = await tagformer([...job().args, ...flags]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it("an output directory of others is refused before anything is trained", async () => {
    const { args, output } = job();
    write(join(output, "thesis.txt"), "mine");
    const { status, stderr } = await tagformer(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/model holds files that tagformer did not write; choose another output directory/);
    expect(stderr).not.toContain("million weights");
  });
});

describe("what cannot be done", () => {
  it("ends in exit status 1 and one message", async () => {
    const { args } = job();
    args[1] = "nowhere.csv";
    expect(await tagformer(args)).toEqual({
      status: 1,
      signal: null,
      stdout: "",
      stderr: "tagformer: nowhere.csv does not exist\n",
    });
  });

  it("keeps the last good weights when the loss explodes", async () => {
    const { args, output } = job();
    const flags = ["--learning-rate", "10", "--weight-decay", "1", "--schedule", "constant", "--warmup", "0"];
    const { status, stderr } = await tagformer([...args, ...flags]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `tagformer: the .* at step \\d+ \\(learning rate 10, lines \\d+(, \\d+){7} of .*tickets\\.csv\\); .*in ${output}`,
      ),
    );
  });
});

describe("tagformer", () => {
  it.each(["train", "evaluate", "predict", "setup", "doctor"])(
    "%s --help has an example",
    async (command) => {
      const { status, stdout, stderr } = await tagformer([command, "--help"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`Examples?:\n  (echo .*)?tagformer ${command}`));
    },
  );

  it("tells its version", async () => {
    expect(await tagformer(["--version"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it.each([[[]], [["tain"]], [["train"]]])("%j is wrong use", async (args) => {
    const { status, stdout } = await tagformer(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});
