// What the server answers, as a page to read: the routes of the OpenAPI document.
import { html } from "../report/html.js";
import { renderPage } from "../report/page.js";
import { table } from "../report/parts.js";
import type { Protocol } from "./errors.js";
import type { Operation } from "./operation.js";

const titles: Readonly<Record<Protocol, string>> = {
  own: "tagformer",
  tei: "text-embeddings-inference",
  openai: "OpenAI, vLLM and SGLang",
  huggingface: "Hugging Face",
  oip: "Open Inference Protocol",
};

/** One HTML file without scripts. */
export function docsPage(operations: readonly Operation[]): string {
  const sections = Object.entries(titles).map(([protocol, title]) => ({
    title,
    content: [
      table(
        title,
        [{ title: "route" }, { title: "what it does" }],
        operations
          .filter((operation) => operation.protocol === protocol)
          .map(({ method, path, summary }) => [`${method} ${path}`, summary]),
      ),
    ],
  }));
  const details = html`<p>Bodies and answers are described in the <a href="openapi.json">OpenAPI document</a>.</p>`;
  return renderPage({
    title: "tagformer's routes",
    subtitle: "Models behind HTTP, in the protocols of clients that exist",
    sections: [{ title: "In detail", content: [details] }, ...sections],
  });
}
