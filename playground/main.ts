// Starts the page: asks for the models, and connects its parts.
import { BatchView } from "./batch-view.js";
import { byId, count } from "./elements.js";
import { KeyForm, rememberedKey } from "./key-form.js";
import { NoticePlace } from "./notice.js";
import { Server } from "./server.js";
import { connectTabs } from "./tabs.js";
import { TextView } from "./text-view.js";

const server = new Server(new URL(".", location.href), rememberedKey());
const state = byId("server-state", HTMLElement);
const spoken = byId("spoken", HTMLElement);
const notice = new NoticePlace();
byId("notice", HTMLElement).append(notice.node);

const keyForm = new KeyForm(server, () => start());
const failed = (failure: unknown) => void keyForm.askAfter(failure);
const textView = new TextView(server, {
  failed,
  answered: (sentence) => {
    spoken.textContent = sentence;
  },
});
const batchView = new BatchView(server, failed);

connectTabs(byId("views", HTMLElement));
acceptFiles();
await start();

async function start(): Promise<void> {
  notice.clear();
  try {
    const models = await server.models();
    textView.setModels(models);
    batchView.setModels(models);
    const [only] = models;
    state.textContent = models.length === 1 && only !== undefined ? only.id : count(models.length, "model");
    state.classList.add("ready");
  } catch (failure) {
    const wantsKey = keyForm.askAfter(failure);
    state.textContent = wantsKey ? "key wanted" : "no answer";
    state.classList.remove("ready");
    if (!wantsKey) notice.show(failure, start);
  }
}

/** A file may be dropped anywhere on the page. */
function acceptFiles(): void {
  let depth = 0; // dragging over an inner element enters it before it leaves the outer one
  const highlight = () => document.body.classList.toggle("dropping", depth > 0);
  addEventListener("dragenter", () => {
    depth++;
    highlight();
  });
  addEventListener("dragleave", () => {
    depth--;
    highlight();
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    highlight();
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    byId("batch-tab", HTMLElement).click();
    batchView.open(file);
  });
}
