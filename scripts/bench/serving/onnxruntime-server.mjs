// A server as fastify's and onnxruntime's documentation write it: one run() a request. It goes on until it is ended.
// In: {directory, peers, file, threads, port}.
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import fastify from "fastify";

const request = JSON.parse(process.argv[2]);
const load = createRequire(join(request.peers, "package.json"));
const { InferenceSession, Tensor } = load("onnxruntime-node");
const { AutoConfig, AutoTokenizer, env } = load("@huggingface/transformers");

env.allowRemoteModels = false;
env.localModelPath = dirname(request.directory);
const { id2label } = await AutoConfig.from_pretrained(basename(request.directory));
const tokenizer = await AutoTokenizer.from_pretrained(basename(request.directory));
const session = await InferenceSession.create(join(request.directory, "onnx", request.file), {
  intraOpNumThreads: request.threads,
});

const app = fastify();
app.post("/predict", async ({ body }) => {
  const inputs = tokenizer([body.text]);
  const tensorOf = ({ data, dims }) => new Tensor("int64", data, dims);
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, tensorOf(inputs[name])]));
  const { logits } = await session.run(feeds);
  const scores = Array.from(logits.data, (logit, i) => [id2label[i], 1 / (1 + Math.exp(-logit))]);
  return Object.fromEntries(scores);
});
await app.listen({ host: "127.0.0.1", port: request.port });
