// Builds ./bundles: each client with its driver in one file, so that the tests need Node and no packages. To run it:
//
//     npm ci && node build.mjs
//
// The same lock file gives the same bytes. THIRD_PARTY_LICENSES.txt says what is in there on whose terms.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "bundles");

const common = {
  absWorkingDir: here,
  outdir: out,
  outExtension: { ".js": ".mjs" },
  format: "esm",
  bundle: true,
  minify: true,
  target: "es2022",
  define: {
    "process.env.NODE_ENV": '"production"',
    "process.env.WS_NO_BUFFER_UTIL": "1", // ws's native helpers are other packages
    "process.env.WS_NO_UTF_8_VALIDATE": "1",
  },
  legalComments: "none", // THIRD_PARTY_LICENSES.txt has the texts whole
  metafile: true,
  write: false,
  logLevel: "warning",
};
const builds = [
  await build({
    ...common,
    entryPoints: ["graphql-ws", "graphql-sse", "apollo", "urql"].map((name) => `src/${name}.mjs`),
    // Not "node", for which rxjs and graphql name CommonJS, of which nothing can be left out.
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["module", "es2015"],
    external: ["node:*", ...builtinModules],
    // ws is CommonJS, which asks for Node's own modules by `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  }),
  await build({ ...common, entryPoints: ["src/live_tasks.mjs"], platform: "browser" }),
];

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
for (const { path, contents } of builds.flatMap(({ outputFiles }) => outputFiles)) {
  writeFileSync(path, contents);
  console.log(`${basename(path)}: ${Math.round(contents.length / 1000)} kB`);
}
writeFileSync(join(out, "THIRD_PARTY_LICENSES.txt"), licences());

/** The terms of every package of which a byte was bundled, as one text. */
function licences() {
  const inputs = builds
    .flatMap(({ metafile }) => Object.values(metafile.outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const packages = [...new Set(inputs)]
    .filter((directory) => directory !== undefined)
    .map((directory) => {
      const path = join(here, directory);
      return { path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const paths = new Map(packages.map(({ name, path }) => [name, path]));
  // Published without their licence's text: the bundled package, of the same repository, whose text is theirs.
  const sameLicenceAs = { "@wry/context": "@wry/equality", "@wry/trie": "@wry/equality" };

  const text = ({ name, path }) => {
    const source = paths.get(sameLicenceAs[name]) ?? path;
    const file = readdirSync(source).find((file) => /^licen[cs]e/i.test(file));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return readFileSync(join(source, file), "utf8").replaceAll("\r", "").trim();
  };
  const line = "=".repeat(100);
  const named = ({ name, version, license }) => `${name} ${version} (${license})`;
  return [
    "The files in this directory are built from these packages:",
    packages.map((pkg) => `  ${named(pkg)}`).join("\n"),
    "The text of each one's licence follows, in the same order.",
    ...packages.map((pkg) => [line, named(pkg), line, text(pkg)].join("\n\n")),
  ].join("\n\n") + "\n";
}
