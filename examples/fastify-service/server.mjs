// The routes of `tagformer serve` inside of a fastify server of your own, beside its other routes.
//
//   npm install tagformer fastify
//   node examples/fastify-service/server.mjs ./tickets-model [port]
//   curl -H 'content-type: application/json' -d '{"texts":["Where is my parcel?"]}' http://127.0.0.1:8080/classifier/v1/predict
//
// A browser finds the playground at http://127.0.0.1:8080/classifier/. On SIGTERM or Ctrl-C no new request is taken, those
// under way are answered, then the model is freed and the process ends by itself.
import fastify from "fastify";
import { tagformerPlugin } from "tagformer/serve";

const [model, port = "8080"] = process.argv.slice(2);
const app = fastify();

await app.register(tagformerPlugin, { prefix: "/classifier", models: { tickets: model } });
app.get("/", () => ({ classifier: "/classifier/" }));

// The library installs no signal handlers: what a signal does is yours to say.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => app.close());

console.log(`listening on ${await app.listen({ host: "127.0.0.1", port: Number(port) })}`);
