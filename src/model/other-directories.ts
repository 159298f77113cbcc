// What a directory is that is no model directory, or has no weights that are read: people point at many kinds.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

interface Kind {
  /** Matches a file of the directory. */
  readonly file: RegExp;
  /** What the directory is, and what to do; `$` stands for the file, `@` for the model as Python names it. */
  readonly says: string;
}

const saveAgain =
  "save the model as model.safetensors, in Python: AutoModelForSequenceClassification.from_pretrained(@";

/** The surest signs first. */
const kinds: readonly Kind[] = [
  {
    file: /^adapter_(config\.json|model\.(safetensors|bin))$/,
    says: "it is an adapter (PEFT: $), which changes a model and is none by itself; merge it into its model, in Python: PeftModel.from_pretrained(model, @).merge_and_unload().save_pretrained(other), and name that directory",
  },
  {
    file: /^pytorch_model(-\d+-of-\d+)?\.bin$/,
    says: `its weights are in $, a Python pickle that can run code and is not read; ${saveAgain}).save_pretrained(directory)`,
  },
  {
    file: /\.gguf$/i,
    says: "its weights are in $, for llama.cpp, where they are quantized; name the model that it was made from",
  },
  {
    file: /^tf_model\.h5$|\.ckpt(\.index|\.meta|\.data-\d+-of-\d+)$/,
    says: `its weights are in $, of TensorFlow; ${saveAgain}, from_tf=True).save_pretrained(directory), with transformers 4`,
  },
  {
    file: /^flax_model\.msgpack$/,
    says: `its weights are in $, of Flax; ${saveAgain}, from_flax=True).save_pretrained(directory), with transformers 4`,
  },
  {
    file: /\.onnx$/,
    says: "its weights are in $, of ONNX, which is not read; name the model that it was exported from",
  },
  {
    file: /^openvino_model\.(xml|bin)$/,
    says: "its weights are in $, of OpenVINO, which is not read; name the model that it was exported from",
  },
  {
    file: /^rust_model\.ot$/,
    says: "its weights are in $, of rust-bert, which is not read; name the model that it was made from",
  },
  {
    file: /\.ckpt$/,
    says: "its weights are in $, a checkpoint of PyTorch Lightning: a Python pickle, which is not read; load it in Python and save the model that it holds with save_pretrained(directory)",
  },
  {
    file: /\.(pt|pth)$/,
    says: "it has $; a TorchScript module is named by its own path, with --tokenizer and --trust, and a file of torch.save is not read",
  },
];

/**
 * Says what files are that are no model's; empty where nothing is known of them.
 *
 * @param model what Python's `from_pretrained` is given for the place that they are in
 */
export function describeFiles(names: readonly string[], model: string): string {
  for (const { file, says } of kinds) {
    const found = names.find((name) => file.test(name));
    if (found !== undefined) return says.replaceAll("@", () => model).replaceAll("$", () => found);
  }
  return "";
}

/** Says what is found where a model was expected; empty where nothing is known of it. */
export async function describeDirectory(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const names = entries.map(({ name }) => name).sort();
  const inFolders = names.filter((name) => name === "onnx" || name === "openvino");
  for (const folder of inFolders) {
    const inside = await readdir(join(directory, folder)).catch(() => []);
    names.push(...inside.map((name) => `${folder}/${name}`));
  }
  const kind = describeFiles(names, "directory");
  if (kind !== "") return kind;
  const checkpoints = names.filter((name) => /^checkpoint-\d+$/.test(name));
  const last = checkpoints.sort((a, b) => Number(a.slice(11)) - Number(b.slice(11))).at(-1);
  if (last !== undefined) return `it holds checkpoints of a training; did you mean ${join(directory, last)}?`;
  const transformer = names.find((name) => /^(0_)?Transformer$|^0_\w+$/.test(name));
  if (transformer !== undefined && names.includes("modules.json")) {
    return `it is a model of sentence-transformers, whose network is in ${join(directory, transformer)}`;
  }
  return "";
}
