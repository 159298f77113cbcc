// What the hub says about a model: the commit of a revision, and the files of a commit.

import { isJsonObject } from "../json-file.js";
import type { Connection } from "./connection.js";
import { downloadFailed, HubUnreachable } from "./failures.js";
import type { ModelName } from "./name.js";
import { Retries } from "./retries.js";

const maxAnswerBytes = 20e6;
const maxFiles = 10_000;

/** A file of a commit. Its hash is the name of its blob in the cache, as it is in huggingface_hub's. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** sha256 of a large file (LFS), or git's sha1 of a small one; lower-case hexadecimal. */
  readonly hash: string;
}

/** The commit, 40 hexadecimal digits, that a revision is now. */
export async function readCommit(connection: Connection, name: ModelName): Promise<string> {
  const { modelInfo } = await import("@huggingface/hub");
  const { sha } = await understood(connection, () =>
    modelInfo({
      name: name.repository,
      revision: name.revision,
      additionalFields: ["sha"],
      hubUrl: connection.endpoint,
      fetch: (address) => fetchJson(connection, address),
    }),
  );
  if (isCommit(sha)) return sha;
  throw malformed(connection, `a commit named ${JSON.stringify(sha)}`);
}

export function isCommit(revision: unknown): revision is string {
  return typeof revision === "string" && /^[0-9a-f]{40}$/.test(revision);
}

/** The files at the top of a commit, by path. */
export async function readFiles(
  connection: Connection,
  { repository }: ModelName,
  commit: string,
): Promise<Map<string, HubFile>> {
  const { listFiles } = await import("@huggingface/hub");
  const entries = listFiles({
    repo: { type: "model", name: repository },
    revision: commit,
    hubUrl: connection.endpoint,
    fetch: (address) => fetchJson(connection, address),
  });
  const files = new Map<string, HubFile>();
  await understood(connection, async () => {
    for await (const entry of entries) {
      if (entry.type !== "file") continue;
      files.set(entry.path, toFile(connection, entry));
      if (files.size > maxFiles) throw malformed(connection, `more than ${maxFiles} files`);
    }
  });
  return files;
}

function toFile(connection: Connection, entry: unknown): HubFile {
  const { path, size, oid, lfs } = entry as Record<string, unknown>;
  const hash = isJsonObject(lfs) ? lfs.oid : oid;
  const known =
    typeof hash === "string" && (isJsonObject(lfs) ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash);
  if (typeof path === "string" && Number.isSafeInteger(size) && (size as number) >= 0 && known) {
    return { path, size: size as number, hash };
  }
  throw malformed(connection, `the file ${JSON.stringify(entry).slice(0, 200)}`);
}

/** `fetch` for the hub's library, which knows the routes but neither retries nor doubts an answer. */
async function fetchJson(connection: Connection, address: Parameters<typeof fetch>[0]): Promise<Response> {
  const retries = new Retries();
  for (;;) {
    try {
      const answer = await connection.get(String(address));
      return new Response(await readJsonText(connection, answer), { headers: answer.headers });
    } catch (error) {
      if (!(error instanceof HubUnreachable)) throw error;
      await retries.wait(error, connection.signal);
    }
  }
}

async function readJsonText(
  connection: Connection,
  { headers, body, discard }: Awaited<ReturnType<Connection["get"]>>,
): Promise<string> {
  const type = headers.get("content-type") ?? "nothing";
  if (!type.includes("json")) {
    await discard();
    throw malformed(connection, `${type} instead of JSON`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw malformed(connection, `more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Runs calls of the hub's library; what it trips over in an answer is the answer's fault. */
async function understood<T>(connection: Connection, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      throw malformed(connection, `what no hub says (${error.message})`, error);
    }
    throw error;
  }
}

function malformed({ endpoint, model }: Connection, found: string, cause?: unknown) {
  return downloadFailed(
    `${endpoint} answers ${found} when asked for ${model}; check HF_ENDPOINT, and whether a proxy or a login page is in the way`,
    cause,
  );
}
