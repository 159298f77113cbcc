// A failure on the page, which is repeated by itself where that helps.
import { element } from "./elements.js";
import { Failure, noticeOf } from "./failure.js";

/** A place for a failure; empty and hidden as long as there is none. */
export class NoticePlace {
  readonly node = element("div", { class: "notice", role: "alert", hidden: true });
  #timer: number | undefined;

  clear(): void {
    clearTimeout(this.#timer);
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Shows what was thrown. `again` is called when the server said, or when the button is pressed. */
  show(error: unknown, again: () => void): void {
    this.clear();
    const failure = error instanceof Failure ? error : new Failure("unexpected", String(error));
    const { title, advice } = noticeOf(failure);
    const retry = () => {
      this.clear();
      again();
    };
    this.node.append(
      element("div", {}, element("strong", {}, title), element("p", {}, advice)),
      element("button", { type: "button", class: "quiet", click: retry }, "Try now"),
    );
    this.node.dataset.kind = failure.kind;
    this.node.hidden = false;
    if (failure.retryAfter !== undefined) this.#timer = setTimeout(retry, Math.max(failure.retryAfter, 250));
  }
}
