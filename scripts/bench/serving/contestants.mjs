// The servers that take part: how each is started, and what it is asked.
import { join } from "node:path";
import { root } from "../../steps.mjs";
import { commandOf } from "../processes.mjs";

const ours = {
  ask: (text) => ["/v1/predict", { texts: text }],
  scoresOf: ({ predictions }) => predictions[0].scores,
};
const theirs = { ask: (text) => ["/predict", { text }], scoresOf: (scores) => scores };

const tagformer = (precision) => ({
  ...ours,
  name: `tagformer serve ${precision}`,
  precision,
  command: ({ directory, threads, port }) => [
    process.execPath,
    join(root, "dist", "bundle", "main.js"),
    "serve",
    ...["--name", `model=${directory}`, "--precision", precision, "--log", "off"],
    ...["--port", `${port}`, "--threads", `${threads}`],
  ],
});

const onnxruntime = (precision, file) => ({
  ...theirs,
  name: `fastify + onnxruntime-node ${precision}`,
  precision,
  command: (request) => [
    ...commandOf("serving/onnxruntime-server.mjs"),
    JSON.stringify({ ...request, file }),
  ],
});

export const servers = {
  fp32: tagformer("fp32"),
  int8: tagformer("int8"),
  "ort-fp32": onnxruntime("fp32", "optimized.onnx"),
  "ort-int8": onnxruntime("int8", "optimized_quantized.onnx"),
  fastapi: {
    ...theirs,
    name: "FastAPI + transformers fp32",
    precision: "fp32",
    command: (request) => [...commandOf("serve.py"), JSON.stringify(request)],
  },
};

/** Each of ours, and the peers that compute in the same precision. */
export const pairs = { fp32: ["ort-fp32", "fastapi"], int8: ["ort-int8"] };
