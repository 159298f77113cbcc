// One model in the place of another, while it is asked.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ModelSlot } from "../../../src/classifier/model-slot.js";
import { Classifier } from "../../../src/classifier.js";
import { errorOf, finish, labelNames, temporaryFolder, tinyDataset, tinyRun } from "../training/tiny-run.js";

let directory: string;
let other: string;
beforeAll(async () => {
  directory = (await finish(tinyRun({ train: tinyDataset(100), epochs: 1 }))).end.directory;
  other = (await finish(tinyRun({ train: tinyDataset(100), epochs: 1, seed: 7 }))).end.directory;
});

describe("a model slot", () => {
  it("swaps one model for another without a lost request, while requests come", async () => {
    await using slot = await ModelSlot.load(directory);
    const [one, two] = await Promise.all(
      [directory, other].map(async (path) => {
        await using classifier = await Classifier.load(path);
        return await classifier.predict("parcel");
      }),
    );
    expect(one).not.toEqual(two);
    const answers: unknown[] = [];
    const requests: Promise<unknown>[] = [];
    let going = true;
    const asking = (async () => {
      while (going) {
        requests.push(slot.predict("parcel").then((answer) => answers.push(answer)));
        await new Promise(setImmediate);
      }
    })();
    const old = slot.current;
    for (const path of [other, directory, other]) await slot.replace(path);
    going = false;
    await asking;
    await Promise.all(requests);
    expect(answers.length).toBe(requests.length);
    for (const answer of answers) expect([one, two]).toContainEqual(answer);
    expect(answers.at(-1)).toEqual(two);
    expect(slot.current.info.path).toBe(other);
    expect(await errorOf(() => old.predict("a"))).toMatchObject({ code: "DISPOSED" });
  });

  it("keeps the old model when the new one cannot be loaded, and while somebody uses it", async () => {
    await using slot = await ModelSlot.load(directory);
    const current = slot.current;
    expect(await errorOf(() => slot.replace(join(directory, "none")))).toMatchObject({ code: "IO" });
    await expect(slot.replace(other, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(slot.current).toBe(current);
    let release = () => {};
    const using = slot.use(async (classifier) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return classifier.predict("parcel");
    });
    const replacing = slot.replace(other);
    while (slot.current === current) await new Promise(setImmediate);
    expect(await slot.predict("refund")).toHaveProperty("scores");
    release();
    expect(await using).toHaveProperty("scores");
    await replacing;
    await slot.close();
    expect(await errorOf(() => slot.predict("late"))).toMatchObject({ code: "DISPOSED" });
    expect(await errorOf(() => slot.replace(other))).toMatchObject({ code: "DISPOSED" });
  });

  it("expects the labels that a program names of every model", async () => {
    const renamed = join(temporaryFolder(), "renamed");
    const train = { ...tinyDataset(60), labelNames: ["one", "two", "three"] };
    await finish(tinyRun({ train, output: renamed, epochs: 1 }));
    await using slot = await ModelSlot.load(directory, { labels: labelNames });
    expect((await errorOf(() => slot.replace(renamed))).message).toContain('are "one", "two", "three"');
    await slot.replace(other);
    await using anySlot = await ModelSlot.load(directory);
    await anySlot.replace(renamed);
    expect((await anySlot.predict("parcel")).scores).toHaveProperty("three");
  });
});
