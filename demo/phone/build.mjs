// Builds the browser phone: the mini program in ../miniprogram, its runtime and the page around it become three files
// that the demo serves as they are. Node is needed here only. Usage: node build.mjs [folder] (default: the package data
// of wxsim). Equal sources make equal bytes: scripts/check compares.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { readProgram } from "./program.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const OUT = path.resolve(process.argv[2] ?? path.join(HERE, "../../simulator/src/wxsim/browser"));
const PROGRAM = path.join(HERE, "../miniprogram");

const program = await readProgram(PROGRAM);
for (const warning of program.warnings) process.stderr.write(`build-demo: ${warning}\n`);

/** Lets the runtime import the mini program as the module `mini-program`. */
const miniProgram = {
  name: "mini-program",
  setup(build) {
    build.onResolve({ filter: /^mini-program$/ }, () => ({ path: "program", namespace: "mini-program" }));
    build.onLoad({ filter: /.*/, namespace: "mini-program" }, () => ({ contents: program.code, loader: "js" }));
    build.onResolve({ filter: /^mini-program\.css$/ }, () => ({ path: "program.css", namespace: "mini-program-css" }));
    build.onLoad({ filter: /.*/, namespace: "mini-program-css" }, () => ({ contents: program.css, loader: "css" }));
  },
};

await esbuild.build({
  absWorkingDir: HERE,
  entryPoints: { phone: "src/main.ts" },
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2020", "chrome100", "safari15", "firefox100"],
  charset: "utf8",
  legalComments: "none",
  plugins: [miniProgram],
  logLevel: "warning",
});
fs.copyFileSync(path.join(HERE, "src/index.html"), path.join(OUT, "index.html"));
