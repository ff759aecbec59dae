// Once a run: what the tests load (the shipped output; the sources as they are, in one script), and the real house.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { findMissing, startHouse } from "./house.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

export async function setup({ provide }) {
  await prepare();
  const missing = findMissing();
  if (missing && process.env.CI) {
    throw new Error(missing);
  }
  const house = missing ? undefined : await startHouse();
  provide("house", house ? { url: house.url, wechat: house.wechat } : { missing });
  return () => house?.stop();
}

async function prepare() {
  if (!existsSync(`${root}miniprogram_dist/index.js`)) {
    execFileSync(process.execPath, [`${root}build.mjs`], { stdio: "inherit" });
  }
  await build({
    entryPoints: [`${root}src/index.ts`],
    outfile: `${root}../.cache/sdk/source.js`,
    bundle: true,
    format: "cjs",
    target: "esnext",
    platform: "neutral",
    define: { __VERSION__: '"0.0.0-source"' },
    logLevel: "warning",
  });
  const shipped = readFileSync(`${root}miniprogram_dist/index.js`, "utf8");
  const converted = await transform(shipped, { target: "es2015", format: "cjs" });
  writeFileSync(`${root}../.cache/sdk/converted.js`, converted.code);
}
