// One sample of onnxruntime-node, in a process of its own: from token ids to logits, sorted by length and padded to the
// longest text of each batch.
// In: {directory, set, work: predict | check, peers, file, batchSize, warmUp, warmUpRows, passes, threads}.
// Out: {seconds, peakMemory}, the time of each pass over all texts, or for a check {logits}.
import { createRequire } from "node:module";
import { join } from "node:path";
import { answer, measure } from "./measure.mjs";
import { checkedRows, readTexts, select, sortedBatches } from "./texts.mjs";

const request = JSON.parse(process.argv[2]);
const { InferenceSession, Tensor } = createRequire(join(request.peers, "package.json"))("onnxruntime-node");

function feedsOf({ ids, types }) {
  const width = Math.max(...ids.map((row) => row.length));
  const padded = (rows) => {
    const values = new BigInt64Array(rows.length * width);
    for (const [i, row] of rows.entries()) values.set(row.map(BigInt), i * width);
    return new Tensor("int64", values, [rows.length, width]);
  };
  return {
    input_ids: padded(ids),
    attention_mask: padded(ids.map((row) => row.map(() => 1))),
    token_type_ids: padded(types),
  };
}

const session = await InferenceSession.create(join(request.directory, "onnx", request.file), {
  intraOpNumThreads: request.threads,
});
const logitsOf = async (feeds) => (await session.run(feeds)).logits.data;

const works = {
  async predict(set) {
    const batches = sortedBatches(set, request.batchSize).map((rows) => feedsOf(select(set, rows)));
    const [longest] = sortedBatches(set, request.warmUpRows);
    answer(await measure(request, batches, logitsOf, feedsOf(select(set, longest))));
  },
  async check(set) {
    answer({ logits: Array.from(await logitsOf(feedsOf(select(set, checkedRows(set))))) });
  },
};

await works[request.work](readTexts(request));
