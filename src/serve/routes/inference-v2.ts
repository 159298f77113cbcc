// The Open Inference Protocol, version 2 (kserve/open-inference-protocol), over REST: texts in, probabilities out.
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { packageVersion } from "../../base/package.js";
import { ServeError } from "../errors.js";
import type { ServedModel } from "../models.js";
import { get, type Operation, post } from "../operation.js";
import type { Scored } from "../scored.js";
import type { Service } from "../service.js";

const input = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).min(1),
  datatype: z.string(),
  data: z.array(z.union([z.string(), z.array(z.string())])),
});

const inferBody = z.object({
  id: z.string().optional().describe("given back in the answer"),
  inputs: z.array(input).describe("one input, of datatype BYTES: the texts"),
  outputs: z
    .array(z.object({ name: z.enum(["probabilities", "logits"]) }))
    .optional()
    .describe("what is asked for (default: probabilities)"),
});

/** Each model has one version: the one that serves. */
const onlyVersion = "1";

export function inferenceV2Operations(service: Service): Operation[] {
  return [
    get({ path: "/v2", protocol: "oip", summary: "Name and version of the server" }, () => ({
      name: "tagformer",
      version: packageVersion(),
      extensions: [],
    })),
    ...modelOperations(service, "/v2/models/:model"),
    ...modelOperations(service, "/v2/models/:model/versions/:version"),
  ];
}

/** The routes of a model, whose version clients may name. */
function modelOperations(service: Service, path: string): Operation[] {
  const protocol = "oip";
  return [
    get({ path, protocol, summary: "What a model takes and gives" }, ({ request }) => {
      const { name, slot } = modelOf(service, request);
      return metadataOf(name, slot.current.labels, slot.current.thresholds);
    }),
    get({ path: `${path}/ready`, protocol, summary: "Whether a model answers" }, ({ request }) => ({
      name: modelOf(service, request).name,
      ready: true,
    })),
    post(
      { path: `${path}/infer`, protocol, summary: "Classify", body: inferBody },
      async ({ body, context, request }) => {
        const { name } = modelOf(service, request);
        const texts = textsOf(body.inputs);
        const scored = await service.score(context, { model: name, texts, field: "inputs" });
        const outputs = body.outputs ?? [{ name: "probabilities" as const }];
        return {
          model_name: name,
          model_version: onlyVersion,
          ...(body.id !== undefined && { id: body.id }),
          outputs: outputs.map((output) => outputOf(scored, output.name)),
        };
      },
    ),
  ];
}

/** @throws ServeError 404 for a model or a version that is not there */
function modelOf({ models }: Service, { params }: FastifyRequest): ServedModel {
  const { model, version = onlyVersion } = params as { model: string; version?: string };
  const found = models.get(model);
  if (version === onlyVersion) return found;
  throw new ServeError(
    "not_found",
    `the model "${model}" has no version "${version}"; it has "${onlyVersion}"`,
  );
}

function textsOf(inputs: z.output<typeof inferBody>["inputs"]): string[] {
  const [only, ...others] = inputs;
  if (!only || others.length > 0) throw invalid(`\`inputs\` has ${inputs.length} tensors; expected one`);
  if (only.datatype !== "BYTES")
    throw invalid(`\`inputs\` has the datatype ${only.datatype}; expected BYTES: the texts`);
  const texts = only.data.flat();
  const size = only.shape.reduce((product, length) => product * length, 1);
  if (size !== texts.length)
    throw invalid(`\`inputs\` has the shape [${only.shape}], but ${texts.length} texts`);
  return texts;
}

function outputOf({ labels, tokens, ...values }: Scored, name: "probabilities" | "logits") {
  const shape = [tokens.read.length, labels.length];
  return { name, datatype: "FP32", shape, data: Array.from(values[name]) };
}

function metadataOf(name: string, labels: readonly string[], thresholds: readonly number[]) {
  const output = (output: string) => ({ name: output, datatype: "FP32", shape: [-1, labels.length] });
  return {
    name,
    versions: [onlyVersion],
    platform: "tagformer",
    inputs: [{ name: "text", datatype: "BYTES", shape: [-1] }],
    outputs: [output("probabilities"), output("logits")],
    parameters: { labels, thresholds },
  };
}

function invalid(message: string): ServeError {
  return new ServeError("invalid", message, { param: "inputs" });
}
