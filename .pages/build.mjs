// Builds ../gql_tasks/web/static: GraphiQL and Swagger UI, which then need no other host. To run it:
//
//     npm ci && node build.mjs
//
// The same lock file gives the same bytes. A file's name carries a hash of its content, so that browsers may keep it
// for ever; manifest.json says which name stands for what, THIRD_PARTY_LICENSES.txt what is in there on whose terms.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../gql_tasks/web/static");

const entries = {
  graphiql: "src/graphiql.jsx",
  "swagger-ui": "src/swagger.js",
  index: "src/index.css",
  "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
  "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
};

// Modules of dependencies that are larger than their use here, and who imports them: they get the module on the right.
const replacements = [
  [/^(monaco-graphql\/esm|\.)\/monaco-editor(\.js)?$/, /graphiql|monaco-graphql/, "src/monaco.js"],
  [/\/multiDiffEditorWidget\.js$|\/diffEditorWidget\.js$/, /standalone/, "src/diff-editor.js"],
  [/\/jsonc\.js$/, /@graphiql/, "src/jsonc.js"],
];

// Packages published without their licence's text: the bundled package whose text is the same.
const sameLicenceAs = {
  "@graphiql/plugin-doc-explorer": "graphiql", // one repository
  "@graphiql/plugin-history": "graphiql", // one repository
  "react-compiler-runtime": "react", // one repository
  "react-remove-scroll-bar": "react-remove-scroll", // one author
};

// What licence files do not say.
const remarks = {
  "monaco-editor":
    "Its icon font, codicon, is by Microsoft Corporation under the Creative Commons Attribution 4.0\n" +
    "International Public License: https://creativecommons.org/licenses/by/4.0/legalcode",
  "swagger-ui-dist":
    "It is itself a bundle of these packages, by its own account:\n" +
    readFileSync(join(here, "node_modules/swagger-ui-dist/log.bundle-sizes.swagger-ui.txt"), "utf8")
      .split("\n")
      .map((line) => line.split(": ")[0])
      .filter((name) => name && name !== "<self>")
      .sort()
      .map((name) => `  ${name}`)
      .join("\n"),
};

const lean = {
  name: "lean",
  setup({ onResolve, onEnd }) {
    const replaced = new Set();
    for (const [filter, importer, path] of replacements)
      onResolve({ filter }, (args) => {
        if (!importer.test(args.importer)) return undefined;
        replaced.add(path);
        return { path: join(here, path) };
      });
    onEnd(() => {
      const unused = replacements.filter(([, , path]) => !replaced.has(path)).map(([, , path]) => path);
      if (unused.length > 0) throw new Error(`nothing imports what ${unused} replaces any more`);
    });
  },
};

const { metafile, outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: Object.entries(entries).map(([out, path]) => ({ in: path, out })),
  outdir: out,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".ttf": "file" },
  alias: { "prettier/parser-graphql": "prettier/plugins/graphql" }, // the same plugin, twice
  format: "esm",
  bundle: true,
  splitting: true,
  minify: true,
  jsx: "automatic",
  target: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark() in CSS
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none", // THIRD_PARTY_LICENSES.txt has the texts whole
  plugins: [lean],
  metafile: true,
  write: false,
  logLevel: "warning",
});

// esbuild also makes chunks that only removed code would load, and a stylesheet for each lazily loaded chunk, whose rules
// graphiql.css has already. What is shipped is what the entries reach.
const reached = new Set();
const reach = (path) => {
  if (reached.has(path) || !(path in metafile.outputs)) return;
  reached.add(path);
  const { imports, cssBundle } = metafile.outputs[path];
  for (const { path } of imports) reach(path);
  if (cssBundle && !basename(path).startsWith("chunk-")) reach(cssBundle);
};
Object.keys(metafile.outputs).filter((path) => !basename(path).startsWith("chunk-")).forEach(reach);
const names = new Set([...reached].map((path) => basename(path)));

const favicon = readFileSync(join(here, "src/favicon.svg"));
const faviconHash = createHash("sha256").update(favicon).digest("hex").slice(0, 8).toUpperCase();
const files = new Map([
  ...outputFiles.map(({ path, contents }) => [basename(path), contents]).filter(([name]) => names.has(name)),
  [`favicon-${faviconHash}.svg`, favicon],
  ["THIRD_PARTY_LICENSES.txt", licences()],
]);

// A page knows its files by logical names; a chunk is known only to other files, and goes by its own name.
const logical = (name) => (name.startsWith("chunk-") ? name : name.replace(/-[A-Z0-9]{8}\./, "."));
const manifest = Object.fromEntries([...files.keys()].sort().map((name) => [logical(name), name]));
files.set("manifest.json", JSON.stringify(manifest, null, 2) + "\n");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [name, content] of files) writeFileSync(join(out, name), content);

const bytes = [...files.values()].map((content) => Buffer.from(content));
const kB = (sizes) => `${Math.round(sizes.reduce((sum, { length }) => sum + length, 0) / 1000)} kB`;
console.log(`${files.size} files, ${kB(bytes)}, ${kB(bytes.map((b) => gzipSync(b)))} gzipped`);

/** The terms of every package of which a byte was bundled, as one text. */
function licences() {
  const inputs = [...reached]
    .flatMap((path) => Object.entries(metafile.outputs[path].inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const packages = [...new Set(inputs)]
    .filter((directory) => directory !== undefined)
    .map((directory) => {
      const path = join(here, directory);
      return { path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
  const paths = new Map(packages.map(({ name, path }) => [name, path]));

  const texts = ({ name, path }) => {
    const source = sameLicenceAs[name] ? paths.get(sameLicenceAs[name]) : path;
    const found = readdirSync(source).filter((file) => /licen[cs]e|notice|copying/i.test(file)).sort();
    if (!found.some((file) => /^licen[cs]e/i.test(file))) throw new Error(`${name} has no licence file`);
    return found
      .filter((file) => !/^swagger-ui-(es|standalone)/.test(file)) // of bundles that are not used here
      .map((file) => readFileSync(join(source, file), "utf8"));
  };
  const line = "=".repeat(100);
  const section = (pkg) =>
    [line, `${pkg.name} ${pkg.version} (${pkg.license})`, line, remarks[pkg.name], ...texts(pkg)]
      .filter(Boolean)
      .map((text) => text.replaceAll("\r", "").trim())
      .join("\n\n");
  return [
    "The JavaScript, style and font files in this directory are built from these packages:",
    packages.map(({ name, version, license }) => `  ${name} ${version}: ${license}`).join("\n"),
    "The text of each one's licence follows, in the same order.",
    ...packages.map(section),
  ].join("\n\n") + "\n";
}
