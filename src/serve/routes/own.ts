// Our own protocol: everything that is known of a prediction.
import { z } from "zod";
import type { RequestContext } from "../context.js";
import { type Operation, post } from "../operation.js";
import { byLabel, predictionsOf, type Scored } from "../scored.js";
import type { Service } from "../service.js";
import { answerStream, isStream } from "./stream.js";

const predictBody = z.strictObject({
  model: z.string().optional().describe("name of the model (default: the first)"),
  texts: z.union([z.string(), z.array(z.string())]).describe("a text, or several"),
  truncate: z
    .boolean()
    .default(true)
    .describe("cut texts that are longer than the model reads; false refuses them"),
  windows: z
    .boolean()
    .optional()
    .describe(
      "texts that are longer than the model reads at once: true reads them whole, in windows, false cuts them (default: as the model was trained)",
    ),
  explain: z.string().optional().describe("label whose score is explained, token by token"),
});

export function ownOperations(service: Service): Operation[] {
  const predict = post(
    {
      path: "/v1/predict",
      protocol: "own",
      summary: "Classify texts; with application/x-ndjson a stream of them",
      body: predictBody,
    },
    async ({ body, context }) => {
      const texts = [body.texts].flat();
      const scored = await service.score(context, { ...body, texts, field: "texts" });
      return {
        model: scored.model,
        thresholds: byLabel(scored, scored.thresholds),
        predictions: predictionsOf(scored).map((prediction, i) => ({
          ...prediction,
          ...(scored.explanations && { explanation: scored.explanations[i] }),
        })),
        timings: timingsOf(scored, context),
      };
    },
  );
  return [
    {
      ...predict,
      handle: (request, reply) =>
        isStream(request) ? answerStream(service, request, reply) : predict.handle(request, reply),
    },
  ];
}

/** Where the time went, in milliseconds. */
function timingsOf({ times }: Scored, { arrived }: RequestContext): Record<string, number> {
  return { ...times, total: performance.now() - arrived };
}
