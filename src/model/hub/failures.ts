// What can go wrong between us and the hub, as errors.
import { TagformerError } from "../../base/errors.js";

/** The hub could not be reached, or not just now: worth another try, or the copy in the cache. */
export class HubUnreachable extends TagformerError {
  /** Milliseconds that the hub asks to wait; 0 when it did not say. */
  readonly retryAfter: number;

  constructor(message: string, { retryAfter = 0, cause }: { retryAfter?: number; cause?: unknown } = {}) {
    super("DOWNLOAD_FAILED", message, { cause });
    this.retryAfter = retryAfter;
  }
}

/** An answer that no try will make better. */
export function downloadFailed(message: string, cause?: unknown): TagformerError {
  return new TagformerError("DOWNLOAD_FAILED", message, { cause });
}

/** The error of a failed connection: its code says more than fetch's own "fetch failed". */
export function connectionFailed(url: URL, error: unknown): HubUnreachable {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  const reason = cause?.code ?? cause?.message ?? message ?? String(error);
  const { HTTPS_PROXY, https_proxy, NODE_USE_ENV_PROXY } = process.env;
  const hint =
    (HTTPS_PROXY || https_proxy) && !NODE_USE_ENV_PROXY
      ? "; Node.js uses HTTPS_PROXY only with NODE_USE_ENV_PROXY=1 (from 22.21)"
      : "";
  return new HubUnreachable(`the connection to ${url.origin} failed (${reason})${hint}`, { cause: error });
}

/** What messages say about a request. */
export interface RequestContext {
  /** The name that was asked for. */
  readonly model: string;
  /** Whether it was the hub itself that answered, and not a CDN. */
  readonly fromHub: boolean;
  readonly hasToken: boolean;
}

/** The error that a status stands for. */
export function statusFailed(
  url: URL,
  { status, headers }: Response,
  { model, fromHub, hasToken }: RequestContext,
): TagformerError {
  const host = url.origin;
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfter = readRetryAfter(headers.get("retry-after"));
    const wait = retryAfter > 0 ? ` and asks to wait ${Math.ceil(retryAfter / 1000)} s` : "";
    const hint = status === 429 && !hasToken ? "; with HF_TOKEN its limits are wider" : "";
    return new HubUnreachable(`${host} is busy or broken: it answers ${status}${wait}${hint}`, {
      retryAfter,
    });
  }
  const code = headers.get("x-error-code");
  if (!fromHub || code === "EntryNotFound") return unexpected(url, status, model);
  if (code === "RevisionNotFound") return downloadFailed(`${host} has no revision ${model}`);
  if (code === "GatedRepo" || status === 403) {
    const terms = `accept its terms at ${host}, and set HF_TOKEN to a token of that account`;
    return downloadFailed(`${host} does not hand out ${model} (${status}): if it is gated, ${terms}`);
  }
  if (status === 401 || status === 404) {
    const login = hasToken ? "a token was sent, but may lack access or have expired" : "set HF_TOKEN";
    return downloadFailed(
      `there is no directory ${model}, and ${host} has no such model for us (${status}); check the name, or if it is private: ${login}`,
    );
  }
  return unexpected(url, status, model);
}

/** The path alone: what follows it may be a signature. */
function unexpected({ origin, pathname }: URL, status: number, model: string): TagformerError {
  return downloadFailed(`${origin} answers ${status} to ${pathname}, a part of ${model}; try again later`);
}

/** Retry-After in milliseconds: seconds or a date, RFC 9110, section 10.2.3. */
function readRetryAfter(value: string | null): number {
  if (value === null) return 0;
  const milliseconds = /^\d+$/.test(value) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Math.max(0, milliseconds || 0);
}
