// The OpenAPI 3.1 document of the routes, made from the schemas that their bodies are checked against.
import { z } from "zod";
import { packageVersion } from "../base/package.js";
import { errorBody, type Protocol, ServeError } from "./errors.js";
import type { Operation } from "./operation.js";

const tags: Readonly<Record<Protocol, string>> = {
  own: "tagformer",
  tei: "text-embeddings-inference",
  openai: "OpenAI, vLLM and SGLang",
  huggingface: "Hugging Face Inference",
  oip: "Open Inference Protocol",
};

/**
 * The document, as plain JSON.
 *
 * @param prefix below which the routes are; may be empty
 */
export function openapiOf(operations: readonly Operation[], prefix: string, withKeys: boolean): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, "{$1}").replace("*", "{name}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, path, withKeys) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "tagformer", version: packageVersion(), summary: "Multi-label text classification" },
    ...(prefix !== "" && { servers: [{ url: prefix }] }),
    paths,
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
  };
}

function describe({ summary, protocol, body, open }: Operation, path: string, withKeys: boolean): object {
  const parameters = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const json = (content: object) => ({ "application/json": content });
  const refusal = (kind: "invalid" | "overloaded" | "timeout", description: string) => {
    const error = new ServeError(kind, description);
    return {
      [error.statusIn(protocol)]: { description, content: json({ example: errorBody(error, protocol) }) },
    };
  };
  return {
    summary,
    tags: [tags[protocol]],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: json({ schema: schemaOf(body) }) } }),
    ...(withKeys && !open && { security: [{ key: [] }] }),
    responses: {
      200: { description: "the answer" },
      ...(body && {
        ...refusal("invalid", "the request is not as expected"),
        ...refusal(
          "overloaded",
          "there is no room in the queue; the header retry-after says when to come again",
        ),
        ...refusal("timeout", "there was no answer in time"),
      }),
    },
  };
}

function schemaOf(body: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(body, { io: "input" });
  return schema;
}
