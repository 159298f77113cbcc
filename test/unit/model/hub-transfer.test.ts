import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { redirectTarget } from "../../../src/model/hub/connection.js";
import { resolveModel } from "../../../src/model/hub/resolve.js";
import { cutAfter, FakeHub, type Fault, name, sendError, stallAfter } from "./hub-server.js";

vi.mock("node:timers/promises", () => ({ setTimeout: async () => {} }));

const weights = "model.safetensors";
let hub: FakeHub;
beforeEach(async () => {
  hub = await FakeHub.start();
});

async function expectWeights(): Promise<void> {
  const directory = await resolveModel(name);
  expect(readFileSync(join(directory, weights)).equals(hub.files.get(weights)!)).toBe(true);
  expect(hub.parts()).toEqual([]);
}

const ranges = () => hub.seen("cdn").map(({ headers }) => headers.range);

/** Sends bytes that are as many, but others. */
const wrongBytes: Fault = (_, response, serve) => {
  const end = response.end.bind(response);
  response.end = ((body: Buffer) => {
    const wrong = Buffer.from(body);
    wrong[wrong.length - 1]! ^= 1;
    return end(wrong);
  }) as typeof end;
  serve();
};

/** Lets a download fail for good after it got `bytes`, so that it leaves a part. */
async function leavePart(bytes: number): Promise<string> {
  hub.cdnFaults.push(cutAfter(bytes), ...Array<Fault>(4).fill((_, response) => void response.destroy()));
  await expect(resolveModel(name)).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
  expect(hub.cdnFaults).toEqual([]);
  hub.requests.length = 0;
  const [part] = hub.parts();
  return join(hub.folder, "blobs", part!);
}

describe("a connection that is cut", () => {
  it("is continued where it was, with If-Range", async () => {
    hub.cdnFaults.push(cutAfter(700_000), cutAfter(500_000));
    await expectWeights();
    const [first, second, third] = hub.seen("cdn");
    expect(first!.headers.range).toBeUndefined();
    expect(second!.headers["if-range"]).toBe(hub.cdnEtag);
    const at = [second!, third!].map(({ headers }) => Number(headers.range!.match(/^bytes=(\d+)-$/)![1]));
    expect(at[0]).toBeGreaterThan(0);
    expect(at[0]).toBeLessThanOrEqual(700_000);
    expect(at[1]).toBeGreaterThan(at[0]!);
  });

  it("is begun anew when the file changed meanwhile", async () => {
    hub.cdnFaults.push(cutAfter(700_000), (_, __, serve) => {
      hub.cdnEtag = '"cdn-2"';
      serve();
    });
    await expectWeights();
    expect(hub.seen("cdn")).toHaveLength(2);
  });

  it.each([
    ["none", null],
    ["a weak one", 'W/"1"'],
    ["one too long for a name", `"${"x".repeat(200)}"`],
  ])("is begun anew without an ETag to continue with: %s", async (_, etag) => {
    hub.cdnFaults.push((request, response, serve) => {
      const setHeader = response.setHeader.bind(response);
      response.setHeader = ((key: string, value: string) => {
        if (key !== "etag") return setHeader(key, value);
        return etag ? setHeader(key, etag) : response;
      }) as typeof setHeader;
      cutAfter(700_000)(request, response, serve);
    });
    await expectWeights();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it.each([
    ["416", (_, response) => sendError(response, 416)],
    [
      "another part",
      (_, response) => void response.writeHead(206, { "content-range": "bytes 5-9/10" }).end("hello"),
    ],
    ["a part without a place", (_, response) => void response.writeHead(206).end("hello")],
  ] satisfies [string, Fault][])("is begun anew after an answer of %s", async (_, fault) => {
    hub.cdnFaults.push(cutAfter(700_000), fault);
    await expectWeights();
    expect(ranges()).toEqual([undefined, expect.any(String), undefined]);
  });

  it("may be one without an error, only shorter", async () => {
    hub.cdnFaults.push((_, response) => void response.setHeader("etag", hub.cdnEtag).end("short"));
    await expectWeights();
    // "short" is not how the file begins, so the second answer completes something that is not kept.
    expect(ranges()).toEqual([undefined, "bytes=5-", undefined]);
  });

  it("is given up after five times without progress, and left for the next time", async () => {
    const { size } = statSync(await leavePart(700_000));
    await expectWeights();
    expect(ranges()).toEqual([`bytes=${size}-`]);
  });

  it("ends with the signal, and what is there stays", async () => {
    const controller = new AbortController();
    hub.cdnFaults.push(stallAfter(300_000));
    const onProgress = (done: number) => {
      if (done > 200_000) controller.abort(new Error("enough"));
    };
    await expect(resolveModel(name, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(hub.parts()).toHaveLength(1);
    await expectWeights();
  });
});

describe("a part that was left", () => {
  it("is continued by a copy, unless its server has changed", async () => {
    const { size } = statSync(await leavePart(700_000));
    hub.cdnEtag = '"cdn-2"';
    await expectWeights();
    expect(ranges()).toEqual([`bytes=${size}-`]);
  });

  it("is checked as a whole: wrong bytes at its beginning are not kept", async () => {
    const part = await leavePart(700_000);
    const bytes = readFileSync(part);
    bytes[10]! ^= 1;
    writeFileSync(part, bytes);
    await expectWeights();
    expect(ranges()).toEqual([`bytes=${bytes.length}-`, undefined]);
  });

  it("needs no request when only its end was missed", async () => {
    const part = await leavePart(700_000);
    writeFileSync(part, hub.files.get(weights)!);
    await expectWeights();
    expect(hub.seen("cdn")).toEqual([]);
  });

  it("is not continued when it is longer than the file, and cleared up", async () => {
    const part = await leavePart(700_000);
    writeFileSync(part, Buffer.concat([hub.files.get(weights)!, Buffer.from("x")]));
    await expectWeights();
    expect(ranges()).toEqual([undefined]);
  });

  it("goes when its maker is long gone, even if the next download fails too", async () => {
    const part = await leavePart(700_000);
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(part, old, old);
    await leavePart(100);
    expect(hub.parts()).toHaveLength(1);
    expect(hub.parts()[0]).not.toBe(part);
  });

  it("by huggingface_hub stays untouched", async () => {
    await leavePart(700_000);
    const foreign = `${hub.blob(weights)}.0a1b2c3d.incomplete`;
    writeFileSync(foreign, "x");
    await resolveModel(name);
    expect(readFileSync(foreign, "utf8")).toBe("x");
  });
});

describe("wrong bytes", () => {
  it("are deleted, and asked for once more", async () => {
    hub.cdnFaults.push(wrongBytes);
    await expectWeights();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it("that come twice are an error, and nothing is left", async () => {
    hub.cdnFaults.push(wrongBytes, wrongBytes);
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringMatching(/model\.safetensors of owner\/model was downloaded twice.*hash/),
    });
    expect(hub.seen("cdn")).toHaveLength(2);
    expect(readdirSync(join(hub.folder, "blobs"))).not.toContain(hub.hash(weights));
    expect(hub.parts()).toEqual([]);
  });

  it("are noticed in small files too", async () => {
    const pass: Fault = (_, __, serve) => serve();
    hub.hubFaults.push(pass, pass, wrongBytes, wrongBytes);
    await expect(resolveModel(name)).rejects.toThrow(/config\.json of owner\/model was downloaded twice/);
  });

  it("may be too many", async () => {
    const tooMany: Fault = (_, response) => void response.end(Buffer.alloc(3e6));
    hub.cdnFaults.push(tooMany, tooMany);
    await expect(resolveModel(name)).rejects.toThrow("downloaded twice");
  });

  it("may be a web page, for which nothing is thrown away", async () => {
    await leavePart(700_000);
    hub.cdnFaults.push((_, response) => void response.setHeader("content-type", "text/html").end("<html>"));
    await expect(resolveModel(name)).rejects.toThrow(/a web page came instead of model\.safetensors/);
    expect(hub.seen("cdn")).toHaveLength(1);
    await expectWeights();
    expect(ranges()[1]).toMatch(/^bytes=[1-9]/);
  });
});

describe("the token", () => {
  it("goes to the hub and nowhere else", async () => {
    vi.stubEnv("HF_TOKEN", " hf_secret\n");
    await resolveModel(name);
    expect(new Set(hub.seen("hub").map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer hf_secret"]),
    );
    expect(hub.seen("cdn").map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it("comes from the file of a login", async () => {
    writeFileSync(join(hub.cache, "token"), "hf_stored\n");
    await resolveModel(name);
    expect(hub.seen("hub")[0]!.headers.authorization).toBe("Bearer hf_stored");
  });

  it("is never shown", async () => {
    vi.stubEnv("HF_TOKEN", "hf_sec\nret");
    const error = await resolveModel(name).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/^HF_TOKEN holds/),
    });
    expect(String(error)).not.toContain("ret;");
    expect(hub.requests).toEqual([]);
  });

  it("that has no access is mentioned", async () => {
    vi.stubEnv("HF_TOKEN", "hf_secret");
    hub.hubFaults.push((_, response) => sendError(response, 401));
    const error = await resolveModel(name).catch((thrown: Error) => thrown);
    expect(String(error)).toMatch(/a token was sent, but may lack access/);
    expect(String(error)).not.toContain("hf_secret");
  });
});

describe("redirects", () => {
  it("in circles end", async () => {
    const circle: Fault = (request, response) =>
      void response.writeHead(302, { location: request.url! }).end();
    hub.hubFaults.push(...Array<Fault>(20).fill(circle));
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringContaining("redirects in circles"),
    });
    expect(hub.requests).toHaveLength(11);
  });

  it.each(["ftp://127.0.0.1/x", "file:///etc/passwd", "http://"])("to %s are refused", async (location) => {
    hub.hubFaults.push((_, response) => void response.writeHead(302, { location }).end());
    await expect(resolveModel(name)).rejects.toThrow("not safe to follow");
  });

  it.each([
    "http://cdn.example.com/x",
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://169.254.169.254/latest",
    "https://10.1.2.3/x",
    "https://[::1]/x",
    "https://[::ffff:192.168.0.1]/x",
    "https://[fd00::1]/x",
  ])("from the internet to %s are refused", (location) => {
    const endpoint = "https://huggingface.co";
    expect(() => redirectTarget(new URL(`${endpoint}/x`), location, endpoint)).toThrow("not safe to follow");
  });

  it("from the internet to a CDN are followed", () => {
    const from = new URL("https://huggingface.co/a/b");
    const to = (location: string) => redirectTarget(from, location, from.origin).href;
    expect(to("https://cdn-lfs.hf.co/x?y=z")).toBe("https://cdn-lfs.hf.co/x?y=z");
    expect(to("/c/d")).toBe("https://huggingface.co/c/d");
  });

  it("show no signature in messages, and a CDN's refusal is not the hub's", async () => {
    hub.cdnFaults.push((_, response) => sendError(response, 403));
    const error = await resolveModel(name).catch((thrown: Error) => thrown);
    expect(String(error)).toMatch(/answers 403 to \/model\.safetensors/);
    expect(String(error)).not.toContain("signature");
  });
});

it.each(["ftp://x", "huggingface.co", "http://"])("a wrong HF_ENDPOINT is named: %s", async (value) => {
  vi.stubEnv("HF_ENDPOINT", value);
  await expect(resolveModel(name)).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringMatching(/^HF_ENDPOINT is/),
  });
});
