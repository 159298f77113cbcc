// One request at a time: redirects that carry the token nowhere else, silence that counts as a cut, errors that say what to do.
import { BlockList, isIPv6 } from "node:net";
import { connectionFailed, downloadFailed, statusFailed } from "./failures.js";
import { silenceMs } from "./retries.js";
import type { HubSettings } from "./settings.js";

const maxRedirects = 10;

/** An answer whose status is 200, 206 or 416. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it comes; throws `HubUnreachable` when it is cut. Either it is read, or {@link discard} called. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection without reading. */
  discard(): Promise<void>;
}

/** Requests about one model. */
export class Connection {
  readonly endpoint: string;
  readonly signal: AbortSignal | undefined;
  /** The name that was asked for, with its revision, as messages show it. */
  readonly model: string;
  readonly #token: string | undefined;

  constructor({ endpoint, token }: HubSettings, model: string, signal: AbortSignal | undefined) {
    this.endpoint = endpoint;
    this.model = model;
    this.signal = signal;
    this.#token = token;
  }

  /**
   * Sends one GET request, over redirects.
   *
   * @throws HubUnreachable when another try may help; TagformerError `DOWNLOAD_FAILED` when not; or the reason of the
   * signal
   */
  async get(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    let url = new URL(address);
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const silence = new Silence();
      const response = await this.#fetch(url, headers, silence);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) {
        return this.#answer(url, response, silence);
      }
      silence.end();
      await response.body?.cancel();
      url = redirectTarget(url, location, this.endpoint);
    }
    throw downloadFailed(
      `${url.origin} redirects in circles (${maxRedirects} times and on); check HF_ENDPOINT`,
    );
  }

  async #fetch(url: URL, headers: Readonly<Record<string, string>>, silence: Silence): Promise<Response> {
    // The token is for the hub alone: a CDN to which it redirects has its permission in the address.
    const authorization = this.#token && this.#isHub(url) && `Bearer ${this.#token}`;
    try {
      return await fetch(url, {
        redirect: "manual",
        signal: AbortSignal.any([silence.signal, ...(this.signal ? [this.signal] : [])]),
        headers: {
          "user-agent": "tagformer",
          // Positions and sizes are those of the file itself, not of a compressed form.
          "accept-encoding": "identity",
          ...(authorization && { authorization }),
          ...headers,
        },
      });
    } catch (error) {
      silence.end();
      this.signal?.throwIfAborted();
      throw connectionFailed(url, error);
    }
  }

  #isHub({ origin }: URL): boolean {
    return origin === new URL(this.endpoint).origin;
  }

  async #answer(url: URL, response: Response, silence: Silence): Promise<Answer> {
    const { status, headers, body } = response;
    const discard = async () => {
      silence.end();
      await body?.cancel();
    };
    if (status === 200 || status === 206 || status === 416) {
      return { status, headers, body: this.#read(url, body, silence), discard };
    }
    await discard();
    const hasToken = this.#token !== undefined;
    throw statusFailed(url, response, { model: this.model, fromHub: this.#isHub(url), hasToken });
  }

  async *#read(url: URL, body: AsyncIterable<Uint8Array> | null, silence: Silence) {
    try {
      for await (const chunk of body ?? []) {
        silence.broken();
        yield chunk;
      }
    } catch (error) {
      this.signal?.throwIfAborted();
      throw connectionFailed(url, error);
    } finally {
      silence.end();
    }
  }
}

/** Aborts a request when nothing comes for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #timer = setTimeout(
    () => this.#controller.abort(new Error(`nothing came for ${silenceMs / 1000} s`)),
    silenceMs,
  );

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  broken(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Where a redirect leads.
 *
 * @throws TagformerError `DOWNLOAD_FAILED` when it leads from a hub with https to one without, or from the internet into
 * a private network: then something between us and the hub does not want to deliver a model
 */
export function redirectTarget(from: URL, location: string, endpoint: string): URL {
  const hub = new URL(endpoint);
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const secure = target?.protocol === "https:" || (target?.protocol === "http:" && hub.protocol === "http:");
  if (target && secure && (isPrivate(hub) || !isPrivate(target))) return target;
  const where = target ? target.origin : "an address that is none";
  throw downloadFailed(`${from.origin} redirects to ${where}, which is not safe to follow`);
}

const privateNetworks = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  privateNetworks.addSubnet(network, prefix, "ipv4");
  privateNetworks.addSubnet(`::ffff:${network}`, 96 + prefix, "ipv6");
}
privateNetworks.addAddress("::1", "ipv6");
privateNetworks.addSubnet("fc00::", 7, "ipv6");
privateNetworks.addSubnet("fe80::", 10, "ipv6");

function isPrivate({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || privateNetworks.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}
