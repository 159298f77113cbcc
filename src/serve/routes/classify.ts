// The route on which vLLM and SGLang classify, with what its answer lacks: the names of all scores, and the labels that are given.
import { z } from "zod";
import { type Operation, post } from "../operation.js";
import { byLabel, givenLabels, rowOf, type Scored } from "../scored.js";
import type { Service } from "../service.js";

const classifyBody = z.object({
  model: z.string().nullish().describe("name of the model (default: the first)"),
  input: z
    .union([z.string(), z.array(z.string())], {
      error: "expected a text or a list of texts; token ids and messages are not read",
    })
    .describe("a text, or several"),
  use_activation: z.boolean().nullish().describe("probabilities (default); false: logits"),
  truncate_prompt_tokens: z
    .literal(-1, { error: "expected -1: texts are cut where the model's longest row ends" })
    .nullish()
    .describe("-1: cut texts at the model's longest row, as is done anyway"),
});

export function classifyOperations(service: Service): Operation[] {
  return ["/classify", "/v1/classify"].map((path) =>
    post(
      { path, protocol: "openai", summary: "Classify as vLLM and SGLang do", body: classifyBody },
      async ({ body, context }) => {
        const texts = [body.input].flat();
        const scored = await service.score(context, {
          model: body.model ?? undefined,
          texts,
          field: "input",
        });
        const values = body.use_activation === false ? scored.logits : scored.probabilities;
        return {
          id: `classify-${context.id}`,
          object: "list",
          created: Math.floor(Date.now() / 1000),
          model: scored.model,
          data: texts.map((_, index) => ({ index, ...classOf(scored, index, values) })),
          usage: usageOf(scored),
        };
      },
    ),
  );
}

/** `label` is the most probable one, and the only name that vLLM tells. */
function classOf(scored: Scored, text: number, values: Float32Array) {
  const row = rowOf(scored, text);
  const probs = Array.from(rowOf(scored, text, values));
  const best = row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);
  return {
    label: scored.labels[best]!,
    probs,
    num_classes: probs.length,
    labels: givenLabels(scored, row),
    scores: byLabel(scored, probs),
    thresholds: byLabel(scored, scored.thresholds),
  };
}

function usageOf({ tokens }: Scored) {
  const read = tokens.read.reduce((sum, count) => sum + count, 0);
  const cut = tokens.cut.reduce((sum, count) => sum + count, 0);
  return {
    prompt_tokens: read,
    total_tokens: read,
    completion_tokens: 0,
    prompt_tokens_details: null,
    cut_tokens: cut,
  };
}
