import { describe, expect, it } from "vitest";
import { JointTokenization } from "../../../src/predict/joint-tokenization.js";
import { Ticket } from "../../../src/predict/ticket.js";
import { sliceTexts } from "../../../src/text/plan.js";
import { zeroCounts } from "../../../src/text/token-counts.js";

/** A tokenizer that notes which texts go together; a text's one token is its length. */
function recording() {
  const requests: string[][] = [];
  const joint = new JointTokenization(
    async (texts) => {
      requests.push([...texts]);
      await new Promise(setImmediate);
      if (texts.includes("unreadable")) throw new Error("what is that?");
      const ids = Int32Array.from(texts, ({ length }) => length);
      return {
        ids,
        offsets: Int32Array.from({ length: texts.length + 1 }, (_, i) => i),
        counts: zeroCounts(texts.length),
      };
    },
    (tokens, first, end) => ({ ...sliceTexts(tokens, first, end), counts: zeroCounts(end - first) }),
  );
  const encode = async (...texts: string[]) => [...(await joint.encode(texts, new Ticket(false))).ids];
  return { joint, encode, requests };
}

const textsOf = (count: number) => Array.from({ length: count }, (_, i) => "x".repeat(i % 50));

describe("pieces that are tokenized together", () => {
  it("are those that wait, in their order, and each gets its own tokens", async () => {
    const { encode, requests } = recording();
    const order: number[] = [];
    const texts = textsOf(200);
    const answers = await Promise.all(
      texts.map(async (text, i) => {
        const tokens = await encode(text, "abc");
        order.push(i);
        return tokens;
      }),
    );
    expect(answers).toEqual(texts.map(({ length }) => [length, 3]));
    expect(order).toEqual([...order.keys()]);
    expect(requests.map(({ length }) => length)).toEqual([2, 2, 64, 64, 64, 64, 64, 64, 12]);
  });

  it("have no more characters than a request may have, unless one alone has", async () => {
    const { encode, requests } = recording();
    const long = "x".repeat(2 ** 13);
    const sent = ["first", "second", "a", long, "b", long, long, long + long + long, "c"];
    await Promise.all(sent.map((text) => encode(text)));
    expect(requests.slice(2)).toEqual([["a", long, "b"], [long, long], [long + long + long], ["c"]]);
  });

  it("fail alone: only the one to blame is rejected", async () => {
    const { encode } = recording();
    const texts = ["first", "second", "a", "unreadable", "bc"];
    expect(await Promise.allSettled(texts.map((text) => encode(text)))).toMatchObject([
      { value: [5] },
      { value: [6] },
      { value: [1] },
      { reason: { message: "what is that?" } },
      { value: [2] },
    ]);
    expect(await encode("later")).toEqual([5]);
  });

  it("are not those of callers that have left", async () => {
    const { joint, encode, requests } = recording();
    const [first, second] = [encode("first"), encode("second")];
    const ticket = new Ticket(true);
    const leaves = joint.encode(["unwanted"], ticket);
    const outcome = expect(leaves).rejects.toBe("gone");
    ticket.leave("gone");
    const stays = encode("a");
    await Promise.all([first, second, stays, outcome]);
    expect(requests).toEqual([["first"], ["second"], ["a"]]);
  });
});
