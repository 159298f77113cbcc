// Tokenized rows of all callers of a model that wait to be computed. The only place where batches are made.
import { TagformerError } from "../base/errors.js";
import type { NativeModel } from "../native/model.js";
import type { RaggedBatch } from "../text/batch.js";
import { gatherRows, longestFirst, rowCount, scatterRows } from "../text/plan.js";
import { type Ticket, Turns } from "./ticket.js";

/** How large a batch may be. A row longer than `maxTokens` is a batch of its own. */
export interface BatchLimits {
  readonly maxRows: number;
  readonly maxTokens: number;
}

/**
 * One native call: enough for full speed, little enough that its activations stay in the cache and that a stopped one ends
 * soon.
 */
const cpuLimits: BatchLimits = { maxRows: 256, maxTokens: 1024 };
/** A GPU has done as little as that before the next call is there. Not yet measured on one. */
const deviceLimits: BatchLimits = { maxRows: 1024, maxTokens: 32_768 };
/** Batches that the model has at a time: one runs, and one waits so that the model's thread never idles. */
const batchesAtOnce = 2;
/** Every so many batches take a row of the caller whose turn is last, so that a stream of small calls starves no large one. */
const lastTurnEvery = 4;

/** What a {@link RowQueue} needs of a model. */
export type RowModel = Pick<NativeModel, "predict"> & {
  readonly info: Pick<NativeModel["info"], "labels" | "device" | "classifierClass">;
};

/** Rows of one caller that were added together. */
interface Part {
  readonly ticket: Ticket;
  readonly tokens: RaggedBatch;
  /** The rows in the order in which they are computed: the longest first, so that a lack of memory shows at once. */
  readonly order: Int32Array;
  /** Number of rows of `order` that are in batches. */
  taken: number;
  done: number;
  readonly logits: Float32Array;
  readonly onRows: ((done: number) => void) | undefined;
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (reason: unknown) => void;
}

/** Rows of one part that are in one batch. */
interface Slice {
  readonly part: Part;
  readonly rows: number[];
}

/** What a caller has in the queue. */
interface Claim {
  /** Parts of which rows are not in batches yet, in order. */
  readonly waiting: Part[];
  /** Parts of which rows are not done yet. */
  readonly open: Set<Part>;
}

interface Batch {
  readonly slices: Slice[];
  /** Ends the computing; absent where a caller cannot leave, and always wants its answer. */
  stop?: AbortController;
}

/** What a model has computed since it was loaded: see {@link Classifier.totals}. */
export interface BatchTotals {
  /** Batches: the texts, or windows of them, that the model computed together. */
  readonly batches: number;
  /** Rows of all batches: texts, or windows of them. */
  readonly rows: number;
  /** Their tokens, padding not counted. */
  readonly tokens: number;
  /** Tokens that rows were padded with; 0 on the CPU, where only a TorchScript module needs them. */
  readonly padding: number;
}

/** How much waits in a {@link RowQueue} or is being computed. */
export interface QueueSize {
  readonly rows: number;
  readonly tokens: number;
}

/**
 * Rows that wait for a model. Batches are cut by tokens, from the callers in {@link Turns}. No score depends on the other
 * rows of its batch, because rows are never padded.
 */
export class RowQueue {
  readonly #model: RowModel;
  readonly #limits: BatchLimits;
  readonly #turns: Turns;
  readonly #claims = new Map<Ticket, Claim>();
  /** The callers of failed batches, to be computed one by one. */
  readonly #again: Batch[] = [];
  readonly #running = new Set<Batch>();
  #rows = 0;
  #tokens = 0;
  #batches = 0;
  #cutting = false;
  #tokensPerSecond: number | undefined;
  #computing = { since: 0, tokens: 0 };
  #totals: BatchTotals = { batches: 0, rows: 0, tokens: 0, padding: 0 };

  /** @param maxTokens of a batch; what suits the device by default */
  constructor(model: RowModel, maxTokens?: number) {
    this.#model = model;
    const limits = model.info.device === "cpu" ? cpuLimits : deviceLimits;
    this.#limits = { ...limits, maxTokens: maxTokens ?? limits.maxTokens };
    this.#turns = new Turns(this.#limits.maxTokens);
  }

  /** What waits, and what is being computed. */
  get size(): QueueSize {
    return { rows: this.#rows, tokens: this.#tokens };
  }

  /** What was computed so far. */
  get totals(): BatchTotals {
    return this.#totals;
  }

  /** When the oldest call was made of which rows wait, as `performance.now()` counts; `undefined` when nothing waits. */
  get oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { since } of this.#turns) oldest = Math.min(since, oldest ?? since);
    return oldest;
  }

  /** How fast the model has been of late; `undefined` before the first batch. */
  get tokensPerSecond(): number | undefined {
    return this.#tokensPerSecond;
  }

  /** Tokens of one caller beyond which it should not add more for the time being: what keeps the model busy. */
  get tokensAhead(): number {
    return 8 * this.#limits.maxTokens;
  }

  /**
   * Logits of some rows, `[rows * labels]`.
   *
   * @param onRows told after each batch how many of the rows are done
   * @throws what the model throws for rows of this caller
   */
  add(tokens: RaggedBatch, ticket: Ticket, onRows?: (done: number) => void): Promise<Float32Array> {
    const rows = rowCount(tokens);
    const logits = new Float32Array(rows * this.#model.info.labels);
    if (rows === 0) return Promise.resolve(logits);
    this.#rows += rows;
    this.#tokens += tokens.ids.length;
    return new Promise((resolve, reject) => {
      const order = longestFirst(tokens);
      const part: Part = { ticket, tokens, order, taken: 0, done: 0, logits, onRows, resolve, reject };
      this.#claim(ticket, part);
      this.#turns.place(ticket);
      this.#cutSoon();
    });
  }

  /** Takes all that waits of a caller out of the queue, and ends the batches that were for such callers alone. */
  leave(ticket: Ticket, reason: unknown): void {
    ticket.leave(reason);
    const claim = this.#claims.get(ticket);
    if (!claim) return;
    this.#claims.delete(ticket);
    this.#turns.remove(ticket);
    for (const part of claim.waiting) this.#forget(part, part.order.subarray(part.taken));
    for (const part of claim.open) part.reject(reason);
    for (const { slices, stop } of this.#running) {
      if (slices.every(({ part }) => part.ticket.hasLeft)) stop?.abort(reason);
    }
  }

  #claim(ticket: Ticket, part: Part): void {
    const claim = this.#claims.get(ticket);
    if (!claim) this.#claims.set(ticket, { waiting: [part], open: new Set([part]) });
    else {
      claim.waiting.push(part);
      claim.open.add(part);
    }
  }

  /** Calls that are made in one turn of the event loop meet in one batch. */
  #cutSoon(): void {
    if (this.#cutting || this.#running.size >= batchesAtOnce) return;
    this.#cutting = true;
    setImmediate(() => {
      this.#cutting = false;
      this.#advance();
    });
  }

  #advance(): void {
    while (this.#running.size < batchesAtOnce) {
      const batch = this.#nextOfFailed() ?? this.#cut();
      if (batch.slices.length === 0) return;
      if (this.#running.size === 0) this.#computing = { since: performance.now(), tokens: 0 };
      void this.#run(batch);
    }
  }

  #nextOfFailed(): Batch | undefined {
    const batch = this.#again.shift();
    if (!batch?.slices.some(({ part }) => part.ticket.hasLeft)) return batch;
    for (const { part, rows } of batch.slices) this.#forget(part, rows);
    return this.#nextOfFailed();
  }

  #cut(): Batch {
    const batch = new BatchInMaking(this.#limits);
    this.#batches++;
    const last = this.#batches % lastTurnEvery === 0 ? this.#turns.last() : undefined;
    if (last) {
      this.#take(last, batch, true);
      this.#replace(last);
    }
    for (const ticket of this.#turns) {
      while (this.#take(ticket, batch, false));
      this.#replace(ticket);
      if (batch.isFull) break;
    }
    return { slices: batch.slices };
  }

  /** Puts the next row of a caller into a batch; `false` when the caller has none left, or it does not fit. */
  #take(ticket: Ticket, batch: BatchInMaking, anyway: boolean): boolean {
    const waiting = this.#claims.get(ticket)?.waiting;
    const part = waiting?.[0];
    if (!waiting || !part) return false;
    const row = part.order[part.taken]!;
    const length = lengthOf(part.tokens, row);
    if (!batch.take(part, row, length, anyway)) return false;
    ticket.served += length;
    ticket.startedAt ??= performance.now();
    if (++part.taken === part.order.length) waiting.shift();
    return true;
  }

  #replace(ticket: Ticket): void {
    if (this.#claims.get(ticket)?.waiting.length) this.#turns.place(ticket);
    else this.#turns.remove(ticket);
  }

  async #run(batch: Batch): Promise<void> {
    if (batch.slices.every(({ part }) => part.ticket.canLeave)) batch.stop = new AbortController();
    this.#running.add(batch);
    try {
      const tokens = gatherRows(batch.slices.map(({ part, rows }) => ({ source: part.tokens, rows })));
      const logits = await this.#model.predict(tokens, { signal: batch.stop?.signal });
      this.#running.delete(batch);
      this.#measure(tokens.ids.length);
      this.#count(tokens);
      this.#advance(); // before the answers are handed out, which takes a while when there are many
      this.#handOut(batch, logits);
    } catch (error) {
      this.#running.delete(batch);
      this.#fail(batch, error);
      this.#advance();
    }
  }

  /** The speed is that of the last seconds: what counts is how long those who come now will wait. */
  #measure(tokens: number): void {
    this.#computing.tokens += tokens;
    const seconds = (performance.now() - this.#computing.since) / 1000;
    this.#tokensPerSecond = this.#computing.tokens / Math.max(seconds, 1e-6);
    if (seconds > 2) this.#computing = { since: performance.now() - 1000, tokens: this.#tokensPerSecond };
  }

  #count(tokens: RaggedBatch): void {
    const { batches, ...sums } = this.#totals;
    const { device, classifierClass } = this.#model.info;
    const isPadded = device !== "cpu" || classifierClass === "";
    const rows = rowCount(tokens);
    const read = tokens.ids.length;
    this.#totals = {
      batches: batches + 1,
      rows: sums.rows + rows,
      tokens: sums.tokens + read,
      padding: sums.padding + (isPadded ? rows * longestRow(tokens) - read : 0),
    };
  }

  #handOut({ slices }: Batch, logits: Float32Array): void {
    const width = this.#model.info.labels;
    let first = 0;
    for (const { part, rows } of slices) {
      const end = first + rows.length * width;
      this.#forget(part, rows);
      if (!part.ticket.hasLeft) this.#finish(part, rows, logits.subarray(first, end));
      first = end;
    }
  }

  #finish(part: Part, rows: readonly number[], logits: Float32Array): void {
    scatterRows(part.logits, rows, logits);
    part.done += rows.length;
    try {
      part.onRows?.(part.done);
    } catch (error) {
      this.leave(part.ticket, error);
      return;
    }
    if (part.done < part.order.length) return;
    part.resolve(part.logits);
    const claim = this.#claims.get(part.ticket)!;
    claim.open.delete(part);
    if (claim.open.size === 0) this.#claims.delete(part.ticket);
  }

  /** One caller may be to blame for a batch that failed: each is computed alone, and none fails for another. */
  #fail({ slices }: Batch, error: unknown): void {
    const tickets = new Set(slices.map(({ part }) => part.ticket));
    const isOver = error instanceof TagformerError && error.code === "DISPOSED";
    for (const ticket of tickets) {
      const own = slices.filter(({ part }) => part.ticket === ticket);
      if (tickets.size > 1 && !isOver && !ticket.hasLeft) {
        this.#again.push({ slices: own });
        continue;
      }
      for (const { part, rows } of own) this.#forget(part, rows);
      this.leave(ticket, error);
    }
  }

  /** Takes rows out of the queue's size. */
  #forget({ tokens }: Part, rows: Iterable<number> & { readonly length: number }): void {
    this.#rows -= rows.length;
    for (const row of rows) this.#tokens -= lengthOf(tokens, row);
  }
}

/** A batch that is being filled. */
class BatchInMaking {
  readonly slices: Slice[] = [];
  readonly #limits: BatchLimits;
  #rows = 0;
  #tokens = 0;
  isFull = false;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** @param anyway takes the row whatever its length, without counting it */
  take(part: Part, row: number, length: number, anyway: boolean): boolean {
    if (!anyway) {
      const { maxRows, maxTokens } = this.#limits;
      this.isFull = this.#rows === maxRows || (this.#rows > 0 && this.#tokens + length > maxTokens);
      if (this.isFull) return false;
      this.#rows++;
      this.#tokens += length;
    }
    const last = this.slices.at(-1);
    if (last?.part === part) last.rows.push(row);
    else this.slices.push({ part, rows: [row] });
    return true;
  }
}

function longestRow(tokens: RaggedBatch): number {
  let longest = 0;
  for (let row = 0; row < rowCount(tokens); row++) longest = Math.max(longest, lengthOf(tokens, row));
  return longest;
}

function lengthOf({ offsets }: RaggedBatch, row: number): number {
  return offsets[row + 1]! - offsets[row]!;
}
