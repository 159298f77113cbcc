// Values as they are typed on the command line, so that a message or a report can give a command that works as it stands.

/** Names in a list with commas: quoted as in CSV where they hold anything but a plain word. The command line reads them so. */
export function typedNames(names: readonly string[]): string {
  return names.map(typedName).join(",");
}

/** `learningRate` as `learning-rate`. */
export function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Options as arguments: `{ maxLength: 128, ema: false }` as `--max-length 128 --no-ema`; a hierarchy of labels as `upper>lower`. */
export function typedOptions(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([option, value]) => {
    const name = flagName(option);
    if (typeof value === "boolean") return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}`, typedValue(value)];
  });
}

/** An argument for a shell, in quotes where it needs them. */
export function shellQuoted(argument: string): string {
  return /^[\w.,:=/@+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function typedValue(value: unknown): string {
  if (Array.isArray(value)) return typedNames(value.map(String));
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) =>
      typeof one === "string" ? `${typedName(one)}>${typedName(name)}` : `${typedName(name)}=${one}`,
    )
    .join(",");
}

function typedName(name: string): string {
  return /[",>\n\r]|^\s|\s$|^\[|^$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
