// The request of the page as code to copy.
import { byId } from "./elements.js";
import { type Call, type Language, languages, snippet } from "./snippets.js";
import { connectTabs } from "./tabs.js";

/** The card with the code; `show` keeps it in step with the page. */
export class CodeCard {
  readonly #code = byId("code", HTMLElement);
  readonly #copy = byId("copy", HTMLButtonElement);
  #language: Language = languages[0];
  #call: Call | undefined;

  constructor() {
    this.#code.tabIndex = 0; // long code scrolls
    connectTabs(byId("languages", HTMLElement), (tab) => {
      this.#language = languages.find((language) => language === tab.dataset.language) ?? languages[0];
      this.#write();
    });
    this.#copy.addEventListener("click", () => this.#copyCode());
  }

  show(call: Call): void {
    this.#call = call;
    this.#write();
  }

  #write(): void {
    if (this.#call !== undefined) this.#code.textContent = snippet(this.#language, this.#call);
  }

  async #copyCode(): Promise<void> {
    const code = this.#code.textContent ?? "";
    const copied = await navigator.clipboard?.writeText(code).then(
      () => true,
      () => false,
    );
    // Without https a browser gives no clipboard: what is selected can be copied by hand.
    if (!copied) getSelection()?.selectAllChildren(this.#code);
    this.#copy.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => {
      this.#copy.textContent = "Copy";
    }, 2000);
  }
}
