// What those ask who run the server: whether it works, whether it wants requests, what it has done; and what they tell it.
import { z } from "zod";
import { messageOf, TagformerError } from "../../base/errors.js";
import { ServeError } from "../errors.js";
import { get, type Operation, post } from "../operation.js";
import type { Service } from "../service.js";

const reloadBody = z
  .strictObject({ model: z.string().optional().describe("name of a model (default: all)") })
  .optional();

export function operatingOperations(service: Service): Operation[] {
  const live = () => service.watchdog.isLive;
  const ready = () => service.isReady;
  const probe = (path: string, summary: string, isWell: () => boolean, answer: unknown) =>
    get({ path, protocol: "tei", summary, open: true }, () => answerProbe(isWell(), answer));
  return [
    probe("/health", "Whether the models compute", live, ""),
    probe("/health/live", "The same: what fails needs a new process", live, ""),
    probe("/health/ready", "Whether new requests are welcome", ready, ""),
    probe("/ping", "Whether the models compute, for SageMaker", live, ""),
    probe("/v2/health/live", "Whether the models compute", live, { live: true }),
    probe("/v2/health/ready", "Whether new requests are welcome", ready, { ready: true }),
    get(
      { path: "/metrics", protocol: "own", summary: "Metrics for Prometheus; ?names=te: under TEI's names" },
      async ({ request, reply }) => {
        const { names } = request.query as { names?: string };
        reply.type("text/plain; version=0.0.4; charset=utf-8");
        return await service.metrics.text(names === "te" ? "te" : "tagformer");
      },
    ),
    post(
      { path: "/admin/reload", protocol: "own", summary: "Load models anew", body: reloadBody, admin: true },
      async ({ body }) => {
        try {
          return { reloaded: await service.reload(body?.model) };
        } catch (error) {
          if (error instanceof ServeError) throw error;
          service.log.event("a model could not be loaded anew; the former one serves", error);
          const why = error instanceof TagformerError ? error.code : messageOf(error);
          throw new ServeError(
            "backend",
            `the new model could not be loaded (${why}); the former one serves`,
          );
        }
      },
    ),
  ];
}

/** @throws ServeError `unhealthy` */
export function answerProbe(isWell: boolean, answer: unknown): unknown {
  if (!isWell) throw new ServeError("unhealthy", "unhealthy");
  return answer;
}
