// What ends one of several processes that train together, and how the others end then: none may wait for ever.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCommand, type Ended, Running, write } from "../e2e/command.js";
import { freePort } from "../fixtures/free-port.js";
import { csvOf, temporaryFolder, tinyDataset, tinySource, weightsOf } from "../unit/training/tiny-run.js";
import { runChild } from "./run-child.js";

beforeAll(buildCommand);

interface Changes {
  /** Ranks that are started; absent: all. */
  readonly started?: readonly number[];
  /** Flags of one rank. */
  readonly flagsOf?: (rank: number) => readonly string[];
  readonly rows?: number;
  readonly port?: number;
  /** Environment of one rank, in place of what torchrun would say. */
  readonly environmentOf?: (rank: number) => Readonly<Record<string, string>>;
}

const { config } = tinySource();

/** `size` processes as torchrun would start them, each with 600 seconds of patience unless `flags` say otherwise. */
async function startRanks(size: number, flags: readonly string[], changes: Changes = {}) {
  const folder = temporaryFolder();
  const data = write(join(folder, "data.csv"), csvOf(tinyDataset(changes.rows ?? 160)));
  const output = join(folder, "model");
  const fixed = ["--from-config", config, "--output", output, "--batch-size", "8", "--preset", "plain"];
  const quick = ["--no-report", "--learning-rate", "3e-3", "--threads", "1", "--device", "cpu"];
  const port = changes.port ?? (await freePort());
  const ranks = (changes.started ?? Array.from({ length: size }, (_, rank) => rank)).map((rank) =>
    new Running(["train", data, ...fixed, ...quick, ...flags, ...(changes.flagsOf?.(rank) ?? [])], {
      RANK: String(rank),
      WORLD_SIZE: String(size),
      LOCAL_RANK: String(rank),
      LOCAL_WORLD_SIZE: String(size),
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: String(port),
      ...changes.environmentOf?.(rank),
    }).read(),
  );
  return { ranks, output };
}

const endings = (ranks: readonly Running[]): Promise<Ended[]> => Promise.all(ranks.map(({ ended }) => ended));
const long = ["--epochs", "5000", "--checkpoint-steps", "1000000"];

describe("a rank that is killed", () => {
  it.each([0, 1])("in a step is named by the others: rank %i of 2", async (killed) => {
    const { ranks } = await startRanks(2, long);
    await ranks[0]!.says("epoch 2: ");
    ranks[killed]!.child.kill("SIGKILL");
    const ended = await endings(ranks);
    expect(ended[1 - killed]!.status).toBe(1);
    expect(ended[1 - killed]!.stderr).toMatch(
      new RegExp(
        `rank ${killed} of 2 \\(.*process ${ranks[killed]!.child.pid}\\).* does not answer in .*; look at`,
      ),
    );
    if (killed === 1) expect(ended[0]!.stderr).toMatch(/the weights of step \d+, the last one, are in /);
  });

  it("is named by two others", async () => {
    const { ranks } = await startRanks(3, long);
    await ranks[0]!.says("epoch 2: ");
    ranks[2]!.child.kill("SIGKILL");
    const ended = await endings(ranks);
    for (const rank of [0, 1]) {
      expect(ended[rank]!.status).toBe(1);
      expect(ended[rank]!.stderr).toMatch(/rank 2 of 3 \(.*\) does not answer/);
    }
  });
});

describe("a rank that stands still", () => {
  it("is named when the time is over", async () => {
    const { ranks } = await startRanks(2, [...long, "--distributed-timeout", "4"]);
    await ranks[0]!.says("epoch 1: ");
    ranks[1]!.child.kill("SIGSTOP");
    const { status, stderr } = await ranks[0]!.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /rank 1 of 2 \(.*\) does not answer in (step \d+|the .*): Timed out waiting 4000ms/,
    );
    ranks[1]!.child.kill("SIGKILL");
    await ranks[1]!.ended;
  });

  it("is named where it never came", async () => {
    const { ranks } = await startRanks(3, [...long, "--distributed-timeout", "3"], { started: [0, 1] });
    for (const { status, stderr } of await endings(ranks)) {
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /rank 2 of 3 did not come to .* within 3 s; look at their output, start all with/,
      );
    }
  });

  it("is told where rank 0 is not there", async () => {
    const { ranks } = await startRanks(2, [...long, "--distributed-timeout", "2"], { started: [1] });
    const [ended] = await endings(ranks);
    expect(ended!.status).toBe(1);
    expect(ended!.stderr).toMatch(
      /rank 1 of 2 cannot reach the store of rank 0 at 127.0.0.1:\d+ .*MASTER_PORT/,
    );
  });
});

describe("ranks that differ", () => {
  it("are told in what, before anything is exchanged", async () => {
    const { ranks } = await startRanks(2, long, { flagsOf: (rank) => ["--batch-size", String(8 + rank)] });
    for (const { status, stderr } of await endings(ranks)) {
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /rank 1 of 2 \(.*\) differs from rank 0 of 2 \(.*\): option batchSize \(8 on rank 0, 9 on rank 1\). All processes need/,
      );
    }
  });

  it("are told that their tables differ", async () => {
    const other = write(join(temporaryFolder(), "data.csv"), csvOf(tinyDataset(160, 7)));
    const { ranks } = await startRanks(2, long, {
      flagsOf: (rank) => (rank === 1 ? ["--validation", other] : ["--validation", other, "--test", other]),
    });
    const [first] = await endings(ranks);
    expect(first!.status).toBe(1);
    expect(first!.stderr).toContain("differs from rank 0");
    expect(first!.stderr).toContain("the split");
  });
});

describe("ranks that are started wrongly", () => {
  it("with the same number are told so", async () => {
    const { ranks } = await startRanks(3, [...long, "--distributed-timeout", "5"], {
      environmentOf: (rank) => ({ RANK: String(Math.min(rank, 1)) }),
    });
    const ended = await endings(ranks);
    for (const { status } of ended) expect(status).toBe(1);
    expect(ended.map(({ stderr }) => stderr).join("")).toMatch(
      /rank 2 of 3 did not come to .*, but 2 processes came as rank 1 \(give each a rank of its own\)/,
    );
  });

  it("with a host that is not known are told its name", async () => {
    const { ranks } = await startRanks(2, [...long, "--distributed-timeout", "3"], {
      started: [1],
      environmentOf: () => ({ MASTER_ADDR: "no-such-host.invalid" }),
    });
    const [ended] = await endings(ranks);
    expect(ended!.status).toBe(1);
    expect(ended!.stderr).toMatch(/no-such-host\.invalid/);
    expect(ended!.stderr).toMatch(/MASTER_ADDR/);
  });

  it("with other instruction sets are told which", async () => {
    const { ranks } = await startRanks(2, long, {
      environmentOf: (rank) => (rank === 1 ? { TAGFORMER_ISA: "portable" } : {}),
    });
    for (const { status, stderr } of await endings(ranks)) {
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /differs from rank 0 .*the instruction set \(TAGFORMER_ISA\) \(.* on rank 0, \\?"portable/,
      );
    }
  });
});

it.runIf(process.platform === "linux")(
  "ranks of one machine listen on the loopback address alone",
  async () => {
    const { ranks } = await startRanks(2, long);
    await ranks[0]!.says("epoch 2: ");
    const places = ranks.flatMap(({ child }) => listeningPlaces(child.pid!));
    for (const { child } of ranks) child.kill("SIGKILL");
    await endings(ranks);
    expect(places.length).toBeGreaterThanOrEqual(2); // the store's, and one of each rank's
    expect(new Set(places)).toEqual(new Set(["127.0.0.1"]));
  },
);

/** The addresses on which a process listens for TCP. */
function listeningPlaces(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // closed meanwhile
      }
    }),
  );
  const listening = "0A";
  return ["tcp", "tcp6"].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listening && sockets.has(inode))
      .map(([, place]) => addressOf(place!.split(":")[0]!)),
  );
}

/** An IPv4 address as /proc writes it, in the byte order of the machine; one of IPv6 as it stands there. */
function addressOf(hexadecimal: string): string {
  if (hexadecimal.length !== 8) return hexadecimal;
  return [...Buffer.from(hexadecimal, "hex").reverse()].join(".");
}

it("a port that is taken is named", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const { ranks } = await startRanks(2, long, { port, started: [0] });
  const [ended] = await endings(ranks);
  server.close();
  expect(ended!.status).toBe(1);
  expect(ended!.stderr).toContain(
    `rank 0 cannot listen on 127.0.0.1:${port}: Address already in use; another process has that port: set MASTER_PORT to a free one`,
  );
});

describe("a request to end", () => {
  it.each([0, 1])("of rank %i ends all after the same step, and rank 0 saves", async (asked) => {
    const { ranks, output } = await startRanks(2, ["--epochs", "5000"]);
    await ranks[0]!.says("epoch 1: ");
    ranks[asked]!.child.kill("SIGTERM");
    const ended = await endings(ranks);
    expect(ended[asked]!.status).toBe(143);
    expect(ended[1 - asked]!.status).toBe(130);
    expect(ended[0]!.stderr).toContain("the same command with --resume goes on");
    expect(ended[1]!.stderr).not.toContain("DISTRIBUTED");
    expect(weightsOf(output).length).toBeGreaterThan(0);
  });
});

describe("a program of its own", () => {
  const run = (output: string) => {
    const { texts, labels, labelNames, source } = tinyDataset(160);
    const train = { texts, labels: [...labels], labelNames, source };
    return {
      config,
      train,
      output,
      epochs: 3,
      batchSize: 8,
      learningRate: 3e-3,
      threads: 1,
      report: false,
      preset: "plain",
    };
  };

  it("that leaves its loop ends the others after the same step", async () => {
    const port = await freePort();
    const output = join(temporaryFolder(), "model");
    const ends = await Promise.all(
      [0, 1].map((rank) => runChild("ranks.mjs", "throw", JSON.stringify({ rank, port, run: run(output) }))),
    );
    expect(ends.map(({ end }) => end)).toEqual([0, 0]);
    expect(ends[1]!.reports).toMatchObject({ error: "enough", last: "step" });
    expect(ends[0]!.reports).toMatchObject({ last: "end" });
    expect(ends[0]!.reports.error).toBeUndefined();
  });

  it("whose weights drift from the others' learns it at the end of the epoch", async () => {
    const port = await freePort();
    const output = join(temporaryFolder(), "model");
    const ends = await Promise.all(
      [0, 1].map((rank) => runChild("ranks.mjs", "drift", JSON.stringify({ rank, port, run: run(output) }))),
    );
    for (const { reports } of ends) {
      expect(reports.code).toBe("DISTRIBUTED");
      expect(reports.error).toMatch(
        /rank 1 of 2 .* differs from rank 0 .*the digest of the weights after step \d+/,
      );
    }
  });

  it("ends at once by process.exit() while it waits for another", async () => {
    const port = await freePort();
    const other = runChild("ranks.mjs", "exit", JSON.stringify({ rank: 1, port }));
    const started = Date.now();
    const { end, endedAt } = await runChild("ranks.mjs", "exit", JSON.stringify({ rank: 0, port }));
    expect(end).toBe(5);
    expect(endedAt - started).toBeLessThan(100_000); // the other never answers
    void other;
  });
});
