// The routes of all protocols.
import type { Operation } from "../operation.js";
import type { Service } from "../service.js";
import { openaiOperations } from "./openai.js";
import { operatingOperations } from "./operations.js";
import { ownOperations } from "./own.js";
import { teiOperations } from "./tei.js";

export function allOperations(service: Service): Operation[] {
  return [
    ...ownOperations(service),
    ...teiOperations(service),
    ...openaiOperations(service),
    ...operatingOperations(service),
  ];
}
