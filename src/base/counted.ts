/** A number of things as a sentence says it: `1 row`, `1,200 rows`. */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? thing : things}`;
}
