import { inspect } from "node:util";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";

const cause = new Error("EACCES");
const error = new TagformerError("IO", "cannot read a.csv: EACCES", { cause });

describe("a TagformerError", () => {
  it("is an Error with a stack that begins where it was made, and a cause", () => {
    const made = function caller() {
      return new TagformerError("IO", "cannot read a.csv");
    };
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(TagformerError);
    expect(error.cause).toBe(cause);
    expect(`${error}`).toBe("TagformerError: cannot read a.csv: EACCES");
    expect(made().stack).toMatch(/^TagformerError: cannot read a\.csv\n +at caller /);
    expect("cause" in made()).toBe(false);
    expect(inspect(error)).toMatch(/^TagformerError: cannot read a\.csv: EACCES\n +at /);
    expect(inspect(error)).toContain("[cause]: Error: EACCES");
    expect(() => {
      throw error;
    }).toThrow("cannot read a.csv");
  });

  it("keeps code and message when it is cloned, sent to another thread, and written as JSON", () => {
    const kept = { name: "TagformerError", code: "IO", message: "cannot read a.csv: EACCES" };
    expect(structuredClone(error)).toEqual(kept);
    expect(JSON.parse(JSON.stringify(error))).toEqual(kept);
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(error);
    expect(receiveMessageOnPort(port2)).toEqual({ message: kept });
    port1.close();
    const withFunction = new TagformerError("INTERNAL", "x", { cause: { report() {} } });
    expect(structuredClone(withFunction)).toMatchObject({ code: "INTERNAL", message: "x" });
  });

  it("has the stack of whoever awaits the call in which it is made", async () => {
    async function inner() {
      await new Promise(setImmediate);
      throw new TagformerError("IO", "late");
    }
    async function ownCaller() {
      await inner();
    }
    const caught = await ownCaller().catch((reason: Error) => reason);
    expect(caught?.stack).toMatch(/at (async )?ownCaller /);
  });
});
