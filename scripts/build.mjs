// npm run build: compiles src to dist, takes away what no source stands behind any more, puts the description of each
// option where an editor shows it, and bundles what is published.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "./bundle.mjs";
import { localBin, main, root } from "./steps.mjs";

const dist = join(root, "dist");
const bundle = join(dist, "bundle");

await main(async () => {
  rmSync(bundle, { recursive: true, force: true });
  localBin("tsc", "-p", "tsconfig.build.json");
  removeStale();
  await describeOptions();
  await writeBundle(dist, bundle);
});

/** What a renamed source left behind would be published with the rest. */
function removeStale() {
  const suffix = /(\.d\.ts|\.js)$/;
  for (const name of readdirSync(dist, { recursive: true })) {
    const source = join(root, "src", name.replace(suffix, ".ts"));
    if (suffix.test(name) && !existsSync(source)) rmSync(join(dist, name));
  }
}

/**
 * Options are described once, in their schema, which the command line reads at run time. Types made from a schema know
 * nothing of that, so the declarations get the same words as comments: editors and docs/api show those.
 */
async function describeOptions() {
  const schemas = await import(join(dist, "options.js"));
  const file = join(dist, "options.d.ts");
  let shape = {};
  const described = readFileSync(file, "utf8").replace(
    /^export declare const (\w+)|^ {4}(\w+): z\./gm,
    (line, schema, name) => {
      if (schema) shape = schemas[schema].shape ?? {}; // some are no schemas
      if (schema || !shape[name]) return line;
      const { description, defaultValue } = describe(shape[name]);
      const fallback = defaultValue === undefined ? "" : `     *\n     * @defaultValue \`${defaultValue}\`\n`;
      return `    /**\n     * ${description}\n${fallback}     */\n${line}`;
    },
  );
  writeFileSync(file, described);
}

function describe(option) {
  const { description } = option;
  if (!description) throw new Error("src/options.ts: every option needs a description");
  const sentence = `${description[0].toUpperCase()}${description.slice(1)}.`;
  return { description: sentence, defaultValue: JSON.stringify(option.parse(undefined)) };
}
