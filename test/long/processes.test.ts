// Launchers that people have, and a run of two processes that is killed again and again.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { findParityPython } from "../../scripts/parity-python.mjs";
import { generator } from "../../src/base/random.js";
import { buildCommand, main, Running, tagformer, write } from "../e2e/command.js";
import { Progress } from "../faults/progress.js";
import { csvOf, temporaryFolder, tinyDataset, tinySource, weightsOf } from "../unit/training/tiny-run.js";

beforeAll(buildCommand);

const { config } = tinySource();

function job(flags: readonly string[]) {
  const folder = temporaryFolder();
  const data = write(join(folder, "data.csv"), csvOf(tinyDataset(170)));
  const output = join(folder, "model");
  const fixed = ["--from-config", config, "--output", output, "--batch-size", "8", "--preset", "plain"];
  const quick = ["--no-report", "--learning-rate", "3e-3", "--threads", "1", "--device", "cpu"];
  return { output, args: ["train", data, ...fixed, ...quick, ...flags] };
}

async function run(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { status, said };
}

const torchrun = join(dirname(findParityPython() ?? ""), "torchrun");
const mpirun = "/usr/bin/mpirun";

describe("a launcher", () => {
  it("torchrun has the bits of one process", async () => {
    const alone = job(["--epochs", "2", "--gradient-accumulation", "2"]);
    await tagformer(alone.args);
    const { output, args } = job(["--epochs", "2"]);
    const flags = ["--standalone", "--no-python", "--nproc-per-node", "2"];
    const { status, said } = await run(torchrun, [...flags, process.execPath, main, ...args]);
    expect(said).toContain(
      "2 processes on 1 machine train together, as the environment (RANK, WORLD_SIZE) says",
    );
    expect(status).toBe(0);
    expect(weightsOf(output).equals(weightsOf(alone.output))).toBe(true);
  });

  it("torchrun names the error of the process that failed first", async () => {
    const { args } = job(["--epochs", "2", "--learning-rate", "1e30"]);
    const flags = ["--standalone", "--no-python", "--nproc-per-node", "2"];
    const { status, said } = await run(torchrun, [...flags, process.execPath, main, ...args]);
    expect(status).not.toBe(0);
    expect(said.slice(said.indexOf("Root Cause"))).toMatch(
      /option learningRate is 1e\+30: expected at most 10/,
    );
  });

  it.skipIf(!existsSync(mpirun))("mpirun has the bits of one process", async () => {
    const alone = job(["--epochs", "2", "--gradient-accumulation", "2"]);
    await tagformer(alone.args);
    const { output, args } = job(["--epochs", "2", "--distributed", "mpi"]);
    const flags = ["-n", "2", "--allow-run-as-root", "--oversubscribe"];
    const { status, said } = await run(mpirun, [...flags, process.execPath, main, ...args]);
    expect(said).toContain("as mpirun (OMPI_COMM_WORLD_RANK) says");
    expect(status).toBe(0);
    expect(weightsOf(output).equals(weightsOf(alone.output))).toBe(true);
  });
});

it("runs that are killed a hundred times at random end with the bytes of one that was not", async () => {
  const flags = ["--epochs", "60", "--checkpoint-steps", "4", "--processes", "2"];
  const undisturbed = job(flags);
  await tagformer(undisturbed.args);
  const expected = weightsOf(undisturbed.output);
  const random = generator(1, "kills");
  const progress = new Progress("kills of a rank", 100);
  let kills = 0;
  let runs = 0;
  while (kills < 100) {
    const { output, args } = job([...flags, "--max-restarts", "1000"]);
    const running = new Running(args).read();
    let over = false;
    void running.ended.then(() => {
      over = true;
    });
    while (!over && kills < 100) {
      await setTimeout(200 + random.below(1500));
      const children = childrenOf(running.child.pid!);
      if (children.length < 2) continue;
      try {
        process.kill(children[random.below(children.length)]!, "SIGKILL");
        kills++;
        progress.add(1);
      } catch {} // it had ended
    }
    expect((await running.ended).status).toBe(0);
    expect(weightsOf(output).equals(expected)).toBe(true);
    runs++;
  }
  console.log(`${runs} runs ended as they should, after ${kills} kills`);
});

function childrenOf(parent: number): number[] {
  try {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
    return children === "" ? [] : children.split(" ").map(Number);
  } catch {
    return [];
  }
}
