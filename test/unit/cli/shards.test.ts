import { describe, expect, it } from "vitest";
import { findShard, shardFile } from "../../../src/cli/shards.js";

describe("--shard", () => {
  it.each<[string | undefined, number | undefined, NodeJS.ProcessEnv, unknown]>([
    [undefined, undefined, { RANK: "1", WORLD_SIZE: "2" }, undefined],
    ["3/16", undefined, {}, { index: 3, count: 16 }],
    ["3", 16, {}, { index: 3, count: 16 }],
    ["3/16", 16, {}, { index: 3, count: 16 }],
    ["auto", 8, { JOB_COMPLETION_INDEX: "7" }, { index: 7, count: 8 }],
    [
      "auto",
      undefined,
      { SLURM_ARRAY_TASK_ID: "4", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "4" },
      { index: 3, count: 4 },
    ],
    ["auto", undefined, { RANK: "0", WORLD_SIZE: "2" }, { index: 0, count: 2 }],
    // The more specific one wins: a job's pod may run torchrun's environment, too.
    ["auto", 4, { JOB_COMPLETION_INDEX: "2", RANK: "0", WORLD_SIZE: "1" }, { index: 2, count: 4 }],
  ])("%s with --shards %s in %j is %j", (shard, shards, environment, expected) => {
    expect(findShard(shard, shards, environment)).toEqual(expected);
  });

  it.each<[string | undefined, number | undefined, NodeJS.ProcessEnv, RegExp]>([
    [undefined, 4, {}, /say which one with --shard/],
    ["3", undefined, {}, /expected a part of several such as 0\/16/],
    ["x/3", undefined, {}, /expected a part of several/],
    ["3/3", undefined, {}, /from 0 to 2/],
    ["0/0", undefined, {}, /--shard is 0\/0/],
    ["0/4", 5, {}, /differ/],
    ["auto", 4, {}, /none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID, RANK/],
    [
      "auto",
      undefined,
      { JOB_COMPLETION_INDEX: "1" },
      /JOB_COMPLETION_INDEX does not say of how many parts; add --shards/,
    ],
    ["auto", 2, { JOB_COMPLETION_INDEX: "2" }, /JOB_COMPLETION_INDEX is 2; expected a number from 0 to 1/],
    ["auto", 2, { RANK: "one", WORLD_SIZE: "2" }, /RANK is "one"; expected a whole number/],
  ])("%s with --shards %s in %j is refused", (shard, shards, environment, message) => {
    expect(() => findShard(shard, shards, environment)).toThrow(message);
  });
});

it("a part's file has its number and the number of parts in its name", () => {
  const shard = { index: 3, count: 16 };
  expect(shardFile("out.csv", shard)).toBe("out-00003-of-00016.csv");
  expect(shardFile("./a.b/out", shard)).toBe("./a.b/out-00003-of-00016");
  expect(shardFile("/tmp/x.json", shard)).toBe("/tmp/x-00003-of-00016.json");
});
