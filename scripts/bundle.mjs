// The library and the command with most of what they import in a few files: Node takes a third of a millisecond for each file
// that it imports, and the library alone had 126 of ours and 114 of others (docs/lab-notes.md).
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

/** What a process opens at its start, and the threads that it starts. */
const entries = [
  "index",
  "serve",
  "cli/main",
  "base/digest-thread",
  "text/tokenizer-thread",
  "baseline/baseline-thread",
  "evaluation/evaluation-thread",
  "report/page-thread",
];

/** Packages that stay files of their own: one is native, and the others are opened when they are needed. */
const apart = ["tokenizers", "vega", "@huggingface/hub", "fastify", "prom-client"];

/** The modules that a user imports. */
const faces = ["index", "serve"];

/**
 * Writes the bundle of what was compiled to `dist`. Its chunks lie flat, because src/base/package.ts counts the folders
 * up to package.json.
 */
export async function writeBundle(dist, bundle) {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [basename(entry), join(dist, `${entry}.js`)])),
    platform: "node",
    external: apart,
  });
  const { output } = await build.write({ dir: bundle, chunkFileNames: "[name].js", banner: refuseBundlers });
  await build.close();
  writeFileSync(join(bundle, "LICENSES.txt"), licensesOf(output.flatMap(({ moduleIds }) => moduleIds ?? [])));
}

/** The page's style sheets in the order in which they hold. */
const styleSheets = ["base", "controls", "answers", "table", "readers"];

/** Writes the server's page for browsers, its modules in one file. */
export async function writePlayground(source, bundle) {
  const build = await rolldown({ input: { app: join(source, "main.ts") }, platform: "browser" });
  await build.write({ dir: bundle, entryFileNames: "[name].js" });
  await build.close();
  for (const file of ["app.html", "icon.svg"]) copyFileSync(join(source, file), join(bundle, file));
  const styles = styleSheets.map((name) => readFileSync(join(source, "style", `${name}.css`), "utf8"));
  writeFileSync(join(bundle, "app.css"), styles.join("\n"));
}

/**
 * Code at the top of a file of the bundle: it throws when another bundler has copied the file into a program. The library
 * finds its threads, its add-on and its native sources from where its files are, and would fail later and less clearly.
 */
function refuseBundlers({ fileName }) {
  const message =
    "tagformer was bundled into another file and cannot find its threads and its native add-on there. Keep tagformer external: --external:tagformer in esbuild, externals: { tagformer: 'tagformer' } in webpack (with output.module: 'module tagformer'), and install it in node_modules where the program runs";
  return `if (typeof __webpack_require__ !== "undefined" || !import.meta.url?.endsWith("/bundle/${fileName}")) throw new Error(${JSON.stringify(message)});`;
}

/**
 * Writes what a user's TypeScript and a CommonJS program find beside the bundle: the declarations of each in one file, once as an ES
 * module's and once as a CommonJS module's, because TypeScript's node16 and node18 let no CommonJS file import the former. Both
 * are the same module when they run: Node.js requires ES modules since 20.19.
 */
export async function writeDeclarations(dist, bundle, tsconfig) {
  for (const face of faces) {
    const input = join(dist, `${face}.d.ts`);
    const build = await rollup({ input, plugins: [dts({ tsconfig })], external: [/^node:/, ...apart] });
    const { output } = await build.generate({});
    await build.close();
    const declarations = output[0].code;
    writeFileSync(join(bundle, `${face}.d.ts`), declarations);
    writeFileSync(join(bundle, `${face}.d.cts`), declarations);
    writeFileSync(join(bundle, `${face}.cjs`), `module.exports = require("./${face}.js");\n`);
  }
}

/** The licenses of the packages that these files are from. */
function licensesOf(files) {
  const folders = new Set(
    files.flatMap((file) => file.match(/.*[/]node_modules[/](@[^/]+[/])?[^/]+/)?.[0] ?? []),
  );
  return [...folders]
    .toSorted()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
      if (!license) throw new Error(`${folder} has no license that could be published with its code`);
      return `${name} ${version}\n\n${readFileSync(join(folder, license), "utf8")}`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
