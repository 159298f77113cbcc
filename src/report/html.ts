// HTML from templates in which every value is escaped, so that no text or label name can become markup.

/** HTML that is safe to put into a page as it is. */
export class Html {
  /** The markup. */
  readonly markup: string;

  /** `markup` is trusted: give it nothing that a user wrote. */
  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

/** What a template takes: lists are joined, nothing is shown for `null`, `undefined` and `false`. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Markup with its values escaped, unless they are {@link Html} themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.reduce((markup, part, i) => markup + render(values[i - 1]) + part));
}

function render(value: Content): string {
  if (value instanceof Html) return value.markup;
  if (typeof value === "object" && value !== null) return value.map(render).join("");
  return value === null || value === undefined || value === false ? "" : escapeText(String(value));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as HTML shows it, in elements and in quoted attributes. Control characters, which HTML forbids, become U+FFFD. */
function escapeText(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => entities[character]!)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "\ufffd")
  );
}
