// How a model is used, in its card: programs that run as they stand, beside the model's directory.

/** @param torchScript whether the model is a TorchScript module, which is a program that the user has to trust */
export function usage(torchScript: boolean): string {
  return [
    `In Node.js, in a file that ends in \`.mjs\`:\n\n${code("js", nodeProgram(torchScript))}`,
    `In Python:\n\n${code("python", torchScript ? torchProgram : transformersProgram)}`,
    "A label is given when its probability is above its threshold in tagformer.json, 0.5 where it has none. What the model learned is in its training rows: look at its mistakes on texts of your own before you trust it.",
  ].join("\n\n");
}

function code(language: string, program: string): string {
  return `\`\`\`${language}\n${program}\n\`\`\``;
}

function nodeProgram(torchScript: boolean): string {
  const options = torchScript ? ", { trust: true }" : "";
  return `import { Classifier } from "tagformer";

const classifier = await Classifier.load("./model"${options}); // this directory
try {
  console.log(await classifier.predict(["a text"]));
} finally {
  await classifier.dispose();
}`;
}

const transformersProgram = `from transformers import pipeline

classify = pipeline("text-classification", "./model", top_k=None)  # this directory
print(classify("a text"))`;

const torchProgram = `import torch

model = torch.jit.load("./model/model.pt")  # in this directory
model.eval()  # takes input_ids and attention_mask, gives logits`;
