// The protocol of text-embeddings-inference, for its clients.
import { packageVersion } from "../../install/locations.js";
import { get, type Operation } from "../operation.js";
import type { Service } from "../service.js";

export function teiOperations(service: Service): Operation[] {
  return [
    get({ path: "/info", protocol: "tei", summary: "What is served, and within which limits" }, () =>
      infoOf(service),
    ),
  ];
}

/** Of the first model. */
function infoOf({ models, limits }: Service) {
  const { name, slot } = models.first;
  const { info } = slot.current;
  const names = info.labels.map((label) => label.name);
  return {
    model_id: info.name ?? name,
    model_sha: info.revision,
    model_dtype: info.precision,
    served_model_name: name,
    model_type: {
      classifier: {
        id2label: Object.fromEntries(names.map((label, i) => [String(i), label])),
        label2id: Object.fromEntries(names.map((label, i) => [label, i])),
      },
    },
    max_input_length: info.maxLength,
    max_batch_tokens: limits.maxQueueTokens,
    max_client_batch_size: limits.maxClientBatch,
    auto_truncate: true,
    version: packageVersion(),
  };
}
