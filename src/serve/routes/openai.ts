// OpenAI's moderation API, and its list of models.
import type { ClassifierInfo } from "../../classifier/info.js";
import { get, type Operation } from "../operation.js";
import type { Service } from "../service.js";

export function openaiOperations(service: Service): Operation[] {
  return [
    get({ path: "/v1/models", protocol: "openai", summary: "The models that are served" }, () => ({
      object: "list",
      data: Array.from(service.models, ({ name, slot }) => modelObject(name, slot.current.info)),
    })),
  ];
}

function modelObject(name: string, { trainedAt, labels, maxLength, windows }: ClassifierInfo) {
  const created = trainedAt === null ? 0 : Math.floor(Date.parse(trainedAt) / 1000);
  return {
    id: name,
    object: "model",
    created,
    owned_by: "tagformer",
    max_length: maxLength,
    windows,
    labels,
  };
}
