// tagformer train --resume, and tagformer runs
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { csvOf, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";
import { buildCommand, Running, tagformer, write } from "./command.js";

beforeAll(buildCommand);

/** Arguments that train the tiny model into a folder, with a checkpoint every few steps. */
function job(epochs: number): { folder: string; output: string; args: string[] } {
  const folder = temporaryFolder();
  const data = write(join(folder, "tickets.csv"), csvOf(tinyDataset(200)));
  const output = join(folder, "model");
  const flags = [
    "--output",
    output,
    "--from-config",
    tinySource().config,
    "--batch-size",
    "8",
    "--no-report",
  ];
  const speed = ["--learning-rate", "3e-3", "--threads", "1", "--epochs", String(epochs)];
  return {
    folder,
    output,
    args: ["train", data, ...flags, ...speed, "--checkpoint-steps", "10", "--preset", "plain"],
  };
}

const weights = (output: string) => readFileSync(join(output, "model.safetensors"));

describe("tagformer train --resume", () => {
  it("goes on with a run that was killed, and ends as one that was not", async () => {
    const { args, folder, output } = job(12);
    const running = new Running(args).read();
    await running.says("epoch 3: ");
    running.child.kill("SIGKILL");
    await running.ended;
    const listed = await tagformer(["runs", folder]);
    expect(listed.stdout).toMatch(
      new RegExp(
        `${output} +unfinished at step \\d+ of 276, epoch \\d+; --resume goes on +\\d+ seconds? ago\n$`,
      ),
    );
    const refused = await tagformer(args);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toMatch(/has an unfinished run of step \d+ of 276 .*--resume .*--overwrite /);
    const resumed = await tagformer([...args, "--resume"]);
    expect(resumed.status).toBe(0);
    expect(resumed.stderr).toMatch(/resumed at step \d+ of 276 \(epoch \d+\), (nothing|\d+ seconds?) lost/);
    expect(resumed.stderr).toMatch(
      /checkpoints of up to \d+\.\d MB are written to .*\.model\.run; 2 are kept/,
    );
    const undisturbed = job(12);
    await tagformer(undisturbed.args);
    expect(weights(output).equals(weights(undisturbed.output))).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["model", "tickets.csv"]);
    const again = await tagformer([...args, "--resume"]);
    expect(again).toMatchObject({ status: 0, stdout: "" });
    expect(again.stderr).toContain("nothing was changed");
    expect((await tagformer(["runs", folder])).stdout).toMatch(/ finished, epoch \d+ kept /);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("goes on after %s, which ends the run with exit status %i", async (signal, expected) => {
    const { args, folder, output } = job(10_000);
    const running = new Running(args).read();
    await running.says("epoch 1: ");
    running.child.kill(signal);
    const { status, stderr } = await running.ended;
    expect({ status, stderr }).toMatchObject({ status: expected });
    expect(stderr).toContain("the same command with --resume goes on");
    expect(existsSync(join(folder, ".model.run"))).toBe(true);
    const { status: code, stdout } = await tagformer(["runs", output, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { directory: output, state: "unfinished", totalSteps: 230_000 },
    ]);
  });
});

it("tagformer runs names the process of a run that goes on, and says where there is none", async () => {
  const { args, folder, output } = job(10_000);
  const running = new Running(args).read();
  await running.says("epoch 1: ");
  const { stdout } = await tagformer(["runs", folder]);
  expect(stdout).toMatch(new RegExp(`^${output} +running in process ${running.child.pid} on `));
  running.child.kill("SIGKILL");
  await running.ended;
  expect((await tagformer(["runs", temporaryFolder()])).stderr).toMatch(/^no runs in /);
  expect(await tagformer(["runs", join(folder, "none")])).toMatchObject({ status: 1 });
});
