// OpenAI's moderation API and its list of models, for its clients.
import { z } from "zod";
import type { ClassifierInfo } from "../../classifier/info.js";
import { ServeError } from "../errors.js";
import { get, type Operation, post } from "../operation.js";
import { byLabel, givenLabels, rowOf, type Scored } from "../scored.js";
import type { Service } from "../service.js";

const part = z.object({ type: z.string(), text: z.string().optional() });

const moderationBody = z.object({
  input: z
    .union([z.string(), z.array(z.string()), z.array(part)])
    .describe("a text, several, or one in parts, which may only be text"),
  model: z.string().nullish().describe("name of the model (default: the first)"),
});

/** Names that clients send when they are told none: any model answers to them. */
const usualNames = /^(omni|text)-moderation-/;

export function openaiOperations(service: Service): Operation[] {
  return [
    post(
      {
        path: "/v1/moderations",
        protocol: "openai",
        summary: "Moderate as OpenAI does",
        body: moderationBody,
      },
      async ({ body, context }) => {
        const { model } = body;
        const isUsual = !model || (usualNames.test(model) && !service.models.has(model));
        const texts = textsOf(body.input);
        const scored = await service.score(context, {
          model: isUsual ? undefined : model,
          texts,
          field: "input",
        });
        const results = texts.map((_, text) => resultOf(scored, text));
        return { id: `modr-${context.id}`, model: scored.model, results };
      },
    ),
    get({ path: "/v1/models", protocol: "openai", summary: "The models that are served" }, () => ({
      object: "list",
      data: Array.from(service.models, ({ name, slot }) => modelObject(name, slot.current.info)),
    })),
    get({ path: "/v1/models/*", protocol: "openai", summary: "One of them" }, ({ request }) => {
      const { name, slot } = service.models.get((request.params as { "*": string })["*"]);
      return modelObject(name, slot.current.info);
    }),
  ];
}

function textsOf(input: z.output<typeof moderationBody>["input"]): readonly string[] {
  if (typeof input === "string") return [input];
  const parts = input.filter((item) => typeof item !== "string");
  if (parts.length === 0) return input as string[];
  const other = parts.find(({ type, text }) => type !== "text" || text === undefined);
  if (other) {
    throw new ServeError(
      "invalid",
      `\`input\` has a part of type ${other.type}; this model reads text alone`,
      {
        param: "input",
      },
    );
  }
  return [parts.map(({ text }) => text).join("\n")];
}

function resultOf(scored: Scored, text: number) {
  const row = rowOf(scored, text);
  const given = givenLabels(scored, row);
  const each = <T>(value: (label: string) => T) =>
    Object.fromEntries(scored.labels.map((label) => [label, value(label)]));
  return {
    flagged: given.length > 0,
    categories: each((label) => given.includes(label)),
    category_scores: byLabel(scored, row),
    category_applied_input_types: each(() => ["text"]),
  };
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
