// A bag of words on the disk: arrays in a safetensors file, with the names of the features as lines of text.
import { open } from "node:fs/promises";
import { invalidModel } from "../base/errors.js";
import { bagOfWordsType } from "../model/file-names.js";
import type { JsonObject } from "../model/json-file.js";
import type { TensorSource } from "../native/types.js";
import type { BagOfWords } from "./bag-of-words.js";
import type { Features } from "./features.js";

/** config.json of every bag of words; the labels are added as in those of other models. */
export const bagOfWordsConfig: JsonObject = { model_type: bagOfWordsType };

/** No feature has a line break in it. */
const separator = "\n";

type Tensor = readonly [name: string, shape: readonly number[], values: Float32Array | Uint8Array];

/** The content of the file with the weights. */
export function bagOfWordsFile({ labels, terms, grams, ...weights }: BagOfWords): Uint8Array<ArrayBuffer> {
  const width = labels.length;
  const featuresOf = (kind: string, { names, idf }: Features, values: Float32Array): Tensor[] => {
    const text = new TextEncoder().encode(names.join(separator));
    return [
      [`${kind}.idf`, [names.length], idf],
      [`${kind}.weight`, [names.length, width], values],
      [`${kind}.names`, [text.length], text],
    ];
  };
  return safetensorsOf([
    ["bias", [width], weights.bias],
    // Numbers first: they begin at multiples of 4 so.
    ...[
      ...featuresOf("terms", terms, weights.termWeights),
      ...featuresOf("grams", grams, weights.gramWeights),
    ].sort(([, , one], [, , other]) => other.BYTES_PER_ELEMENT - one.BYTES_PER_ELEMENT),
  ]);
}

function safetensorsOf(tensors: readonly Tensor[]): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = tensors.map(([name, shape, values]) => {
    const begin = end;
    end += values.byteLength;
    const dtype = values instanceof Float32Array ? "F32" : "U8";
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const header = JSON.stringify(Object.fromEntries(entries));
  const padded = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const file = new Uint8Array(8 + padded.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded.length), true);
  file.set(padded, 8);
  let at = 8 + padded.length;
  for (const [, , values] of tensors) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

/**
 * Reads a bag of words.
 *
 * @param tensors where its arrays lie
 * @param directory for messages
 * @throws TagformerError `INVALID_MODEL` when an array is missing or of another size; the errors of `node:fs`
 */
export async function readBagOfWords(
  tensors: readonly TensorSource[],
  labels: readonly string[],
  directory: string,
): Promise<BagOfWords> {
  const read = async (name: string, dtype: string): Promise<Buffer> => {
    const found = tensors.find((tensor) => tensor.name === name && tensor.dtype === dtype);
    if (!found)
      throw invalidModel(`${directory}: the bag of words has no array "${name}" of ${dtype}; train it again`);
    return await readBytes(found);
  };
  const numbers = async (name: string, length: number): Promise<Float32Array> => {
    const bytes = await read(name, "F32");
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    if (values.length === length && values.every(Number.isFinite)) return values;
    const found = values.length === length ? "a number that is not finite" : `${values.length} numbers`;
    throw invalidModel(
      `${directory}: the array "${name}" of the bag of words has ${found}; expected ${length}; train it again`,
    );
  };
  const featuresOf = async (kind: string) => {
    const text = (await read(`${kind}.names`, "U8")).toString();
    const names = text === "" ? [] : text.split(separator);
    const features: Features = { names, idf: await numbers(`${kind}.idf`, names.length) };
    return { features, weights: await numbers(`${kind}.weight`, names.length * labels.length) };
  };
  const [terms, grams] = [await featuresOf("terms"), await featuresOf("grams")];
  return {
    labels,
    terms: terms.features,
    grams: grams.features,
    termWeights: terms.weights,
    gramWeights: grams.weights,
    bias: await numbers("bias", labels.length),
  };
}

/** In memory of its own, which begins where any number may. */
async function readBytes({ file, begin, end }: TensorSource): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const buffer = Buffer.from(new ArrayBuffer(end - begin));
    for (let filled = 0; filled < buffer.length; ) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, begin + filled);
      if (bytesRead === 0) throw invalidModel(`${file} became shorter while it was read`);
      filled += bytesRead;
    }
    return buffer;
  } finally {
    await handle.close();
  }
}
