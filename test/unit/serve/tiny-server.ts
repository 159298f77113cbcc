// A server in the test's own process, of a model that loads in a moment.
import { afterAll, beforeAll } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { type ModelServer, type ServeOptions, serveModels } from "../../../src/serve/server.js";
import { finish, tinyDataset, tinyRun } from "../training/tiny-run.js";

/** Trains a model for a moment; returns its directory. */
export async function tinyModel(): Promise<string> {
  const { end } = await finish(tinyRun({ train: tinyDataset(100), epochs: 1 }));
  return end.directory;
}

export interface TinyServer {
  readonly server: ModelServer;
  /** The same model in this process, to compare with. */
  readonly classifier: Classifier;
  readonly directory: string;
}

/** A server for the tests of a file. */
export function tinyServer(options: Partial<ServeOptions> = {}): TinyServer {
  const started = {} as { -readonly [Key in keyof TinyServer]: TinyServer[Key] };
  beforeAll(async () => {
    started.directory = await tinyModel();
    started.classifier = await Classifier.load(started.directory);
    started.server = await serveModels({
      models: { tiny: started.directory },
      port: 0,
      log: "off",
      ...options,
    });
  });
  afterAll(async () => {
    await started.server?.close();
    await started.classifier?.dispose();
  });
  return started;
}

/** An answer as a test compares it. */
interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Gets or posts: JSON, or what is given as a string as it is; the answer's body is of JSON. */
export async function ask<Body = Record<string, unknown>>(
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  const response = await (body === undefined ? fetch(url, { headers }) : post(url, body, headers));
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

/** Posts JSON, or what is given as a string as it is. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}
