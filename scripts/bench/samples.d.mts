import type { Task } from "./protocol.mjs";
import type { Measurement } from "./results.mjs";

/** Takes the samples of one task after the other. */
export class Sampler {
  constructor(
    tasks: readonly Task[],
    pairs: number,
    machine: {
      /** Tells the machine's speed at the moment. */
      readonly probe: { glance(): Promise<number> };
      /** The speed of the quiet machine. */
      readonly ceiling: number;
      readonly measure: (
        contestant: string,
        task: Task,
      ) => Promise<Pick<Measurement, "seconds" | "peakMemory">>;
    },
  );

  /** Number of samples, without those taken again. */
  readonly total: number;

  /** By contestant, in the order of the rounds. */
  take(task: Task): Promise<Record<string, Measurement[]>>;
}
