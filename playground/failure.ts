// What went wrong with a request, and what a reader can do about it.

export type FailureKind =
  | "busy"
  | "key"
  | "refused"
  | "slow"
  | "starting"
  | "model"
  | "unreachable"
  | "unexpected";

/** A request that was not answered with what was asked for. */
export class Failure extends Error {
  readonly kind: FailureKind;
  /** How long to wait before the request is worth repeating; `undefined` where repeating does not help by itself. */
  readonly retryAfter: number | undefined;
  /** By which the server's log can be searched. */
  readonly requestId: string | undefined;

  /** @param message what the server says */
  constructor(kind: FailureKind, message: string, retryAfter?: number, requestId?: string) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/** Milliseconds to wait where a server is busy, starting or away and does not say how long. */
const usualWait = 2000;

/** A status of a response, as a failure. */
export async function failureOf(response: Response): Promise<Failure> {
  const kind = kindOf(response.status);
  const repeatable = kind === "busy" || kind === "starting";
  return new Failure(
    kind,
    messageIn(await response.text()) ?? `${response.status} ${response.statusText}`,
    repeatable ? waitOf(response.headers) : undefined,
    response.headers.get("x-request-id") ?? undefined,
  );
}

export function unreachable(): Failure {
  return new Failure("unreachable", "There was no answer.", usualWait);
}

function kindOf(status: number): FailureKind {
  if (status === 429) return "busy";
  if (status === 401 || status === 403) return "key";
  if (status === 503) return "starting";
  if (status === 504 || status === 408) return "slow";
  if (status === 424 || status >= 500) return "model";
  return status >= 400 ? "refused" : "unexpected";
}

function waitOf(headers: Headers): number {
  const milliseconds = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0 ? 1000 * seconds : usualWait;
}

/** The sentence in an error's body: `{ "error": { "message" } }`, `{ "error" }`, `{ "message" }`, or plain text. */
function messageIn(body: string): string | undefined {
  try {
    const { error, message } = JSON.parse(body) as {
      error?: string | { message?: string };
      message?: string;
    };
    return (typeof error === "object" ? error.message : error) ?? message;
  } catch {
    return body.trim().slice(0, 300) || undefined;
  }
}

/** A failure in words: what happened, and what to do. */
export interface Notice {
  readonly title: string;
  readonly advice: string;
}

/** What to show of a failure. */
export function noticeOf(failure: Failure): Notice {
  const { title, advice } = notices[failure.kind](failure);
  return {
    title,
    advice: failure.requestId === undefined ? advice : `${advice} Request ${failure.requestId}.`,
  };
}

const notices: Readonly<Record<FailureKind, (failure: Failure) => Notice>> = {
  busy: (failure) => ({
    title: "The server is busy",
    advice: `More texts are waiting than it can answer soon. ${askedAgain(failure)}`,
  }),
  key: () => ({
    title: "The server wants another API key",
    advice: "Enter one of its keys above.",
  }),
  refused: ({ message }) => ({ title: "The server did not take the text", advice: sentence(message) }),
  slow: () => ({
    title: "The answer took too long",
    advice: "The server gave up at its time limit. Try again, or try a shorter text.",
  }),
  starting: (failure) => ({
    title: "The server is not ready",
    advice: `It is starting or stopping. ${askedAgain(failure)}`,
  }),
  model: ({ message }) => ({
    title: "The model could not answer",
    advice: `${sentence(message)} The server's log says more.`,
  }),
  unreachable: (failure) => ({
    title: "The server cannot be reached",
    advice: `It may have been stopped, or the network is gone. ${askedAgain(failure)}`,
  }),
  unexpected: ({ message }) => ({ title: "The answer was not understood", advice: sentence(message) }),
};

function askedAgain({ retryAfter = usualWait }: Failure): string {
  return `It is asked again in ${Math.max(1, Math.round(retryAfter / 1000))} s.`;
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
