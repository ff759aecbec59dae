import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import vm from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readProgram } from "../program.mjs";
import { SHADOWED, SUPPLIED } from "../sandbox.mjs";
import { Modules } from "../src/runtime/modules";
import { ROOT } from "./demo";
import { judgeCode, judgeFolder, judgeStyle, judgeTemplate } from "./mini-program";

const PROGRAM = path.join(ROOT, "demo/miniprogram");

describe("the mini program's folder", () => {
  test("holds nothing that WeChat's own runtime would not run", () => {
    expect(judgeFolder(PROGRAM)).toEqual([]);
  });

  test.each([
    ["const a = b?.c", "optional chaining came after ES2018"],
    ["const a = b ?? c", "?? came after ES2018"],
    ["try { a() } catch { b() }", "catch without a name came after ES2018"],
    ["class A { x = 1 }", "class fields came after ES2018"],
    ["const n = 10n", "BigInt came after ES2018"],
    ["import a from 'b'", "import came after ES2018"],
    ["window.alert(1)", "window is not there on a phone"],
    ["fetch('/x')", "fetch is not there on a phone"],
    ["const { crypto } = self", "self is not there on a phone"],
    ["eval('1')", "eval is not there on a phone"],
    ["wx.fetchEverything({})", "wx.fetchEverything is no call of WeChat's"],
  ])("control: %s is found out", (code, fault) => {
    expect(judgeCode(code)).toContain(fault);
  });

  test("control: what is allowed is allowed", () => {
    expect(
      judgeCode(
        "async function a({ url, ...rest }) { const { data } = await wx.request({ url, window: rest.document }); return data }",
      ),
    ).toEqual([]);
    expect(judgeTemplate("<view><notice/></view>", new Set(["notice"]))).toEqual([]);
    expect(judgeTemplate("<div/>", new Set())).toEqual(["<div> is no component"]);
    expect(judgeStyle(".a .b { }", true)).toEqual([]);
    expect(judgeStyle("view { }", true)).toHaveLength(1);
    expect(judgeStyle("* { }", false)).toHaveLength(1);
  });

  test("compiles without a warning", async () => {
    expect((await readProgram(PROGRAM)).warnings).toEqual([]);
  });
});

describe("a module of a mini program", () => {
  let folder: string;
  let seen: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "mini-program-"));
    const probes = [...SHADOWED, ...SUPPLIED].map((name) => `${JSON.stringify(name)}: typeof ${name}`);
    writeFileSync(path.join(folder, "app.json"), JSON.stringify({ pages: [] }));
    writeFileSync(
      path.join(folder, "app.js"),
      `exports.seen = { ${probes.join(", ")}, this: typeof (function () { return this })() }; exports.other = require("./other")`,
    );
    writeFileSync(path.join(folder, "other.js"), "module.exports = 'other'");
    const { code } = await readProgram(folder);
    // All that a browser has, and more: none of it must shine through.
    const around = Object.fromEntries(SHADOWED.map((name) => [name, {}]));
    const exports: { program?: { modules: Record<string, () => void> } } = {};
    vm.runInNewContext(code, { ...around, exports });
    const supplied = SUPPLIED.slice(3).map(() => () => undefined);
    const modules = new Modules(exports.program?.modules ?? {}, () => supplied);
    const app = modules.load("app.js") as { seen: Record<string, string>; other: string };
    expect(app.other).toBe("other");
    seen = app.seen;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(SHADOWED)("sees no %s", (name) => {
    expect(seen[name]).toBe("undefined");
  });

  test("has no way to the global object by this", () => {
    expect(seen.this).toBe("undefined");
  });

  test("sees what WeChat supplies", () => {
    for (const name of SUPPLIED) expect(seen[name]).not.toBe("undefined");
  });

  test("finds packages as the official builder lays them out, and says so if there is none", () => {
    const run = (it: { exports: unknown }) => {
      it.exports = "package";
    };
    const modules = new Modules(
      {
        "miniprogram_npm/menjin/index.js": run as never,
        "pages/a/a.js": ((it: { exports: unknown }, _: unknown, require: (name: string) => unknown) => {
          it.exports = require("menjin");
        }) as never,
      },
      () => [],
    );
    expect(modules.load("pages/a/a.js")).toBe("package");
    expect(() => modules.load("nowhere.js")).toThrow("module 'nowhere.js' is not defined");
  });
});
