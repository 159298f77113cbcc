// The processes that train one model together, as the add-on connects them.
import type { CallOptions } from "../base/cancel.js";
import { loadAddon, settle } from "./addon.js";
import { Calls } from "./calls.js";
import type { GroupSession, GroupStatistics, NativeGroupPlace } from "./types.js";

/**
 * Every call but {@link leave} is made by all processes in the same order, and waits for them. It rejects with
 * `DISTRIBUTED`, naming the process that is gone.
 */
export class NativeGroup {
  /** What a training is given. */
  readonly session: GroupSession;
  readonly #calls: Calls;

  private constructor(session: GroupSession) {
    this.session = session;
    this.#calls = new Calls(session);
  }

  static async open(): Promise<NativeGroup> {
    const { Group } = await loadAddon();
    return new NativeGroup(new Group());
  }

  /** Waits until all are there; what each said of itself, by rank. Compare it before {@link connect}. */
  meet(place: NativeGroupPlace, facts: string, { signal }: CallOptions): Promise<string[]> {
    return this.#calls.make((job) => this.session.meet(place, facts, job), signal);
  }

  connect({ signal }: CallOptions): Promise<void> {
    return this.#calls.make((job) => this.session.connect(job), signal);
  }

  /**
   * Bytes of any number from each, by rank.
   *
   * @param activity what it is for, as messages name it
   */
  exchange(own: Uint8Array, activity: string): Promise<Uint8Array[]> {
    return settle(this.session.exchange(own, activity));
  }

  /** The end; an empty reason waits for all, any other makes the others fail with it. Never rejects. */
  leave(reason: string): Promise<void> {
    return settle(this.session.leave(reason));
  }

  statistics(): Promise<GroupStatistics> {
    return settle(this.session.statistics());
  }
}
