// How wide a name will be in a picture that is laid out before anybody knows the reader's font, and what of it fits.

/** Widths in ems: of most letters, and of what fills a square, such as Han characters and emoji. */
const narrowEm = 0.65;
const wideEm = 1.1;
/** The first character (Hangul's) after the scripts of narrow letters. */
const firstWide = 0x1100;

/**
 * Width in pixels, rather too much than too little. It stands in for Vega's own guess, 0.8 ems for each of UTF-16's units:
 * that leaves a quarter of a phone's width empty beside names of Latin letters, and too little for others.
 */
export function textWidth({ fontSize = 11 }: { readonly fontSize?: number }, text: unknown): number {
  let ems = 0;
  for (const character of String(text ?? "")) ems += widthOf(character);
  return ems * fontSize;
}

/** The beginning of a name that fits into so many ems, with an ellipsis where something is missing. */
export function shortName(name: string, ems: number): string {
  const characters = [...name];
  let width = 0;
  const end = characters.findIndex((character) => {
    width += widthOf(character);
    return width > ems;
  });
  return end < 0 ? name : `${characters.slice(0, Math.max(1, end - 1)).join("")}…`;
}

function widthOf(character: string): number {
  return character.codePointAt(0)! < firstWide ? narrowEm : wideEm;
}
