// Makes the CommonJS twin in dist/ from the ES modules in src/, which themselves need no build.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL("./", import.meta.url).pathname;
await mkdir(`${here}dist`, { recursive: true });
for (const entry of ["index", "browser"]) {
  await build({
    entryPoints: [`${here}src/${entry}.js`],
    outfile: `${here}dist/${entry}.cjs`,
    bundle: true,
    format: "cjs",
    platform: entry === "index" ? "node" : "browser",
    target: "es2022",
    logLevel: "warning",
  });
}
for (const name of ["index", "browser", "wx", "results"]) {
  const types = await readFile(`${here}src/${name}.d.ts`, "utf8");
  await writeFile(`${here}dist/${name}.d.cts`, types.replace(/"\.\/(\w+)\.js"/g, '"./$1.cjs"'));
}
