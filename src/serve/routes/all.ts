// The routes of all protocols.
import { docsPage } from "../docs-page.js";
import { openapiOf } from "../openapi.js";
import { get, type Operation } from "../operation.js";
import type { Service } from "../service.js";
import { classifyOperations } from "./classify.js";
import { huggingfaceOperations } from "./huggingface.js";
import { inferenceV2Operations } from "./inference-v2.js";
import { openaiOperations } from "./openai.js";
import { operatingOperations } from "./operations.js";
import { ownOperations } from "./own.js";
import { teiOperations } from "./tei.js";

/** @param prefix below which the routes are */
export function allOperations(service: Service, prefix: string): Operation[] {
  const operations = [
    ownOperations,
    teiOperations,
    openaiOperations,
    classifyOperations,
    huggingfaceOperations,
    inferenceV2Operations,
    operatingOperations,
  ].flatMap((operationsOf) => operationsOf(service));
  const document = openapiOf(operations, prefix, service.keys !== null);
  const page = docsPage(operations);
  return [
    ...operations,
    get({ path: "/openapi.json", protocol: "own", summary: "This document", open: true }, () => document),
    get({ path: "/docs", protocol: "own", summary: "The routes as a page", open: true }, ({ reply }) => {
      reply.type("text/html; charset=utf-8");
      return page;
    }),
  ];
}
