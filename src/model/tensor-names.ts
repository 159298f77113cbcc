// The names under which wrappers of other tools save a model's weights: `module.` (DataParallel, DistributedDataParallel),
// `model.` (PyTorch Lightning), `_orig_mod.` (torch.compile) and the like, alone and in combinations.
import { invalidModel } from "../base/errors.js";
import type { TensorSource } from "../native/types.js";
import { type Architecture, findArchitecture } from "./architectures.js";

/** What wrappers put in front of any part of a name: no module of transformers is called so. */
const inside =
  /(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module|_module)(?=\.)/g;
/** What wrappers put in front of all names. */
const wrappers: ReadonlySet<string> = new Set(["module", "model", "net", "network"]);
/** Parts of a model that PEFT changed and did not merge. */
const adapter = /\.(?:lora_\w+|base_layer|modules_to_save)\./;

/**
 * The tensors under the names of transformers.
 *
 * @param directory what to call them in errors
 * @throws TagformerError `INVALID_MODEL` when the names have a prefix that nothing is known of, are those of several
 * models, or of a module around the model
 */
export function unwrapTensors(
  tensors: readonly TensorSource[],
  modelType: string,
  directory: string,
): readonly TensorSource[] {
  const architecture = findArchitecture(modelType);
  if (architecture === null) return tensors;
  const adapted = tensors.find(({ name }) => adapter.test(name));
  if (adapted) {
    throw invalidModel(
      `${directory}: its tensor ${JSON.stringify(adapted.name)} belongs to an adapter (PEFT) that was not merged into the model; in Python: model.merge_and_unload().save_pretrained(directory)`,
    );
  }
  const plain = tensors.map((tensor) => ({ ...tensor, name: withoutInside(tensor.name) }));
  const prefix = findPrefix(plain, architecture, directory);
  if (prefix === "") return plain;
  refuseHeadOutside(plain, prefix, architecture, directory);
  return plain.map((tensor) =>
    tensor.name.startsWith(prefix) ? { ...tensor, name: tensor.name.slice(prefix.length) } : tensor,
  );
}

function withoutInside(name: string): string {
  return name.replace(inside, "").replace(/^\./, "");
}

/** What stands before every name of the model, such as `module.model.`; empty for names as they should be. */
function findPrefix(
  tensors: readonly TensorSource[],
  { embeddings, base }: Architecture,
  directory: string,
): string {
  const found = tensors
    .filter(({ name }) => name === embeddings || name.endsWith(`.${embeddings}`))
    .map(({ name }) => name.slice(0, name.length - embeddings.length));
  const prefixes = found.map((before) =>
    before === `${base}.` || before.endsWith(`.${base}.`) ? before.slice(0, -base.length - 1) : before,
  );
  if (prefixes.length === 0 || prefixes.includes("")) return ""; // what is missing is the engine's to say
  if (prefixes.length > 1) {
    const names = prefixes.map((prefix) => JSON.stringify(prefix)).join(" and ");
    throw invalidModel(
      `${directory}: it holds the weights of ${prefixes.length} models, under ${names}; keep one`,
    );
  }
  const [prefix] = prefixes as [string];
  if (prefix.split(".").every((part) => part === "" || wrappers.has(part))) return prefix;
  throw invalidModel(
    `${directory}: its tensors have ${JSON.stringify(prefix)} before their names, such as ${JSON.stringify(found[0] + embeddings)}; expected ${JSON.stringify(`${base}.${embeddings}`)}: take that off the names if the model inside of it is what config.json describes`,
  );
}

/** A head beside the wrapped model belongs to a custom module, and what that computes is not known. */
function refuseHeadOutside(
  tensors: readonly TensorSource[],
  prefix: string,
  { outputLayer, base, classifierClass }: Architecture,
  directory: string,
): void {
  const head = tensors.find(({ name }) => name === `${outputLayer}.weight` || name === "classifier.weight");
  if (!head) return;
  throw invalidModel(
    `${directory}: its tensor ${JSON.stringify(head.name)} stands beside the model, whose tensors are named ${JSON.stringify(`${prefix}${base}...`)}: the weights are of a module of your own, and what it computes is not known here. Save a ${classifierClass} of transformers with its save_pretrained`,
  );
}
