import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readModelDirectory } from "../../../src/model/directory.js";
import { parseModelName } from "../../../src/model/hub/name.js";
import { resolveModel } from "../../../src/model/hub/resolve.js";
import { temporaryDirectory } from "./files.js";
import { commit, FakeHub, name, sendError, sendJson } from "./hub-server.js";

/** The waits that were asked for; none is waited. */
const { waits } = vi.hoisted(() => ({ waits: [] as number[] }));
vi.mock("node:timers/promises", () => ({ setTimeout: async (ms: number) => void waits.push(ms) }));

const { statfs } = vi.hoisted(() => ({ statfs: vi.fn() }));
vi.mock("node:fs/promises", async (original) => ({ ...(await original<object>()), statfs }));

let hub: FakeHub;
beforeEach(async () => {
  waits.length = 0;
  statfs.mockResolvedValue({ bavail: 1e9, bsize: 4096, blocks: 1e9 });
  hub = await FakeHub.start();
});
afterEach(() => vi.restoreAllMocks());

describe("a download", () => {
  it("fills the cache as huggingface_hub does, with what a classifier needs", async () => {
    const directory = await resolveModel(name);
    expect(directory).toBe(join(hub.folder, "snapshots", commit));
    expect(readdirSync(directory).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "vocab.txt",
    ]);
    for (const file of readdirSync(directory)) {
      expect(readlinkSync(join(directory, file))).toBe(`../../blobs/${hub.hash(file)}`);
      expect(readFileSync(join(directory, file)).equals(hub.files.get(file)!)).toBe(true);
    }
    expect(readFileSync(join(hub.folder, "refs/main"), "utf8")).toBe(commit);
    expect(readdirSync(join(hub.folder, "blobs"))).toHaveLength(4);
  });

  it("is not made twice", async () => {
    const onProgress = vi.fn();
    await resolveModel(name);
    hub.requests.length = 0;
    await resolveModel(name, { onProgress });
    expect(hub.requests.map(({ path }) => path.split("?")[0])).toEqual([
      "/api/models/owner/model/revision/main",
      `/api/models/owner/model/tree/${commit}`,
    ]);
    expect(onProgress).not.toHaveBeenCalled();
  });

  it("takes only what a new commit changed", async () => {
    await resolveModel(name);
    hub.commit = "f".repeat(40);
    hub.files.set("config.json", Buffer.from('{"model_type":"bert","x":1}'));
    hub.requests.length = 0;
    const directory = await resolveModel(name);
    expect(directory).toContain("f".repeat(40));
    expect(hub.requests.filter(({ path }) => path.includes("/resolve/"))).toHaveLength(1);
    expect(readFileSync(join(directory, "config.json"), "utf8")).toContain('"x":1');
    expect(readdirSync(directory)).toHaveLength(4);
    expect(readFileSync(join(hub.folder, "refs/main"), "utf8")).toBe("f".repeat(40));
  });

  it("repairs files of the wrong size", async () => {
    const directory = await resolveModel(name);
    writeFileSync(hub.blob("config.json"), "{");
    await resolveModel(name);
    expect(readFileSync(join(directory, "config.json"))).toEqual(hub.files.get("config.json"));
  });

  it("takes a tag, or a commit without asking what it is", async () => {
    await resolveModel(`${name}@v1`);
    expect(readFileSync(join(hub.folder, "refs/v1"), "utf8")).toBe(commit);
    hub.requests.length = 0;
    expect(await resolveModel(`${name}@${commit}`)).toBe(join(hub.folder, "snapshots", commit));
    expect(hub.requests.some(({ path }) => path.includes("/revision/"))).toBe(false);
    expect(readdirSync(join(hub.folder, "refs"))).toEqual(["v1"]);
  });

  it("tells its progress in bytes", async () => {
    const calls: [number, number][] = [];
    await resolveModel(name, { onProgress: (done, total) => calls.push([done, total]) });
    const files = ["config.json", "tokenizer.json", "vocab.txt", "model.safetensors"];
    const total = files.reduce((sum, file) => sum + hub.files.get(file)!.length, 0);
    expect(new Set(calls.map((call) => call[1]))).toEqual(new Set([total]));
    expect(calls.at(-1)).toEqual([total, total]);
    expect(calls.map(([done]) => done)).toEqual(calls.map(([done]) => done).sort((a, b) => a - b));
  });

  it("takes the shards that the index lists", async () => {
    const weights = hub.files.get("model.safetensors")!;
    hub.files.delete("model.safetensors");
    const map = { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" };
    for (const shard of Object.values(map)) hub.files.set(shard, Buffer.from([...weights.subarray(0, 999)]));
    hub.files.set("other.safetensors", weights);
    hub.files.set("model.safetensors.index.json", Buffer.from(JSON.stringify({ weight_map: map })));
    const directory = await resolveModel(name);
    expect(readdirSync(directory).filter((file) => file.includes("model"))).toEqual([
      ...Object.values(map),
      "model.safetensors.index.json",
    ]);
    rmSync(join(directory, map.b));
    await expect(resolveModel(name, { offline: true })).rejects.toThrow(`has no ${map.b}`);
  });

  it("refuses shards outside of the model's directory", async () => {
    hub.files.delete("model.safetensors");
    const index = JSON.stringify({ weight_map: { a: "../../../../evil.safetensors" } });
    hub.files.set("model.safetensors.index.json", Buffer.from(index));
    await expect(resolveModel(name)).rejects.toMatchObject({ code: "INVALID_MODEL" });
  });

  it("says what to do when there are no safetensors", async () => {
    hub.files.delete("model.safetensors");
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(
        /no model\.safetensors: its weights are in pytorch_model\.bin.*from_pretrained\("owner\/model"\).*refs\/pr/,
      ),
    });
  });

  it.each([
    [
      "adapter_model.safetensors",
      /it is an adapter \(PEFT: adapter_model.*PeftModel.from_pretrained\(model, "owner\/model"\)/,
    ],
    ["tf_model.h5", /in tf_model\.h5, of TensorFlow; .*from_pretrained\("owner\/model", from_tf=True\)/],
    ["model-Q8_0.gguf", /model-Q8_0\.gguf, for llama\.cpp/],
    [
      "data.zip",
      /no model\.safetensors: it holds README\.md, config\.json, data\.zip, tokenizer\.json, vocab\.txt$/,
    ],
  ])("says what a repository is that has %s alone", async (file, says) => {
    hub.files.delete("model.safetensors");
    hub.files.delete("pytorch_model.bin");
    hub.files.set(file, Buffer.from("x"));
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(says),
    });
  });

  it("names a Git LFS pointer that the hub itself has in place of the weights", async () => {
    const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 12345\n`;
    hub.files.set("model.safetensors", Buffer.from(pointer));
    await expect(resolveModel(name).then(readModelDirectory)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(
        /model\.safetensors is a Git LFS pointer, not .* 12345 bytes; the hub has nothing else at this revision/,
      ),
    });
  });

  it("follows a repository that was renamed", async () => {
    hub.hubFaults.push((request, response) => {
      response.writeHead(307, { location: request.url!.replace("owner/model", "./owner/model") }).end();
    });
    expect(await resolveModel(name)).toContain(commit);
  });

  it("reads a listing of several pages", async () => {
    hub.hubFaults.push(
      (_, __, serve) => serve(),
      (request, response, serve) => {
        const more = `${hub.endpoint}${request.url}&cursor=2`;
        response.setHeader("link", `<${more}>; rel="next"`);
        const end = response.end.bind(response);
        response.end = ((json: string) => end(JSON.stringify(JSON.parse(json).slice(0, 2)))) as typeof end;
        serve();
      },
    );
    expect(readdirSync(await resolveModel(name))).toHaveLength(4);
  });

  it("checks the room on the disk first", async () => {
    statfs.mockResolvedValue({ bavail: 100, bsize: 4096, blocks: 1000 });
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/has 1 MB left, but owner\/model takes \d MB; .*HF_HUB_CACHE/),
    });
    expect(hub.requests.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
  });

  it("names the variable when the cache cannot be written to", async () => {
    writeFileSync(join(hub.cache, "hub"), "");
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/cannot write to the model cache .*; set HF_HUB_CACHE/),
    });
  });
});

describe("names", () => {
  it("stand behind paths", async () => {
    const here = temporaryDirectory();
    const path = join(here, "owner/model");
    expect(await resolveModel(path)).toBe(path); // whoever reads it says that it is not there
    expect(await resolveModel("./owner/model")).toBe("./owner/model");
    expect(hub.requests).toEqual([]);
  });

  it("stand behind directories, and behind those whose saving was interrupted", async () => {
    const here = temporaryDirectory();
    const cwd = process.cwd();
    try {
      process.chdir(here);
      mkdirSync("owner/.model.replaced", { recursive: true });
      expect(await resolveModel("owner/model")).toBe("owner/model");
      mkdirSync("owner/other");
      expect(await resolveModel("owner/other")).toBe("owner/other");
    } finally {
      process.chdir(cwd);
    }
    expect(hub.requests).toEqual([]);
  });

  it.each(["bert", "a/b/c", "model dir", "owner/model@", "owner/model@../../x", "a--b/c", "o..w/model", ""])(
    "of neither kind are refused: %j",
    async (text) => {
      await expect(resolveModel(text)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringMatching(/does not exist.*google-bert\/bert-base-uncased/),
      });
    },
  );

  it("have to be text", async () => {
    await expect(resolveModel(7 as unknown as string)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  it("have a revision", () => {
    expect(parseModelName("a/b")).toMatchObject({ repository: "a/b", revision: "main" });
    expect(parseModelName("a.1/b_2@refs/pr/3")).toMatchObject({
      repository: "a.1/b_2",
      revision: "refs/pr/3",
    });
  });
});

describe("the cache alone", () => {
  it("serves offline, and nothing is asked", async () => {
    const directory = await resolveModel(name);
    hub.requests.length = 0;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolveModel(name)).toBe(directory);
    expect(await resolveModel(`${name}@${commit}`)).toBe(directory);
    expect(hub.requests).toEqual([]);
  });

  it("names what is missing", async () => {
    const offline = { offline: true };
    await expect(resolveModel(name, offline)).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringMatching(/has no config\.json of it; offline \(HF_HUB_OFFLINE\)/),
    });
    const directory = await resolveModel(name);
    await expect(resolveModel(`${name}@other`, offline)).rejects.toThrow("has no config.json");
    rmSync(join(directory, "model.safetensors"));
    await expect(resolveModel(name, offline)).rejects.toThrow("has no model.safetensors");
    rmSync(join(directory, "tokenizer.json"));
    rmSync(join(directory, "vocab.txt"));
    await expect(resolveModel(name, offline)).rejects.toThrow("has no tokenizer.json");
  });

  it("serves with a warning when the hub is away", async () => {
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const directory = await resolveModel(name);
    hub.hubFaults.push(...Array(5).fill((_: unknown, response: never) => sendError(response, 503)));
    expect(await resolveModel(name)).toBe(directory);
    expect(emitWarning).toHaveBeenCalledWith(expect.stringMatching(/answers 503; taking owner\/model/));
    expect(waits).toEqual([500, 1000, 2000, 4000]);
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:1");
    expect(await resolveModel(name)).toBe(directory);
    await expect(resolveModel("owner/unknown")).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringMatching(
        /connection to http:\/\/127\.0\.0\.1:1 failed.*owner\/unknown is no directory/,
      ),
    });
  });

  it("lies where the environment says", async () => {
    const other = temporaryDirectory();
    vi.stubEnv("HF_HUB_CACHE", join(other, "a"));
    expect(await resolveModel(name)).toContain(join(other, "a", "models--owner--model"));
    vi.stubEnv("HF_HUB_CACHE", undefined);
    vi.stubEnv("HF_HOME", undefined);
    vi.stubEnv("XDG_CACHE_HOME", other);
    expect(await resolveModel(name)).toContain(join(other, "huggingface/hub"));
    vi.stubEnv("HOME", other);
    vi.stubEnv("HF_HOME", "~/home");
    expect(await resolveModel(name)).toContain(join(other, "home/hub"));
  });

  it("is found in a read-only place though a tag is new", async () => {
    const directory = await resolveModel(name);
    rmSync(join(hub.folder, "refs"), { recursive: true });
    writeFileSync(join(hub.folder, "refs"), "");
    expect(await resolveModel(name)).toBe(directory);
  });
});

describe("an answer", () => {
  const html = (_: unknown, response: Parameters<typeof sendError>[0]) =>
    void response.setHeader("content-type", "text/html").end("<html>Please log in</html>");

  it.each([
    ["401", (_, response) => sendError(response, 401), /no such model for us \(401\).*set HF_TOKEN/],
    ["403", (_, response) => sendError(response, 403), /does not hand out owner\/model \(403\)/],
    ["gated", (_, response) => sendError(response, 401, "GatedRepo"), /accept its terms/],
    ["404", (_, response) => sendError(response, 404), /no directory owner\/model, and .* no such model/],
    ["418", (_, response) => sendError(response, 418), /answers 418/],
    ["HTML", html, /text\/html instead of JSON.*check HF_ENDPOINT/],
    ["no type", (_, response) => void response.end("{}"), /nothing instead of JSON/],
    ["a list", (_, response) => sendJson(response, []), /a commit named undefined/],
    ["null", (_, response) => sendJson(response, null), /what no hub says/],
    ["a path as commit", (_, response) => sendJson(response, { sha: "../../x" }), /a commit named/],
    [
      "half of JSON",
      (_, response) => void response.setHeader("content-type", "application/json").end('{"sha":'),
      /what no hub says/,
    ],
    [
      "endless JSON",
      (_, response) => void response.setHeader("content-type", "application/json").end(" ".repeat(21e6)),
      /more than 20000000 bytes/,
    ],
  ] satisfies [string, FakeHub["hubFaults"][0], RegExp][])(
    "of %s is explained, at once",
    async (_, fault, message) => {
      hub.hubFaults.push(fault);
      await expect(resolveModel(name)).rejects.toMatchObject({
        code: "DOWNLOAD_FAILED",
        message: expect.stringMatching(message),
      });
      expect(hub.requests).toHaveLength(1);
      expect(existsSync(hub.folder)).toBe(false);
    },
  );

  it.each([
    ["an object", {}],
    ["null entries", [null]],
    ["a path as hash", [{ type: "file", path: "config.json", size: 1, oid: "../../../x" }]],
    ["a negative size", [{ type: "file", path: "config.json", size: -1, oid: "a".repeat(40) }]],
    ["an odd lfs hash", [{ type: "file", path: "x", size: 1, oid: "a".repeat(40), lfs: { oid: "b" } }]],
    [
      "too many files",
      Array(10_001)
        .fill(0)
        .map((_, i) => ({ type: "file", path: `${i}`, size: 1, oid: "a".repeat(40) })),
    ],
  ])("with %s as listing is refused", async (_, listing) => {
    hub.hubFaults.push(
      (_, __, serve) => serve(),
      (_, response) => sendJson(response, listing),
    );
    await expect(resolveModel(name)).rejects.toMatchObject({
      code: "DOWNLOAD_FAILED",
      message: expect.stringContaining("answers"),
    });
    expect(existsSync(hub.folder)).toBe(false);
  });

  it("about an unknown revision names it", async () => {
    await expect(resolveModel(`${name}@v2`)).rejects.toThrow("no revision owner/model@v2");
  });

  it("that asks to wait is waited for", async () => {
    hub.hubFaults.push(
      (_, response) => void response.writeHead(429, { "retry-after": "7" }).end(),
      (_, response) =>
        void response.writeHead(503, { "retry-after": new Date(Date.now() + 30_000).toUTCString() }).end(),
      (_, response) => void response.destroy(),
    );
    expect(await resolveModel(name)).toContain(commit);
    expect(waits).toHaveLength(3);
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeGreaterThan(28_000);
    expect(waits[2]).toBe(2000);
  });

  it("that asks to wait too long is passed on", async () => {
    hub.hubFaults.push((_, response) => void response.writeHead(429, { "retry-after": "300" }).end());
    await expect(resolveModel(name)).rejects.toThrow(/429 and asks to wait 300 s; with HF_TOKEN/);
    expect(waits).toEqual([]);
  });

  it("is not waited for after an abort", async () => {
    const controller = new AbortController();
    hub.hubFaults.push(() => controller.abort(new Error("enough")));
    await expect(resolveModel(name, { signal: controller.signal })).rejects.toThrow("enough");
    await expect(resolveModel(name, { signal: controller.signal })).rejects.toThrow("enough");
    expect(hub.requests).toHaveLength(1);
  });
});
