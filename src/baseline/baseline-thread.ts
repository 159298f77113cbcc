// What runs on the thread of a bag of words: it collects the texts, learns from the first of them and scores the others.
import { parentPort, workerData } from "node:worker_threads";
import { askForMore, reply } from "../base/thread.js";
import { BagOfWordsScorer, fitBagOfWords } from "./bag-of-words.js";
import { bagOfWordsFile } from "./files.js";
import type { BaselineTask, FittedBaseline } from "./task.js";

const port = parentPort!;

await reply(
  async () => answer(workerData as BaselineTask, await allTexts()),
  ({ file, logits }) => [file.buffer, logits.buffer],
);

/** What the other side has, piece by piece, until it sends `null`. */
async function allTexts(): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    port.postMessage(askForMore);
    const some = await new Promise<readonly string[] | null>((resolve) => port.once("message", resolve));
    if (some === null) return texts;
    for (const text of some) texts.push(text);
  }
}

function answer(
  { labelNames, targets, trainingTexts, inversePenalty }: BaselineTask,
  texts: readonly string[],
): FittedBaseline {
  const model = fitBagOfWords(texts.slice(0, trainingTexts), labelNames, targets, inversePenalty);
  const scorer = new BagOfWordsScorer(model);
  const logits = new Float32Array((texts.length - trainingTexts) * labelNames.length);
  for (let i = trainingTexts; i < texts.length; i++)
    logits.set(scorer.logits(texts[i]!), (i - trainingTexts) * labelNames.length);
  const [terms, grams] = [model.terms.names.length, model.grams.names.length];
  return { file: bagOfWordsFile(model), logits, terms, grams };
}
