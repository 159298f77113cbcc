// The API key: asked for when the server wants one, and kept as long as the tab is open.
import { byId } from "./elements.js";
import { Failure } from "./failure.js";
import type { Server } from "./server.js";

const storageName = "tagformer-api-key";

/** The key that was entered in this tab before. */
export function rememberedKey(): string | undefined {
  return sessionStorage.getItem(storageName) ?? undefined;
}

export class KeyForm {
  readonly #server: Server;
  readonly #form = byId("key-form", HTMLFormElement);
  readonly #title = byId("key-title", HTMLElement);
  readonly #field = byId("key", HTMLInputElement);

  /** @param entered is called when there is a new key */
  constructor(server: Server, entered: () => void) {
    this.#server = server;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      server.useKey(this.#field.value);
      sessionStorage.setItem(storageName, this.#field.value);
      this.#form.hidden = true;
      entered();
    });
  }

  /** Shows the field where a failure says that a key is wanted, and whether it was one. */
  askAfter(failure: unknown): boolean {
    if (!(failure instanceof Failure) || failure.kind !== "key") return false;
    this.#title.textContent =
      this.#server.key === undefined ? "This server wants an API key" : "The server does not know this key";
    this.#form.hidden = false;
    this.#field.focus();
    this.#field.select();
    return true;
  }
}
