// What a request is told when it cannot be answered, in the shape that the clients of each protocol read.
import { TagformerError } from "../base/errors.js";

/** The kinds of refusals; a kind never changes its meaning. */
export type ServeErrorKind =
  | "bad_json"
  | "invalid"
  | "empty"
  | "too_long"
  | "too_many_texts"
  | "too_large"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "media_type"
  | "overloaded"
  | "timeout"
  | "backend"
  | "unhealthy";

/** The protocols whose clients are answered, each with its own shape of errors. */
export type Protocol = "own" | "tei" | "openai" | "huggingface" | "oip";

/** HTTP statuses by kind, where no protocol has another one. */
const statuses: Readonly<Record<ServeErrorKind, number>> = {
  bad_json: 400,
  invalid: 400,
  empty: 400,
  too_long: 422,
  too_many_texts: 422,
  too_large: 413,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  media_type: 415,
  overloaded: 429,
  timeout: 504,
  backend: 500,
  unhealthy: 503,
};

const ownStatuses: Readonly<Partial<Record<Protocol, Readonly<Partial<Record<ServeErrorKind, number>>>>>> = {
  tei: { invalid: 422, backend: 424 },
  openai: { too_long: 400, too_many_texts: 400 },
  oip: { too_long: 400, too_many_texts: 400 },
};

/** A request that is not answered, with a sentence for the client: without paths, stacks and texts. */
export class ServeError extends Error {
  readonly kind: ServeErrorKind;
  /** The field of the request that is to blame. */
  readonly param: string | null;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ServeErrorKind,
    message: string,
    {
      param = null,
      headers = {},
      cause,
    }: { param?: string | null; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.kind = kind;
    this.param = param;
    this.headers = headers;
  }

  /** Status of the answer in a protocol. */
  statusIn(protocol: Protocol): number {
    return ownStatuses[protocol]?.[this.kind] ?? statuses[this.kind];
  }
}

/** Anything that was thrown as an error for the client. What is not the client's fault is named by its code alone. */
export function serveErrorOf(error: unknown): ServeError {
  if (error instanceof ServeError) return error;
  if (error instanceof TagformerError) return ofLibrary(error);
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (statusCode !== undefined && statusCode < 500) return ofFramework(statusCode, code, error as Error);
  return new ServeError("backend", "the server made a mistake; its log says which", { cause: error });
}

function ofLibrary(error: TagformerError): ServeError {
  switch (error.code) {
    case "INVALID_DATA":
      return new ServeError("too_long", error.message, { cause: error });
    case "INVALID_OPTION":
      return new ServeError("invalid", error.message, { cause: error });
    case "DISPOSED":
      return new ServeError("unhealthy", "the server is stopping", { cause: error });
    case "OUT_OF_MEMORY":
      return new ServeError("backend", "the model had too little memory for this request", { cause: error });
    default:
      return new ServeError("backend", `the model failed (${error.code})`, { cause: error });
  }
}

/** Of fastify, or of a hook of the user's own server. */
function ofFramework(status: number, code: string | undefined, error: Error): ServeError {
  const kinds: Readonly<Record<number, ServeErrorKind>> = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    415: "media_type",
    429: "overloaded",
  };
  const sentences: Readonly<Record<string, string>> = {
    FST_ERR_CTP_BODY_TOO_LARGE: "the body is larger than this server takes",
    FST_ERR_CTP_INVALID_MEDIA_TYPE: "the body has to be JSON: send the header content-type: application/json",
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: "the body is not as long as the header content-length says",
  };
  return new ServeError(kinds[status] ?? "bad_json", sentences[code ?? ""] ?? error.message, {
    cause: error,
  });
}

/** `error_type` as text-embeddings-inference spells it. */
const teiTypes: Readonly<Partial<Record<ServeErrorKind, string>>> = {
  empty: "Empty",
  overloaded: "Overloaded",
  backend: "Backend",
  unhealthy: "Unhealthy",
};

const openaiTypes: Readonly<Partial<Record<ServeErrorKind, string>>> = {
  unauthorized: "authentication_error",
  forbidden: "permission_error",
  overloaded: "rate_limit_error",
  timeout: "timeout_error",
  backend: "server_error",
  unhealthy: "server_error",
};

const openaiCodes: Readonly<Partial<Record<ServeErrorKind, string>>> = {
  unauthorized: "invalid_api_key",
  not_found: "model_not_found",
  overloaded: "rate_limit_exceeded",
};

const shapes: Readonly<Record<Protocol, (error: ServeError) => unknown>> = {
  own: ({ kind, message, param }) => ({ error: { code: kind, message, ...(param !== null && { param }) } }),
  tei: ({ kind, message }) => ({ error: message, error_type: teiTypes[kind] ?? "Validation" }),
  openai: ({ kind, message, param }) => ({
    error: {
      message,
      type: openaiTypes[kind] ?? "invalid_request_error",
      param,
      code: openaiCodes[kind] ?? null,
    },
  }),
  huggingface: ({ message }) => ({ error: message }),
  oip: ({ message }) => ({ error: message }),
};

/** The body of an error's answer. */
export function errorBody(error: ServeError, protocol: Protocol): unknown {
  return shapes[protocol](error);
}
