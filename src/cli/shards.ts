// Predictions in parts: which part a process computes, and the file that it writes.
import { parse } from "node:path";
import { TagformerError } from "../base/errors.js";
import type { Shard } from "../data/shard.js";

/** Where schedulers say which of their tasks this is, in the order in which they are looked for. */
const schedulers: readonly {
  readonly index: string;
  /** The number of the first task; 0 where there is none. */
  readonly first?: string;
  /** The number of tasks. */
  readonly count?: string;
}[] = [
  { index: "JOB_COMPLETION_INDEX" }, // Kubernetes' Indexed Job, which does not say how many there are
  { index: "SLURM_ARRAY_TASK_ID", first: "SLURM_ARRAY_TASK_MIN", count: "SLURM_ARRAY_TASK_COUNT" },
  { index: "RANK", count: "WORLD_SIZE" },
];

/**
 * The part that `--shard` and `--shards` name: `3/16`, from `0/16` to `15/16`, or `auto` for what a scheduler's environment says.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
export function findShard(
  shard: string | undefined,
  shards: number | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Shard | undefined {
  if (shard === undefined) {
    if (shards === undefined) return undefined;
    throw invalid("--shards is the number of parts; say which one with --shard (a number from 0, or auto)");
  }
  if (shard === "auto") return fromScheduler(shards, environment);
  const [, index, count = shards] = /^(\d+)(?:\/(\d+))?$/.exec(shard) ?? [];
  if (index === undefined || count === undefined) {
    throw invalid(`--shard is "${shard}"; expected a part of several such as 0/16, or auto`);
  }
  if (shards !== undefined && Number(count) !== shards) {
    throw invalid(`--shard ${shard} and --shards ${shards} differ; give the number of parts once`);
  }
  return checked(Number(index), Number(count), `--shard is ${shard}`);
}

function fromScheduler(shards: number | undefined, environment: NodeJS.ProcessEnv): Shard {
  const scheduler = schedulers.find(({ index }) => environment[index] !== undefined);
  if (!scheduler) {
    const names = schedulers.map(({ index }) => index).join(", ");
    throw invalid(`--shard auto finds none of ${names} in the environment; give --shard 0/16 or the like`);
  }
  const read = (name: string) => wholeNumber(name, environment[name]!);
  const { index, first, count } = scheduler;
  const offset = first !== undefined && environment[first] !== undefined ? read(first) : 0;
  const told = count !== undefined && environment[count] !== undefined ? read(count) : undefined;
  const parts = shards ?? told;
  if (parts === undefined) throw invalid(`${index} does not say of how many parts; add --shards`);
  return checked(read(index) - offset, parts, `--shard auto: ${index} is ${environment[index]}`);
}

function wholeNumber(name: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw invalid(`--shard auto: ${name} is "${value}"; expected a whole number`);
}

function checked(index: number, count: number, found: string): Shard {
  if (index >= 0 && index < count) return { index, count };
  throw invalid(`${found}; expected a number from 0 to ${count - 1}, for ${count} parts`);
}

function invalid(message: string): TagformerError {
  return new TagformerError("INVALID_OPTION", message);
}

/** The file of one part: `out.csv` is `out-00003-of-00016.csv`, as Hugging Face and TensorFlow number their shards. */
export function shardFile(out: string, { index, count }: Shard): string {
  const { name, ext } = parse(out);
  const digits = (value: number) => String(value).padStart(5, "0");
  return `${out.slice(0, out.length - name.length - ext.length)}${name}-${digits(index)}-of-${digits(count)}${ext}`;
}
