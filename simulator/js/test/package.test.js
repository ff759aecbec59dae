import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, test } from "vitest";

const HOME = new URL("../", import.meta.url);
const manifest = JSON.parse(await readFile(new URL("package.json", HOME), "utf8"));

/** Every module that one of the sources reaches. @param {string} entry */
async function reached(entry, found = new Map()) {
  const source = await readFile(new URL(`src/${entry}`, HOME), "utf8");
  const imports = [...source.matchAll(/^(?:import|export)\b[^"']*?from "([^"]+)";$/gm)].map((match) => match[1] ?? "");
  found.set(entry, imports);
  for (const name of imports.filter((one) => one.startsWith("./"))) {
    if (!found.has(name.slice(2))) await reached(name.slice(2), found);
  }
  return found;
}

test("nothing is needed at run time, and in a browser nothing but files of its own, named in full", async () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.peerDependencies).toBeUndefined();
  const browser = [...(await reached("browser.js")).values()].flat();
  expect(browser.length).toBeGreaterThan(20);
  expect(browser.filter((name) => !/^\.\/[\w-]+\.js$/.test(name))).toEqual([]);
  // The control: the same look at Node's entry does find what a browser does not have.
  const node = [...(await reached("index.js")).values()].flat();
  expect(node).toContain("node:http");
});

test("in a browser's place it works with a browser's things alone", async () => {
  const source = await readFile(new URL("dist/browser.cjs", HOME), "utf8");
  const module = { exports: /** @type {any} */ ({}) };
  const asked = /** @type {string[]} */ ([]);
  const answer = { statusCode: 200, header: {}, cookies: [], dataBase64: "eyJhIjoxfQ==", errMsg: "request:ok" };
  const fetch = async (/** @type {string} */ url) => {
    asked.push(url);
    return { status: 200, headers: new Map(), json: async () => answer };
  };
  const window = { setTimeout, clearTimeout, fetch, AbortController, TextEncoder, TextDecoder, URL, console, module };
  vm.runInNewContext(source, window);
  const wx = module.exports.createWx({ simulator: "http://here" });
  const result = await new Promise((complete) => wx.request({ url: "https://api.example.com/x", complete }));
  expect(result).toMatchObject({ data: { a: 1 }, statusCode: 200, errMsg: "request:ok" });
  expect(asked).toEqual(["http://here/_wx/wxde30000000000001/ming/request?device=d1"]);
});

test("CommonJS gets the same", async () => {
  const wxsim = createRequire(import.meta.url)("wxsim");
  expect(Object.keys(wxsim).sort()).toEqual(["createWx", "startWxsim"]);
  expect(wxsim.createWx().getAccountInfoSync().miniProgram.appId).toBe("wxde30000000000001");
});

test("the published package is whole and in order", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "wxsim-pack-"));
  try {
    execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: HOME });
    const [tarball = ""] = await readdir(folder);
    execFileSync("tar", ["-xzf", join(folder, tarball), "-C", folder]);
    const files = await readdir(join(folder, "package"), { recursive: true });
    for (const file of [
      "README.md",
      "README.zh-CN.md",
      "src/index.js",
      "src/wx.d.ts",
      "dist/index.cjs",
      "dist/wx.d.cts",
    ]) {
      expect(files).toContain(file);
    }
    const { messages, pkg } = await publint({ pkgDir: join(folder, "package"), pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("no source file is long", async () => {
  const names = (await readdir(new URL("src/", HOME))).filter((name) => /\.(js|d\.ts)$/.test(name));
  const lengths = await Promise.all(
    names.map(async (name) => (await readFile(new URL(`src/${name}`, HOME), "utf8")).split("\n").length),
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(400);
  expect(lengths.sort((one, two) => one - two)[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(140);
});
