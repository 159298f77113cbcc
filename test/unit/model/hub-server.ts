// A hub on this machine: the routes of huggingface.co that a download takes, its CDN on another port, and faults on demand.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { onTestFinished, vi } from "vitest";
import { safetensors, temporaryDirectory } from "./files.js";

export const name = "owner/model";
export const commit = "0123456789abcdef0123456789abcdef01234567";
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Answers a request instead of the hub; `serve` is what the hub would have done. */
export type Fault = (request: IncomingMessage, response: ServerResponse, serve: () => void) => void;

export interface SeenRequest {
  readonly place: "hub" | "cdn";
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** The small model that the server has; the weights are large enough for several packets. */
function modelFiles(): Map<string, Buffer> {
  const weights = safetensors(
    { "a.weight": { dtype: "F32", shape: [500_000], data_offsets: [0, 2e6] } },
    2e6,
  );
  for (let i = 100; i < weights.length; i += 97) weights[i] = i % 251;
  return new Map([
    ["config.json", Buffer.from('{"model_type":"bert"}')],
    ["tokenizer.json", Buffer.from('{"version":"1.0"}')],
    ["vocab.txt", Buffer.from("[PAD]\n[UNK]\n")],
    ["model.safetensors", weights],
    ["README.md", Buffer.from("# A model\n")],
    ["pytorch_model.bin", Buffer.from("pickle")],
  ]);
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const gitSha1 = (bytes: Buffer) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export class FakeHub {
  files = modelFiles();
  commit = commit;
  /** ETag of everything that the CDN has. */
  cdnEtag = '"cdn-1"';
  readonly requests: SeenRequest[] = [];
  /** Answers requests to the hub, or to the CDN, one after the other; then there are no more faults. */
  readonly hubFaults: Fault[] = [];
  readonly cdnFaults: Fault[] = [];
  readonly cache = temporaryDirectory();
  endpoint = "";
  cdn = "";

  /** Starts both servers, and points this process to them until the test is over. */
  static async start(): Promise<FakeHub> {
    const hub = new FakeHub();
    hub.cdn = await listen(
      createServer((request, response) =>
        hub.#handle("cdn", hub.cdnFaults, request, response, () => hub.#serveCdn(request, response)),
      ),
    );
    hub.endpoint = await listen(
      createServer((request, response) =>
        hub.#handle("hub", hub.hubFaults, request, response, () => hub.#serveHub(request, response)),
      ),
    );
    for (const variable of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"]) {
      vi.stubEnv(variable, undefined);
    }
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HOME", hub.cache);
    onTestFinished(() => void vi.unstubAllEnvs());
    return hub;
  }

  /** The model's folder in the cache. */
  get folder(): string {
    return join(this.cache, "hub", "models--owner--model");
  }

  blob(file: string): string {
    return join(this.folder, "blobs", this.hash(file));
  }

  hash(file: string): string {
    const bytes = this.files.get(file)!;
    return isLarge(file) ? sha256(bytes) : gitSha1(bytes);
  }

  /** Names of the parts that downloads have left. */
  parts(): string[] {
    return readdirSync(join(this.folder, "blobs")).filter((file) => file.endsWith(".incomplete"));
  }

  seen(place: "hub" | "cdn"): SeenRequest[] {
    return this.requests.filter((request) => request.place === place);
  }

  #handle(
    place: "hub" | "cdn",
    faults: Fault[],
    request: IncomingMessage,
    response: ServerResponse,
    serve: () => void,
  ): void {
    this.requests.push({ place, path: request.url!, headers: request.headers });
    const fault = faults.shift();
    if (fault) fault(request, response, serve);
    else serve();
  }

  #serveHub(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, this.endpoint);
    const [, tree] = pathname.match(/^\/api\/models\/owner\/model\/tree\/([0-9a-f]{40})$/) ?? [];
    const [, revision] = pathname.match(/^\/api\/models\/owner\/model\/revision\/(.+)$/) ?? [];
    const [, file] = pathname.match(/^\/owner\/model\/resolve\/[0-9a-f]{40}\/(.+)$/) ?? [];
    const content = file && this.files.get(file);
    if (tree === this.commit) sendJson(response, this.#tree());
    else if (revision === "main" || revision === "v1") sendJson(response, this.#info());
    else if (revision) sendError(response, 404, "RevisionNotFound");
    else if (!content) sendError(response, 404, "RepoNotFound");
    else this.#serveFile(request, response, file, content);
  }

  #serveFile(request: IncomingMessage, response: ServerResponse, file: string, content: Buffer): void {
    response.setHeader("X-Repo-Commit", this.commit);
    if (isLarge(file)) {
      response.setHeader("X-Linked-Etag", `"${sha256(content)}"`);
      response.setHeader("X-Linked-Size", content.length);
      response.writeHead(302, { location: `${this.cdn}/${file}?signature=secret` }).end();
    } else {
      sendBytes(request, response, content, `"${gitSha1(content)}"`);
    }
  }

  #serveCdn(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, this.cdn);
    sendBytes(request, response, this.files.get(pathname.slice(1))!, this.cdnEtag);
  }

  #info(): unknown {
    return { _id: "1", id: name, sha: this.commit, lastModified: "2024-01-01T00:00:00.000Z" };
  }

  #tree(): unknown[] {
    const files = [...this.files].map(([path, bytes]) => ({
      type: "file",
      path,
      size: bytes.length,
      oid: gitSha1(bytes),
      ...(isLarge(path) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
    }));
    return [{ type: "directory", path: "onnx", size: 0, oid: gitSha1(Buffer.from("onnx")) }, ...files];
  }
}

function isLarge(file: string): boolean {
  return file.endsWith(".safetensors");
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json; charset=utf-8").end(JSON.stringify(value));
}

export function sendError(response: ServerResponse, status: number, code = ""): void {
  response.writeHead(status, { "x-error-code": code, "content-type": "text/plain" }).end("no");
}

/** Serves bytes as a CDN does: a range when `If-Range` names the present ETag, everything otherwise. */
function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Buffer, etag: string): void {
  response.setHeader("etag", etag).setHeader("content-type", "binary/octet-stream");
  const [, start] = request.headers.range?.match(/^bytes=(\d+)-$/) ?? [];
  const first = request.headers["if-range"] === etag ? Number(start) : 0;
  if (first > 0) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${first}-${bytes.length - 1}/${bytes.length}`);
  }
  response.end(bytes.subarray(first));
}

/** Sends only the beginning of what would be sent, then cuts the connection. */
export function cutAfter(bytes: number): Fault {
  return (_, response, serve) => {
    const end = response.end.bind(response);
    response.end = ((body: Buffer) => {
      response.setHeader("content-length", body.length);
      response.write(body.subarray(0, bytes), () => setImmediate(() => response.destroy()));
      return response;
    }) as typeof end;
    serve();
  };
}

/** Sends only the beginning, and then nothing more. */
export function stallAfter(bytes: number, stalled: () => void = () => {}): Fault {
  return (_, response, serve) => {
    response.end = ((body: Buffer) => {
      response.setHeader("content-length", body.length);
      response.write(body.subarray(0, bytes), stalled);
      return response;
    }) as typeof response.end;
    serve();
  };
}

/** A program in plain JavaScript, beside a translation of src/, that a child process can run. */
export function childProgram(code: string): string {
  const directory = temporaryDirectory();
  const source = join(root, "src");
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!/^(base|install|model|native|options)\/.*\.ts$/.test(file)) continue;
    const target = join(directory, file.replace(/ts$/, "js"));
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const text = readFileSync(join(source, file), "utf8");
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(text, { compilerOptions: options }).outputText);
  }
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  cpSync(join(root, "package.json"), join(directory, "package.json"));
  const program = join(directory, "program.js");
  writeFileSync(program, code);
  return program;
}
