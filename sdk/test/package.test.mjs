// What is shipped: its size and syntax, its entries, its table of codes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, it } from "vitest";
import { wanted } from "../scripts/codes.mjs";
import { findForbidden } from "../scripts/forbidden.mjs";
import { makePhone, TinyMenjin } from "./support/tiny.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (name) => readFileSync(root + name, "utf8");
const manifest = JSON.parse(read("package.json"));

it("is one file of at most 6 KB for a mini program, in what its engine knows", () => {
  const code = read("miniprogram_dist/index.js");
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(6144);
  expect(findForbidden(code)).toEqual([]);
  expect(code).not.toMatch(/\bDate\b|performance/); // the phone's clock may be wrong by hours: it is never asked
});

it.each([
  ["eval('1')", "eval"],
  ["new Function('1')()", "Function"],
  ["new Proxy({}, {})", "Proxy"],
  ["class A { b = 1 }", "class field"],
  ["class A { static b = 1 }", "class field"],
  ["a?.b", "optional chaining"],
  ["a?.()", "optional chaining"],
  ["a ?? b", "?? or a logical assignment"],
  ["a ||= b", "?? or a logical assignment"],
  ["window.x", "window"],
  ["process.env", "process"],
  ["new URL('x')", "URL"],
  ["fetch('x')", "fetch"],
  ["try { a() } catch { b() }", "catch without a binding"],
  ["async () => { for await (const a of b) {} }", "for await"],
  ["1n", "BigInt"],
  ["import('a')", "import()"],
  ["/(?<=a)b/", "a newer regular expression"],
])("would be stopped by %s", (code, fault) => {
  expect(findForbidden(code)).toContain(fault);
});

it("does not take a property's or a key's name for a global", () => {
  expect(findForbidden("a.process; ({ URL: 1, fetch() {} }); 'window'")).toEqual([]);
});

it("depends on nothing", () => {
  expect([manifest.dependencies, manifest.peerDependencies]).toEqual([undefined, undefined]);
  expect(manifest.miniprogram).toBe("miniprogram_dist");
});

it("is a package without a fault to publint", async () => {
  const { messages } = await publint({ pkgDir: root, strict: true });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
});

it("gives the same three things by import, by require and to a mini program", async () => {
  const require = createRequire(import.meta.url);
  const names = ["MenjinError", "createMenjin", "isMenjinError"];
  expect(Object.keys(await import("../dist/esm/index.js")).sort()).toEqual(names);
  expect(
    Object.keys(require("../dist/cjs/index.js"))
      .filter((name) => name !== "__esModule")
      .sort(),
  ).toEqual(names);
  expect(Object.keys(require("../miniprogram_dist/index.js")).sort()).toEqual(names);
});

it("has the same methods shipped as in its sources", async () => {
  const { wx } = makePhone(new TinyMenjin());
  const require = createRequire(import.meta.url);
  const open = ({ createMenjin }) => createMenjin({ baseURL: "https://api.example.com", platform: wx });
  const [shipped, plain] = [open(require("../miniprogram_dist/index.js")), open(await import("../dist/esm/index.js"))];
  expect(Object.keys(shipped).sort()).toEqual(Object.keys(plain).sort());
  expect(Object.keys(shipped.privacy).sort()).toEqual(Object.keys(plain.privacy).sort());
});

it("knows every code of contract/errors.json, and no other of the server's", () => {
  expect(read("src/codes.ts")).toBe(wanted());
});

it("explains every code in its README", () => {
  const codes = [
    ...read("src/errors.ts").matchAll(/^ {2}(?:\| |\[)"(\w+)"/gm),
    ...read("src/codes.ts").matchAll(/^ {2}\| "(\w+)"/gm),
  ];
  expect(codes.length).toBeGreaterThan(40);
  const readme = read("README.md");
  expect(codes.map(([, code]) => code).filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
});
