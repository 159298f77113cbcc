import { afterEach, describe, expect, it, vi } from "vitest";
import { tasksOf } from "../../../scripts/bench/protocol.mjs";
import { Sampler } from "../../../scripts/bench/samples.mjs";

const task = { ...tasksOf(["base"], ["full"])[0]!, contestants: ["hf-bf16", "bf16"] };
const ceiling = 200e9;

/** What was measured, in order, on a machine that is slow during the samples with these numbers. */
async function sample(pairs: number, isSlow: (sample: number) => boolean) {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const order: string[] = [];
  let glances = 0;
  const probe = {
    glance: async () => (isSlow(Math.floor(glances++ / 2)) ? 0.8 : 1) * ceiling,
  };
  const measure = async (name: string) => {
    order.push(name);
    return { seconds: [order.length], peakMemory: 1 };
  };
  const samples = await new Sampler([task], pairs, { probe, ceiling, measure }).take(task);
  return { order, samples, said: said.mock.calls.map(([line]) => String(line)) };
}

afterEach(() => vi.restoreAllMocks());

describe("Sampler", () => {
  const [theirs, ours] = task.contestants as [string, string];

  it("takes turns forwards and backwards, and says how far it is", async () => {
    const { order, samples, said } = await sample(2, () => false);
    expect(order).toEqual([theirs, ours, ours, theirs]);
    expect(samples[ours]!.map(({ seconds }) => seconds)).toEqual([[2], [3]]);
    expect(samples[ours]![0]).toEqual({ seconds: [2], peakMemory: 1, speed: ceiling });
    expect(said.at(-1)).toMatch(/sample 4 of 4, \d+ min left: base full, Hugging Face bf16/);
  });

  it("takes a sample again at once when the machine was slow next to it, and keeps both", async () => {
    const { order, samples } = await sample(1, (number) => number === 1);
    expect(order).toEqual([theirs, ours, ours]);
    expect(samples[theirs]![0]).not.toHaveProperty("disturbed");
    expect(samples[ours]).toEqual([
      {
        seconds: [3],
        peakMemory: 1,
        speed: ceiling,
        disturbed: [{ seconds: [2], peakMemory: 1, speed: 0.8 * ceiling }],
      },
    ]);
  });

  it("goes on after two more attempts, and after half as many as there are samples", async () => {
    const { order, samples } = await sample(3, () => true);
    expect(order).toHaveLength(6 + 3);
    expect(samples[theirs]!.map(({ disturbed }) => disturbed?.length ?? 0)).toEqual([2, 0, 0]);
    expect(samples[ours]!.map(({ disturbed }) => disturbed?.length ?? 0)).toEqual([1, 0, 0]);
  });
});
