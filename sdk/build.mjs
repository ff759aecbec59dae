// Builds miniprogram_dist/ (what WeChat's builder copies) and dist/ (for bundlers and Node), and judges the result:
// its size, and nothing in it that a mini program's engine lacks.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { findForbidden } from "./scripts/forbidden.mjs";

const MOST = 6 * 1024; // bytes, gzipped
const here = new URL(".", import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(`${here}package.json`, "utf8"));
const common = {
  entryPoints: [`${here}src/index.ts`],
  bundle: true,
  define: { __VERSION__: JSON.stringify(version) },
  logLevel: "warning",
  legalComments: "none",
};

for (const folder of ["dist", "miniprogram_dist"]) {
  rmSync(here + folder, { recursive: true, force: true });
}
// Names of the SDK's own, shortened: none of them is public, stored, sent, or wx's.
const INNER =
  /^(toUrl|isTrusted|enter|refused|rotate|leave|isAlive|accepted|askCode|logins|origins|sealed|signed|giveUp|guard|ask|read|write|wait)$/;
await build({
  ...common,
  entryPoints: [`${here}src/main.ts`],
  logOverride: { "commonjs-variable-in-esm": "silent" },
  outfile: `${here}miniprogram_dist/index.js`,
  format: "cjs",
  target: "es2018",
  platform: "neutral",
  charset: "utf8",
  minify: true,
  mangleProps: INNER,
});
for (const [folder, format, type] of [
  ["esm", "esm", "module"],
  ["cjs", "cjs", "commonjs"],
]) {
  const out = `${here}dist/${folder}`;
  await build({
    ...common,
    outfile: `${out}/index.js`,
    format,
    target: "es2018",
    platform: "neutral",
    charset: "utf8",
  });
  mkdirSync(out, { recursive: true });
  writeFileSync(`${out}/package.json`, `${JSON.stringify({ type, sideEffects: false })}\n`);
}
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const declare = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--outDir", `${here}dist/esm`];
execFileSync(process.execPath, [tsc, "-p", here, ...declare], { stdio: "inherit" });
for (const name of readdirSync(`${here}dist/esm`).filter((file) => file.endsWith(".d.ts"))) {
  copyFileSync(`${here}dist/esm/${name}`, `${here}dist/cjs/${name}`);
}

const code = readFileSync(`${here}miniprogram_dist/index.js`, "utf8");
const size = gzipSync(code, { level: 9 }).length;
const found = findForbidden(code);
process.stdout.write(
  `menjin ${version}: miniprogram_dist/index.js ${code.length} bytes, ${size} gzipped (at most ${MOST})\n`,
);
if (size > MOST || found.length > 0) {
  throw new Error(found.length ? `not allowed in a mini program: ${found.join(", ")}` : "too large");
}
