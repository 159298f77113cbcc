/** A count with its thousands apart: `1,200`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A number of things as a sentence says it: `1 row`, `1,200 rows`. */
export function counted(value: number, thing: string, things = `${thing}s`): string {
  return `${count(value)} ${value === 1 ? thing : things}`;
}
