// The types of options as an editor and the API reference show them. In src they are derived from their schemas; in dist each becomes
// an interface that says of every option what its schema says: `z.input<typeof trainingOptions>` means nothing to a reader,
// and declarations that name zod would make it a matter of the user's TypeScript, too.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const absoluteImport = /import\("(\/[^"]+)"\)/g; // what the compiler writes for a type of another file
const derived = /\bz\.(?:input|output)<typeof (\w+)>/;

/** Rewrites the declarations in `dist` that derive types from schemas. */
export async function writeOptionTypes(dist) {
  const files = readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith(".d.ts") && !name.startsWith("bundle"))
    .map((name) => join(dist, name))
    .filter((file) => derived.test(readFileSync(file, "utf8")));
  if (files.length === 0) return; // nothing was compiled anew
  const program = ts.createProgram(files, {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ["node"],
  });
  for (const file of files) {
    const schemas = await import(pathToFileURL(file.replace(/\.d\.ts$/, ".js")));
    writeFileSync(file, withInterfaces(program, program.getSourceFile(file), schemas));
  }
}

function withInterfaces(program, source, schemas) {
  let text = source.text;
  const aliases = source.statements.filter(
    (statement) => ts.isTypeAliasDeclaration(statement) && derived.test(statement.type.getText(source)),
  );
  for (const alias of aliases.toReversed()) {
    const schema = schemas[derived.exec(alias.type.getText(source))[1]];
    if (!schema?.shape) continue; // not exported, or no object
    const declaration = interfaceOf(program.getTypeChecker(), alias, schema);
    text = text.slice(0, alias.getStart(source)) + declaration + text.slice(alias.end);
  }
  return text;
}

function interfaceOf(checker, alias, schema) {
  const type = checker.getTypeAtLocation(alias.name);
  const members = Object.entries(schema.shape).map(([name, option]) => {
    const property = checker.getPropertyOfType(type, name);
    if (!property) return ""; // a type that leaves some out
    const optional = property.flags & ts.SymbolFlags.Optional ? "?" : "";
    const written = typeText(checker, checker.getTypeOfSymbol(property), alias);
    return `${comment(option)}    ${name}${optional}: ${written};\n`;
  });
  const parameters = alias.typeParameters?.map((parameter) => parameter.getText()).join(", ");
  return `export interface ${alias.name.text}${parameters ? `<${parameters}>` : ""} {\n${members.join("")}}`;
}

/**
 * Every union is sorted, and properties stand in the schema's order: the compiler orders both by what it happened to read
 * first, which differs between a build of everything and one of what changed.
 */
function typeText(checker, type, alias) {
  const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
  const text = checker.typeToString(type, alias, flags).replace(absoluteImport, (_, path) => {
    const from = relative(dirname(alias.getSourceFile().fileName), path);
    return `import("${from.startsWith(".") ? from : `./${from}`}.js")`;
  });
  const source = ts.createSourceFile("option.ts", `type Option = ${text};`, ts.ScriptTarget.ES2023, true);
  return sorted(source.statements[0].type, source).trim();
}

/** The text of a type in which the members of every union, however deep, stand in the order of their texts. */
function sorted(node, source) {
  const children = [];
  node.forEachChild((child) => void children.push(child));
  if (ts.isUnionTypeNode(node)) {
    const members = children.map((child) => sorted(child, source).trim());
    return members.sort((a, b) => (a === "undefined") - (b === "undefined") || (a < b ? -1 : 1)).join(" | ");
  }
  let text = "";
  let at = node.getStart(source);
  for (const child of children) {
    text += source.text.slice(at, child.getStart(source)) + sorted(child, source);
    at = child.end;
  }
  return text + source.text.slice(at, node.end);
}

function comment(option) {
  const { description } = option;
  if (!description) return "";
  const { success, data } = option.safeParse(undefined);
  const fallback = success && data !== undefined ? [`@defaultValue \`${JSON.stringify(data)}\``] : [];
  const sentence = `${description[0].toUpperCase()}${description.slice(1)}.`;
  const lines = [sentence, ...(fallback.length > 0 ? ["", ...fallback] : [])];
  return `    /**\n${lines.map((line) => `     * ${line}`.trimEnd()).join("\n")}\n     */\n`;
}
