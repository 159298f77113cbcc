// tagformer train --processes: several processes with the numbers of one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { csvOf, temporaryFolder, tinyDataset, tinySource, weightsOf } from "../unit/training/tiny-run.js";
import { buildCommand, Running, tagformer, write } from "./command.js";

beforeAll(buildCommand);

const { config } = tinySource();

function job(flags: readonly string[], rows = 170) {
  const folder = temporaryFolder();
  const data = write(join(folder, "data.csv"), csvOf(tinyDataset(rows)));
  const output = join(folder, "model");
  const fixed = ["--from-config", config, "--output", output, "--batch-size", "8", "--preset", "plain"];
  const quick = ["--no-report", "--learning-rate", "3e-3", "--threads", "1", "--device", "cpu"];
  return { folder, output, args: ["train", data, ...fixed, ...quick, ...flags] };
}

async function train(...flags: readonly string[]) {
  const { args, output } = job(flags);
  const ended = await tagformer(args);
  expect(ended.stderr).not.toContain("tagformer: ");
  expect(ended.status).toBe(0);
  return { ...ended, weights: weightsOf(output) };
}

const epochLines = (stderr: string) =>
  stderr
    .split("\n")
    .filter((line) => /^epoch \d/.test(line))
    .map((line) => line.replace(/, \d+ s$/, ""));

describe("tagformer train --processes", () => {
  it("has the bits and figures of one process with as many micro-batches, and says how it trains", async () => {
    const alone = await train("--epochs", "3", "--gradient-accumulation", "2");
    const two = await train("--epochs", "3", "--processes", "2");
    expect(two.weights.equals(alone.weights)).toBe(true);
    expect(epochLines(two.stderr)).toEqual(epochLines(alone.stderr));
    expect(two.stderr).toMatch(
      /2 processes on 1 machine train together, as tagformer train --processes says; this one listens on 127\.0\.0\.1 \(lo\) only/,
    );
    expect(two.stdout.replace(/in \/.*?:/, "")).toBe(alone.stdout.replace(/in \/.*?:/, ""));
  });

  it("does so for three in bf16 with --deterministic", async () => {
    const flags = ["--epochs", "2", "--precision", "bf16"];
    const alone = await train(...flags, "--gradient-accumulation", "3");
    const three = await train(...flags, "--processes", "3", "--deterministic");
    expect(three.weights.equals(alone.weights)).toBe(true);
  });

  it("starts all again after one was killed, and ends as if nothing had happened", async () => {
    const flags = ["--epochs", "8", "--checkpoint-steps", "5"];
    const undisturbed = await train(...flags, "--processes", "2");
    const { args, folder, output } = job([...flags, "--processes", "2", "--max-restarts", "2"]);
    const running = new Running(args).read();
    await running.says("epoch 2: ");
    process.kill(childrenOf(running.child.pid!)[1]!, "SIGKILL");
    const { status, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stderr).toMatch(/process \d of 2 was ended by SIGKILL/);
    expect(stderr).toContain("starting all 2 processes again (restart 1 of 2)");
    expect(stderr).toMatch(/resumed at step \d+ of 160/);
    expect(weightsOf(output).equals(undisturbed.weights)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["data.csv", "model"]);
  });

  it("ends by Ctrl-C, and goes on in one process with the same bits; in three only on request", async () => {
    const flags = ["--epochs", "6", "--checkpoint-steps", "5"];
    const undisturbed = await train(...flags, "--processes", "2");
    const { args, output } = job([...flags, "--processes", "2"]);
    const running = new Running(args).read();
    await running.says("epoch 2: ");
    running.child.kill("SIGINT");
    const stopped = await running.ended;
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toContain("the same command with --resume goes on");
    const without = args.slice(0, args.indexOf("--processes"));
    const refused = await tagformer([...without, "--processes", "3", "--resume"]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(
      'the micro-batches of a step (gradientAccumulation, times the processes) ("2" when it began, "3, added in a ring" now)',
    );
    const resumed = await tagformer([...without, "--gradient-accumulation", "2", "--resume"]);
    expect(resumed.status).toBe(0);
    expect(weightsOf(output).equals(undisturbed.weights)).toBe(true);
  });

  it("refuses what cannot be", async () => {
    const one = await tagformer(job(["--processes", "1"]).args);
    expect(one).toMatchObject({ status: 2 });
    expect(one.stderr).toContain("--processes is 1; expected a number from 2");
    const both = await tagformer(job(["--processes", "2", "--distributed", "mpi"]).args);
    expect(both.stderr).toContain("leave one of them out");
  });
});

/** The processes that another one started, in the order of their numbers. */
function childrenOf(parent: number): number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
  return children
    .trim()
    .split(" ")
    .map(Number)
    .sort((a, b) => a - b);
}
