// One caller of a model, and the turns in which callers are served.

/** Where the time of a call went, in milliseconds. */
export interface CallTimes {
  /** Until its first texts were tokenized. */
  readonly tokenizing: number;
  /** From then until the first of its rows was in a batch. */
  readonly waiting: number;
  /** From then until all of them were computed. */
  readonly computing: number;
}

/** A caller's place in the queues of a model. */
export class Ticket {
  /** When the call was made, in milliseconds as `performance.now()` counts. */
  readonly since = performance.now();
  /** Whether the caller may leave. Work is ended only when every caller that it was for has left. */
  readonly canLeave: boolean;
  /** Texts of the call that are not tokenized yet. */
  untokenized = 0;
  /** Tokens that were put into batches for this caller so far. */
  served = 0;
  /** When the first texts were tokenized, and when the first row went into a batch. */
  tokenizedAt: number | undefined;
  startedAt: number | undefined;
  #left: { readonly reason: unknown } | undefined;

  constructor(canLeave: boolean) {
    this.canLeave = canLeave;
  }

  /** Whether the caller has left, or was given an error: nothing more is done for it. */
  get hasLeft(): boolean {
    return this.#left !== undefined;
  }

  leave(reason: unknown): void {
    this.#left ??= { reason };
  }

  /** Where the time of the call went, once it is answered. */
  get times(): CallTimes {
    const { since, tokenizedAt = since, startedAt = tokenizedAt } = this;
    const computing = performance.now() - startedAt;
    return { tokenizing: tokenizedAt - since, waiting: startedAt - tokenizedAt, computing };
  }

  /** @throws the reason for which the caller has left */
  throwIfLeft(): void {
    if (this.#left) throw this.#left.reason;
  }
}

/**
 * Callers with work that waits, in the order in which they are served: the less a caller has been given, the sooner, and
 * among callers that were given about as much, the first comes first. So a small call overtakes a large one, and calls of
 * about the same size are answered in the order in which they were made.
 */
export class Turns {
  readonly #share: number;
  /** By how much the callers of a level were given; each in the order of arrival. */
  readonly #levels: Set<Ticket>[] = [];
  readonly #levelOf = new Map<Ticket, number>();

  /** @param share the tokens of one batch: a caller that was given as much no longer counts as a small one */
  constructor(share: number) {
    this.#share = share;
  }

  /** Gives a caller its place, or the one that it has earned since. */
  place(ticket: Ticket): void {
    const level = levelOf(ticket.served / this.#share);
    const old = this.#levelOf.get(ticket);
    if (old === level) return;
    if (old !== undefined) this.#levels[old]!.delete(ticket);
    while (this.#levels.length <= level) this.#levels.push(new Set());
    this.#levels[level]!.add(ticket);
    this.#levelOf.set(ticket, level);
  }

  remove(ticket: Ticket): void {
    const level = this.#levelOf.get(ticket);
    if (level === undefined) return;
    this.#levels[level]!.delete(ticket);
    this.#levelOf.delete(ticket);
  }

  /** The callers by turn. A caller that is placed anew meanwhile comes once more when its new turn is later. */
  *[Symbol.iterator](): Generator<Ticket> {
    for (const level of this.#levels) yield* level;
  }

  /** The caller whose turn is last, which others could keep waiting for ever; `undefined` when there are not two. */
  last(): Ticket | undefined {
    if (this.#levelOf.size < 2) return undefined;
    const [ticket] = this.#levels.findLast(({ size }) => size > 0)!;
    return ticket;
  }
}

/** 0 for a caller that was given less than a batch; each further level is four times as wide. */
function levelOf(batches: number): number {
  return batches < 1 ? 0 : 1 + Math.floor(Math.log2(batches) / 2);
}
