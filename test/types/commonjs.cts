// A CommonJS user's view: `require` of an ES module, typed. Compiled with the other tests of types, never run.
import tagformer = require("tagformer");

async function first(directory: string): Promise<readonly string[]> {
  const classifier: tagformer.Classifier = await tagformer.Classifier.load(directory);
  const { labels } = await classifier.predict("text");
  await classifier.dispose();
  return labels;
}

export = first;
