// Hugging Face's inference API for text classification, for `@huggingface/inference` and `huggingface_hub`.
import { z } from "zod";
import type { RequestContext } from "../context.js";
import { descending, softmax } from "../numbers.js";
import { checkBody, type Operation, post } from "../operation.js";
import { rowOf, type Scored } from "../scored.js";
import type { Service } from "../service.js";
import { answerAll, predictBody } from "./tei.js";

const classificationBody = z.object({
  inputs: z.union([z.string(), z.array(z.string())]).describe("a text, or several"),
  parameters: z
    .object({
      top_k: z.int().min(1).nullish().describe("labels of an answer, the most probable ones (default: all)"),
      function_to_apply: z
        .enum(["sigmoid", "softmax", "none"])
        .nullish()
        .describe("what logits go through (default: sigmoid, with the model's temperatures)"),
    })
    .nullish(),
});

type ClassificationBody = z.output<typeof classificationBody>;

/** Both protocols post to `/`: these clients send this header, or parameters. */
const clients = /@huggingface\/inference|hf_hub\//;
const eitherBody = z.union([predictBody, classificationBody]);

export function huggingfaceOperations(service: Service): Operation[] {
  const classify = (path: string, named: boolean) =>
    post(
      {
        path,
        protocol: "huggingface",
        summary: "Classify as Hugging Face's inference API does",
        body: classificationBody,
      },
      async ({ body, context, request }) => {
        const model = named ? (request.params as { "*": string })["*"] : undefined;
        return await classifications(service, context, body, model);
      },
    );
  return [
    classify("/models/*", true),
    classify("/pipeline/text-classification", false),
    classify("/pipeline/text-classification/*", true),
    post(
      {
        path: "/",
        protocol: "tei",
        summary: "Classify as the client expects: Hugging Face's with `parameters`, otherwise as /predict",
        body: eitherBody,
      },
      async ({ context, request, reply }) => {
        const { body, headers } = request;
        const isHuggingFace =
          clients.test(headers["user-agent"] ?? "") || "parameters" in (body as ClassificationBody);
        if (isHuggingFace)
          return await classifications(service, context, checkBody(classificationBody, body), undefined);
        const [answer] = await answerAll(service, context, reply, [checkBody(predictBody, body)]);
        return answer;
      },
    ),
  ];
}

/** A list for each text, also for a single one: that is what both clients read. */
async function classifications(
  service: Service,
  context: RequestContext,
  { inputs, parameters }: ClassificationBody,
  model: string | undefined,
) {
  const texts = [inputs].flat();
  const scored = await service.score(context, { model, texts, field: "inputs" });
  const { top_k, function_to_apply } = parameters ?? {};
  return texts.map((_, text) => {
    const values = applied(scored, text, function_to_apply ?? "sigmoid");
    const best = descending(values).slice(0, top_k ?? values.length);
    return best.map((i) => ({ label: scored.labels[i]!, score: values[i]! }));
  });
}

function applied(scored: Scored, text: number, name: "sigmoid" | "softmax" | "none"): Float32Array {
  if (name === "sigmoid") return rowOf(scored, text);
  const logits = rowOf(scored, text, scored.logits);
  return name === "softmax" ? softmax(logits) : logits;
}
