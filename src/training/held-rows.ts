// What the model says of the rows held back, at the end of an epoch: computed by all processes, measured by the first.
import { clustersOf } from "../data/groups.js";
import { selectRows } from "../data/select-rows.js";
import type { Ranks } from "../distributed/ranks.js";
import { inBackground } from "../evaluation/background.js";
import type { Objective } from "../evaluation/objective.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { predictEncoded } from "../predict/encoded-texts.js";
import type { LabelledBatch } from "../text/batch.js";
import { dealTokens, scatterRows, selectLabelledRows, textCount } from "../text/plan.js";
import type { JudgedValidation } from "./best-epoch.js";
import type { PreparedRun, Rows } from "./prepare.js";
import type { EpochPredictions } from "./state.js";

/** Parts of the validation rows, without each of which they are judged, too. */
const mostParts = 10;

/** What an epoch did on the validation rows. */
export interface Validation extends JudgedValidation {
  /** The training's own loss; `null` when no element is labelled. */
  readonly objective: number | null;
  readonly logits: Float32Array;
}

/** Told after each batch: rows finished so far, and seconds since the first. */
type OnRows = (type: "validation" | "test", rows: number, totalRows: number, seconds: number) => void;

interface HeldRowsParts {
  readonly prepared: PreparedRun;
  readonly windowPooling: ResolvedTrainingOptions["windowPooling"];
  readonly loss: Objective["loss"];
  /** Whether it is asked how far the figures move with the rows. */
  readonly asksNoise: boolean;
  readonly ranks: Ranks;
  readonly onRows: OnRows;
  readonly signal: AbortSignal | undefined;
}

/** Every call is made by all ranks, and gives `undefined` on all when there are no such rows or one is to stop. */
export class HeldRows {
  readonly #parts: HeldRowsParts;

  constructor(parts: HeldRowsParts) {
    this.#parts = parts;
  }

  /** Figures on the validation rows. */
  async validate(): Promise<Validation | undefined> {
    const { prepared, loss, asksNoise, signal } = this.#parts;
    const { validation } = prepared;
    const logits = validation && (await this.#predict("validation", validation));
    if (logits === undefined) return undefined;
    const { labels, weights } = validation!.tokens;
    const objective = { loss, rowWeights: weights };
    const rows = textCount(validation!.tokens);
    const parts = asksNoise && rows > 1 ? Math.min(mostParts, rows) : 0;
    const figures = await this.#decide("the validation", () =>
      inBackground("measure", [logits, labels, validation!.dataset.labelNames, objective, parts], { signal }),
    );
    return figures && { ...figures, logits };
  }

  /** Figures on the test rows. */
  async test(): Promise<EpochPredictions["test"]> {
    const { prepared, signal } = this.#parts;
    const { test } = prepared;
    const logits = test && (await this.#predict("test", test));
    if (logits === undefined) return undefined;
    const { dataset, tokens, origin } = test!;
    const figures = await this.#decide("the test", () => {
      const clusters = clustersOf(selectRows(dataset, origin));
      return inBackground("test", [logits, tokens.labels, dataset.labelNames, undefined, clusters], {
        signal,
      });
    });
    return figures && { ...figures, logits };
  }

  /** Logits of some rows, each rank's share of which is computed there. */
  async #predict(type: "validation" | "test", { tokens }: Rows): Promise<Float32Array | undefined> {
    const { ranks } = this.#parts;
    const total = textCount(tokens);
    if (ranks.isAlone) return await this.#compute(type, tokens, total);
    const dealt = dealTokens(
      tokens,
      Int32Array.from({ length: total }, (_, row) => row),
      ranks.size,
    );
    const own = dealt[ranks.rank]!;
    const computed =
      own.length === 0
        ? new Float32Array()
        : await this.#compute(type, selectLabelledRows(tokens, own), total);
    const all = await ranks.exchange(computed ?? null, `the ${type}`);
    if (all.includes(null)) return undefined;
    const logits = new Float32Array(tokens.labels.length);
    for (const [rank, values] of all.entries()) {
      if (values!.length > 0) scatterRows(logits, dealt[rank]!, values!);
    }
    return logits;
  }

  async #compute(
    type: "validation" | "test",
    tokens: LabelledBatch,
    total: number,
  ): Promise<Float32Array | undefined> {
    const { prepared, windowPooling, onRows, signal } = this.#parts;
    const started = performance.now();
    const share = total / textCount(tokens);
    const onProgress = (rows: number) => {
      onRows(type, Math.round(rows * share), total, (performance.now() - started) / 1000);
    };
    return await this.#unlessStopped(
      predictEncoded(prepared.model, tokens, { signal, onProgress }, windowPooling),
    );
  }

  /** What rank 0 computes; `undefined` on all when its signal ends it. */
  async #decide<T>(activity: string, work: () => Promise<T>): Promise<T | undefined> {
    return await this.#parts.ranks.decide(activity, () => this.#unlessStopped(work()));
  }

  /** What is computed; `undefined` when the signal ended it. */
  async #unlessStopped<T>(computing: Promise<T>): Promise<T | undefined> {
    try {
      return await computing;
    } catch (error) {
      if (this.#parts.signal?.aborted) return undefined;
      throw error;
    }
  }
}
