// Elements of the page. Texts and label names come from anywhere: they become text nodes, never markup.

type Child = Node | string | false | null | undefined;
type Attributes = Readonly<Record<string, string | boolean | EventListener>>;

/** An HTML element: `true` sets an attribute, `false` leaves it out, a function listens to the event of that name. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (typeof value === "string") made.setAttribute(name, value);
    else made.toggleAttribute(name, value);
  }
  made.append(...children.filter((child): child is Node | string => child !== false && child != null));
  return made;
}

/** The element of the page's own markup with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} called ${id}`);
  return found;
}

let ids = 0;

/** An id that no other element has. */
export function freshId(): string {
  ids++;
  return `made-${ids}`;
}

/** `1 text`, `2 texts`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
