import { access } from "node:fs/promises";
import { join } from "node:path";
import { invalidModel, type TagformerError } from "../base/errors.js";
import type { TensorSource } from "../native/types.js";
import { weightsFile, weightsIndexFile } from "./file-names.js";
import { isJsonObject, readJsonObjectIfPresent } from "./json-file.js";
import { describeDirectory } from "./other-directories.js";
import { readSafetensors } from "./safetensors.js";

const maxIndexBytes = 100e6;
const maxShards = 10_000;
/** Shards lie beside their index. Anything with a separator, a scheme or a drive in it leads elsewhere. */
const safeShardName = /^[\w][\w.-]*\.safetensors$/;

/**
 * Where the weights of a model directory lie: those of `model.safetensors`, or else of the shards that
 * `model.safetensors.index.json` lists.
 *
 * @throws TagformerError `INVALID_MODEL` when there are none, or they break a rule of the format or of the index
 */
export async function readWeights(directory: string): Promise<TensorSource[]> {
  const single = join(directory, weightsFile);
  if (await exists(single)) return readSafetensors(single);
  const index = join(directory, weightsIndexFile);
  const shards = await readIndex(index);
  if (shards === null) throw await noWeights(directory);
  return readShards(directory, index, shards);
}

/**
 * The files that a `model.safetensors.index.json` lists; they lie beside it. None when there is no such index.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`
 */
export async function readShardNames(index: string): Promise<string[]> {
  return [...((await readIndex(index))?.keys() ?? [])];
}

async function readIndex(index: string): Promise<Map<string, Set<string>> | null> {
  const content = await readJsonObjectIfPresent(index, maxIndexBytes);
  return content && readWeightMap(content.weight_map, index);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function noWeights(directory: string): Promise<TagformerError> {
  const found = await describeDirectory(directory);
  const problem = `${directory} has no ${weightsFile} and no ${weightsIndexFile}`;
  return invalidModel(found === "" ? problem : `${problem}: ${found}`);
}

/** Tensor names by shard. */
function readWeightMap(map: unknown, index: string): Map<string, Set<string>> {
  if (!isJsonObject(map)) {
    throw invalidModel(`${index} has no weight_map from tensor names to files`);
  }
  const shards = new Map<string, Set<string>>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !safeShardName.test(shard)) {
      const expected = "expected the plain name of a .safetensors file beside it";
      throw invalidModel(`${index}: unsafe shard name ${JSON.stringify(shard)}; ${expected}`);
    }
    shards.set(shard, (shards.get(shard) ?? new Set()).add(tensor));
  }
  if (shards.size > maxShards) {
    throw invalidModel(`${index} lists ${shards.size} shards, more than ${maxShards}`);
  }
  return shards;
}

async function readShards(
  directory: string,
  index: string,
  shards: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<TensorSource[]> {
  const tensors: TensorSource[] = [];
  for (const [shard, expected] of shards) {
    const file = join(directory, shard);
    if (!(await exists(file))) throw invalidModel(`${index} lists ${shard}, which is missing`);
    const found = await readSafetensors(file);
    checkShard(shard, index, found, expected);
    for (const tensor of found) tensors.push(tensor);
  }
  return tensors;
}

function checkShard(
  shard: string,
  index: string,
  found: readonly TensorSource[],
  expected: ReadonlySet<string>,
): void {
  const unlisted = found.find(({ name }) => !expected.has(name));
  if (unlisted) {
    const problem = `${shard} holds ${unlisted.name}, which the index does not place there`;
    throw invalidModel(`${index}: ${problem}`);
  }
  if (found.length === expected.size) return;
  const present = new Set(found.map(({ name }) => name));
  const missing = [...expected].filter((name) => !present.has(name));
  throw invalidModel(`${index}: ${shard} lacks ${missing.slice(0, 5).join(", ")}`);
}
