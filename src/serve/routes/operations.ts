// What those ask who run the server: whether it works, and whether it wants requests.
import { get, type Operation } from "../operation.js";
import type { Service } from "../service.js";

export function operatingOperations(_service: Service): Operation[] {
  const answer = () => "";
  return [
    get({ path: "/health", protocol: "tei", summary: "Whether the server works", open: true }, answer),
    get({ path: "/ping", protocol: "tei", summary: "The same, for SageMaker", open: true }, answer),
  ];
}
