// Tabs that follow the arrow keys, as the ARIA authoring practices describe them.

/**
 * Makes the buttons of a `role="tablist"` show the panels that their `aria-controls` name; several may share one.
 *
 * @param chosen is called with the tab that was chosen
 */
export function connectTabs(list: HTMLElement, chosen: (tab: HTMLElement) => void = () => {}): void {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const choose = (tab: HTMLElement) => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", `${other === tab}`);
      other.tabIndex = other === tab ? 0 : -1;
      panelOf(other).hidden = true;
    }
    panelOf(tab).hidden = false;
    chosen(tab);
  };
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  list.addEventListener("keydown", (event) => {
    const place = tabs.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (place < 0 || next === undefined) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length]!;
    tab.focus();
    choose(tab);
  });
}

function panelOf(tab: HTMLElement): HTMLElement {
  const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
  if (panel === null) throw new Error(`the tab ${tab.textContent} has no panel`);
  return panel;
}
