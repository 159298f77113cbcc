// The command line on a machine with a GPU: what is chosen when nobody names a device, and one GPU of several.
import { beforeAll, describe, expect, it, vi } from "vitest";
import { tagformer } from "../e2e/command.js";
import { trained } from "../e2e/trained.js";
import { simulated } from "./simulated.js";

let predict: readonly string[];
beforeAll(async () => {
  const { directory, table } = await trained(20);
  predict = ["predict", table, "--model", directory, "--threads", "1"];
});

describe("the command line", () => {
  it("takes the GPU by itself, and says so", async () => {
    const automatic = await tagformer(predict);
    expect(automatic.status).toBe(0);
    expect(automatic.stderr).toMatch(/^computing on cuda:0 \(.+\)$/m);
    const named = await tagformer([...predict, "--device", "cuda"]);
    expect(named).toMatchObject({ status: 0, stdout: automatic.stdout });
    expect(named.stderr).not.toContain("computing on");
  });

  it("is told by CUDA_VISIBLE_DEVICES that there is none", async () => {
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "");
    try {
      const { status, stderr } = await tagformer(predict);
      expect({ status, computes: stderr.includes("computing on") }).toEqual({ status: 0, computes: false });
      const named = await tagformer([...predict, "--device", "cuda"]);
      expect(named.status).toBe(1);
      expect(named.stderr).toMatch(/device cuda is not available: .*CUDA_VISIBLE_DEVICES/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.skipIf(!simulated)("computes on the second of two GPUs, and refuses a third", async () => {
    vi.stubEnv("SIMULATED_DEVICES", "2");
    try {
      const first = await tagformer([...predict, "--device", "cuda:0"]);
      const second = await tagformer([...predict, "--device", "cuda:1"]);
      expect(second).toMatchObject({ status: 0, stdout: first.stdout });
      const third = await tagformer([...predict, "--device", "cuda:2"]);
      expect(third.status).toBe(1);
      expect(third.stderr).toContain("there are 2 GPUs");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
