// The processes of one training: how this one meets the others, and how all come to the same decision.
import { hostname } from "node:os";
import { deserialize, serialize } from "node:v8";
import type { CallOptions } from "../base/cancel.js";
import { counted } from "../base/counted.js";
import { differencesOf, type Facts } from "../base/differences.js";
import { type ErrorCode, messageOf, TagformerError } from "../base/errors.js";
import { NativeGroup } from "../native/group.js";
import type { GroupSession, GroupStatistics } from "../native/types.js";
import { type Listening, listeningAddress } from "./address.js";
import type { Launch } from "./launch.js";

/** What rank 0 tells of its work: what came of it, or why it failed. */
type Told<T> =
  | { readonly value: T }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

export class Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #group: NativeGroup | null;
  /** What messages call the ranks. */
  readonly #names: readonly string[];
  /** Where and how they are connected, in a sentence; `null` where there is one process alone. */
  readonly description: string | null;
  /** All ranks have failed together, and know it. */
  #failedTogether = false;

  private constructor(
    { rank, size }: Pick<Launch, "rank" | "size">,
    group: NativeGroup | null,
    names: readonly string[],
    description: string | null,
  ) {
    this.rank = rank;
    this.size = size;
    this.#group = group;
    this.#names = names;
    this.description = description;
  }

  /** One process that trains alone. */
  static readonly alone = new Ranks({ rank: 0, size: 1 }, null, [""], null);

  /**
   * Meets the others, and checks that all agree.
   *
   * @param facts what must be the same on all, besides the number of processes
   * @throws TagformerError `DISTRIBUTED`, naming the ranks that did not come, or what differs
   */
  static async meet(
    launch: Launch,
    facts: Facts,
    { timeout, signal }: CallOptions & { readonly timeout: number },
  ): Promise<Ranks> {
    const listening = await listeningAddress(launch);
    const name = `${hostname()}, process ${process.pid}`;
    const group = await NativeGroup.open();
    const own = { host: hostname(), name, facts: { "the number of processes": launch.size, ...facts } };
    try {
      const said = await group.meet(placeOf(launch, listening, name, timeout), JSON.stringify(own), {
        signal,
      });
      const all = said.map((text) => JSON.parse(text) as typeof own);
      const names = all.map((one) => one.name);
      const ranks = new Ranks(launch, group, names, describe(launch, listening, all));
      ranks.#requireEqual(all.map((one) => one.facts));
      await group.connect({ signal });
      return ranks;
    } catch (error) {
      await group.leave(messageOf(error));
      throw error;
    }
  }

  /** Decides, saves and reports. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  get isAlone(): boolean {
    return this.size === 1;
  }

  /** For the training, which exchanges gradients; `undefined` where it is alone. */
  get session(): GroupSession | undefined {
    return this.#group?.session;
  }

  /** `rank 1 of 2 (node-1, process 4711)` */
  nameOf(rank: number): string {
    return `rank ${rank} of ${this.size} (${this.#names[rank]})`;
  }

  /** A value of each rank, by rank; anything that can be cloned. */
  async exchange<T>(value: T, activity: string): Promise<T[]> {
    if (this.#group === null) return [value];
    const all = await this.#group.exchange(serialize(value), activity);
    return all.map((bytes) => deserialize(bytes) as T);
  }

  /** What rank 0 does, and its result on all ranks; where it fails, all fail. */
  async decide<T>(activity: string, work: () => Promise<T> | T): Promise<T> {
    if (this.#group === null) return await work();
    let failure: unknown;
    let told: Told<T> | null = null;
    if (this.isFirst) {
      try {
        told = { value: await work() };
      } catch (error) {
        failure = error;
        const code = error instanceof TagformerError ? error.code : "INTERNAL";
        told = { failure: { code, message: messageOf(error) } };
      }
    }
    const [first] = await this.exchange(told, activity);
    if ("value" in first!) return first.value;
    this.#failedTogether = true;
    throw this.isFirst
      ? failure
      : new TagformerError(first!.failure.code, `${this.nameOf(0)} ended: ${first!.failure.message}`);
  }

  /** @throws TagformerError `DISTRIBUTED` that names the ranks whose facts are others than those of rank 0 */
  async requireAgreement(facts: Facts, activity: string): Promise<void> {
    this.#requireEqual(await this.exchange(facts, activity));
  }

  #requireEqual(facts: readonly Facts[]): void {
    for (const [rank, others] of facts.entries()) {
      const differences = differencesOf(facts[0]!, others, ["on rank 0", `on rank ${rank}`]);
      if (differences.length === 0) continue;
      this.#failedTogether = true;
      throw new TagformerError(
        "DISTRIBUTED",
        `${this.nameOf(rank)} differs from ${this.nameOf(0)}: ${differences.map(({ text }) => text).join("; ")}. All processes need the same command, files and versions`,
      );
    }
  }

  /** What was exchanged so far; zeros where this process is alone. */
  async statistics(): Promise<GroupStatistics> {
    return (await this.#group?.statistics()) ?? { bytes: 0, seconds: 0, stagedCopies: 0 };
  }

  /** The end of this process's part: it waits for all, or lets the others know of the error that ends it. */
  async leave(error?: unknown): Promise<void> {
    await this.#group?.leave(error === undefined || this.#failedTogether ? "" : messageOf(error));
  }
}

function placeOf(
  { rank, size, meeting }: Launch,
  { address, store }: Listening,
  name: string,
  timeout: number,
) {
  return {
    rank,
    size,
    file: meeting.file ?? "",
    host: store,
    port: meeting.file === undefined ? meeting.port : 0,
    serves: meeting.file === undefined && rank === 0 && !meeting.served,
    address,
    interfaces: process.env.GLOO_SOCKET_IFNAME ?? "",
    timeout: Math.round(1000 * timeout),
    name,
  };
}

function describe(
  { size, meeting, source }: Launch,
  { address, interface: name }: Listening,
  all: readonly { readonly host: string }[],
): string {
  const machines = counted(new Set(all.map(({ host }) => host)).size, "machine");
  const listening = process.env.GLOO_SOCKET_IFNAME ?? `${address}${name === null ? "" : ` (${name})`}`;
  const met = meeting.file === undefined ? `, having met at ${meeting.host}:${meeting.port}` : "";
  return `${size} processes on ${machines} train together, as ${source} says; this one listens on ${listening} only${met}`;
}
