// A classifier inside a fastify service that stops gracefully.
//
//   npm install tagformer fastify
//   node examples/fastify-service/server.mjs ./tickets-model [port]
//   curl -H 'content-type: application/json' -d '{"texts":["Where is my parcel?"]}' http://127.0.0.1:8080/classify
//
// On SIGTERM or Ctrl-C no new request is taken, those under way are answered, then the model is freed and the process
// ends by itself.
import fastify from "fastify";
import { Classifier } from "tagformer";

const [model, port = "8080"] = process.argv.slice(2);
const classifier = await Classifier.load(model);
const app = fastify({ bodyLimit: 1_000_000 });

const body = {
  type: "object",
  required: ["texts"],
  additionalProperties: false,
  properties: {
    texts: { type: "array", minItems: 1, maxItems: 256, items: { type: "string", maxLength: 10_000 } },
  },
};

// Requests may run at once: the model takes their texts in order, and the event loop stays free.
app.post("/classify", { schema: { body } }, async (request, reply) => {
  // A client that goes away takes what has not started yet with it.
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return { predictions: await classifier.predict(request.body.texts, { signal: gone.signal }) };
});

app.get("/health", () => ({ labels: classifier.labels }));

// Or a client's idle connection would hold the stop up until it times out.
app.addHook("onSend", async (_request, reply) => {
  if (!app.server.listening) reply.header("connection", "close");
});
app.addHook("onClose", () => classifier.dispose());
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => app.close());

console.log(`listening on ${await app.listen({ host: "127.0.0.1", port: Number(port) })}`);
