// Bundle Vega, Vega-Lite and the interpreter into one module, with the licences of all that is in it.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const OUT = "../../src/usage_report/ui/assets";

const { metafile } = await build({
  entryPoints: ["entry.js"],
  outfile: `${OUT}/vega.js`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  banner: { js: "/* Vega and its parts; licences: vega.LICENSES.txt; built by tools/vega. */" },
  metafile: true,
});

// Parts of the published bundle of d3-delaunay.
const EMBEDDED = ["node_modules/delaunator", "node_modules/robust-predicates"];
const folders = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]);
const licences = [...new Set([...folders.filter(Boolean), ...EMBEDDED])].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf-8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, "utf-8").trim()}\n`;
});
writeFileSync(`${OUT}/vega.LICENSES.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));
