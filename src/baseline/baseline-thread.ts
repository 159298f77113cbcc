// What runs on the thread of a bag of words: it collects the texts, learns from the first of them and scores the others.
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../base/errors.js";
import { BagOfWordsScorer, fitBagOfWords } from "./bag-of-words.js";
import { bagOfWordsFile } from "./files.js";
import type { BaselineReply, BaselineTask, FittedBaseline } from "./task.js";

const port = parentPort!;
const texts: string[] = [];
port.on("message", (some: readonly string[] | null) => {
  if (some !== null) {
    for (const text of some) texts.push(text);
    port.postMessage("more" satisfies BaselineReply);
    return;
  }
  try {
    const fitted = fit(workerData as BaselineTask);
    port.postMessage({ fitted } satisfies BaselineReply, [fitted.file.buffer, fitted.logits.buffer]);
  } catch (error) {
    port.postMessage({ failure: messageOf(error) } satisfies BaselineReply);
  }
});
port.postMessage("more" satisfies BaselineReply);

function fit({ labelNames, targets, trainingTexts, inversePenalty }: BaselineTask): FittedBaseline {
  const model = fitBagOfWords(texts.slice(0, trainingTexts), labelNames, targets, inversePenalty);
  const scorer = new BagOfWordsScorer(model);
  const logits = new Float32Array((texts.length - trainingTexts) * labelNames.length);
  for (let i = trainingTexts; i < texts.length; i++)
    logits.set(scorer.logits(texts[i]!), (i - trainingTexts) * labelNames.length);
  const [terms, grams] = [model.terms.names.length, model.grams.names.length];
  return { file: bagOfWordsFile(model), logits, terms, grams };
}
