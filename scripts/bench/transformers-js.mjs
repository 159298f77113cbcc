// One sample of @huggingface/transformers, used as its documentation does: a pipeline that is handed an array of texts.
// In: {directory, set, work: predict | start | check, peers, dtype, warmUp, warmUpRows, passes, threads}.
// Out: {seconds, peakMemory}, the time of each pass over all texts, or for a check {logits}.
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { answer, measure, peakMemory } from "./measure.mjs";
import { checkedRows, readTexts, select, sortedBatches } from "./texts.mjs";

const request = JSON.parse(process.argv[2]);
const { env, pipeline } = createRequire(join(request.peers, "package.json"))("@huggingface/transformers");

env.allowRemoteModels = false;
env.localModelPath = dirname(request.directory);
const classifier = await pipeline("text-classification", basename(request.directory), {
  dtype: request.dtype,
  session_options: { intraOpNumThreads: request.threads },
});
const predict = (texts) => classifier(texts, { top_k: null });

const works = {
  async predict(set) {
    const [longest] = sortedBatches(set, request.warmUpRows);
    answer(await measure(request, [set.texts], predict, select(set, longest).texts));
  },
  async start({ texts }) {
    answer({ predictions: await predict(texts), peakMemory: peakMemory() });
  },
  async check(set) {
    const predictions = await predict(select(set, checkedRows(set)).texts);
    answer({ logits: predictions.flatMap(inOrder).map((p) => Math.log(p / (1 - p))) });
  },
};

/** Its scores come sorted; these are in the order of the labels. */
function inOrder(scores) {
  const { label2id } = classifier.model.config;
  return [...scores].sort((a, b) => label2id[a.label] - label2id[b.label]).map(({ score }) => score);
}

await works[request.work](readTexts(request));
await classifier.dispose();
