// A CommonJS user's view: `require` of an ES module, typed. Compiled with the other tests of types, never run.
import tagformer = require("tagformer");
import serving = require("tagformer/serve");

async function first(directory: string): Promise<readonly string[]> {
  const classifier: tagformer.Classifier = await tagformer.Classifier.load(directory);
  const { labels } = await classifier.predict("text");
  await classifier.dispose();
  return labels;
}

async function serve(models: serving.ModelList): Promise<string> {
  await using server: serving.ModelServer = await serving.serveModels({ models, port: 0 });
  return server.url;
}

export = { first, serve };
