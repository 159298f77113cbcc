// Who takes part.

const huggingFace = { side: "theirs", program: "theirs.py" };
const onnxruntime = { side: "theirs", program: "onnxruntime.mjs" };
const openvino = { side: "theirs", program: "openvino_peer.py", packages: true, batches: "grouped" };
const ctranslate2 = { side: "theirs", program: "ctranslate2_peer.py", packages: true, batches: "grouped" };
/** Compilers that fold the weights into what they make, as each one's documentation has it. */
const inductor = {
  ...huggingFace,
  compiler: "inductor",
  batches: "grouped",
  freezes: true,
  environment: { TORCHINDUCTOR_FREEZING: "1" },
};
const zentorch = { ...inductor, compiler: "zentorch", packages: true };
const transformersJs = { side: "theirs", program: "transformers-js.mjs" };
const tagformer = { side: "ours", program: "ours.mjs" };

/**
 * Peers are there as people use them and as experts do; `fused` is AdamW's one-kernel implementation, and
 * the optimized files come from onnxruntime's own tools. All of theirs are sorted by length, but where it says padded, and
 * transformers.js, which takes texts as they come. `short` is their name in pictures; `packages`: is one of `ensurePythonPeers`.
 *
 * @type {Readonly<Record<string, { name: string, short: string, side: "ours" | "theirs", program: string,
 *   precision: "fp32" | "bf16" | "int8" }>>}
 */
export const contestants = {
  "hf-fp32-padded": {
    ...huggingFace,
    name: "Hugging Face fp32, padded to 100",
    short: "HF fp32, padded",
    precision: "fp32",
    batches: "padded",
    paddedTo: 100,
    fused: false,
  },
  "hf-fp32": {
    ...huggingFace,
    name: "Hugging Face fp32",
    short: "HF fp32",
    precision: "fp32",
    batches: "grouped",
    fused: true,
  },
  "hf-bf16": {
    ...huggingFace,
    name: "Hugging Face bf16",
    short: "HF bf16",
    precision: "bf16",
    batches: "grouped",
    fused: true,
  },
  "hf-bf16-eager": {
    ...huggingFace,
    name: "Hugging Face bf16, eager attention",
    short: "HF bf16, eager",
    precision: "bf16",
    batches: "grouped",
    attention: "eager",
    fused: true,
  },
  "hf-bf16-compiled": {
    ...huggingFace,
    name: "Hugging Face bf16, compiled",
    short: "HF bf16, compiled",
    precision: "bf16",
    batches: "grouped",
    compiler: "inductor",
    fused: true,
  },
  "inductor-fp32": { ...inductor, name: "PyTorch inductor fp32", short: "inductor fp32", precision: "fp32" },
  "inductor-bf16": { ...inductor, name: "PyTorch inductor bf16", short: "inductor bf16", precision: "bf16" },
  "zentorch-bf16": { ...zentorch, name: "zentorch bf16", short: "zentorch bf16", precision: "bf16" },
  "ov-fp32": {
    ...openvino,
    name: "OpenVINO fp32",
    short: "OpenVINO fp32",
    precision: "fp32",
    file: "model.xml",
  },
  "ov-bf16": {
    ...openvino,
    name: "OpenVINO bf16",
    short: "OpenVINO bf16",
    precision: "bf16",
    file: "model.xml",
  },
  "ov-int8": {
    ...openvino,
    name: "OpenVINO int8",
    short: "OpenVINO int8",
    precision: "int8",
    file: "model_int8.xml",
  },
  "ct2-fp32": { ...ctranslate2, name: "CTranslate2 fp32", short: "CTranslate2 fp32", precision: "fp32" },
  "ct2-int8": { ...ctranslate2, name: "CTranslate2 int8", short: "CTranslate2 int8", precision: "int8" },
  transformers: {
    ...huggingFace,
    name: "Python transformers",
    short: "HF Python",
    precision: "fp32",
    batches: "grouped",
  },
  "ort-fp32": {
    ...onnxruntime,
    name: "onnxruntime-node fp32",
    short: "onnxruntime fp32",
    precision: "fp32",
    file: "optimized.onnx",
  },
  "ort-int8": {
    ...onnxruntime,
    name: "onnxruntime-node int8",
    short: "onnxruntime int8",
    precision: "int8",
    file: "optimized_quantized.onnx",
  },
  "tjs-fp32": {
    ...transformersJs,
    name: "transformers.js fp32",
    short: "HF JS fp32",
    precision: "fp32",
    dtype: "fp32",
  },
  "tjs-int8": {
    ...transformersJs,
    name: "transformers.js int8",
    short: "HF JS int8",
    precision: "int8",
    dtype: "q8",
  },
  fp32: { ...tagformer, name: "tagformer fp32", short: "tagformer fp32", precision: "fp32" },
  bf16: { ...tagformer, name: "tagformer bf16", short: "tagformer bf16", precision: "bf16" },
  int8: { ...tagformer, name: "tagformer int8", short: "tagformer int8", precision: "int8" },
};
