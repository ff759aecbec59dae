import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import * as wxsim from "../src/index.js";

/** @type {{ stop: () => Promise<void> }[]} */
const started = [];
afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));

/** The JavaScript of a README that stands on its own. @param {string} name */
async function example(name) {
  const text = await readFile(new URL(`../${name}`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  return { text, blocks };
}

describe.each(["README.md", "README.zh-CN.md"])("%s", (name) => {
  test("its first example runs as it stands", async () => {
    const { blocks } = await example(name);
    const source = (blocks[0] ?? "").replace(/^import .*$/m, "");
    const said = /** @type {unknown[][]} */ ([]);
    const startWxsim = async () => {
      const simulator = await wxsim.startWxsim();
      started.push(simulator);
      return simulator;
    };
    const run = new Function("createWx", "startWxsim", "console", `return (async () => {${source}})()`);
    await run(wxsim.createWx, startWxsim, { log: (/** @type {unknown[]} */ ...words) => said.push(words) });
    expect(said).toEqual([[expect.stringMatching(/^\w{32}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]]);
  });

  test("its privacy popup does what it says", async () => {
    const simulator = await wxsim.startWxsim();
    started.push(simulator);
    const { blocks } = await example(name);
    const wx = wxsim.createWx({ simulator: simulator.url });
    const outcome = new Promise((complete) => {
      const watched = { ...wx, requirePrivacyAuthorize: () => wx.requirePrivacyAuthorize({ complete }) };
      new Function("wx", blocks[1] ?? "")(watched);
    });
    expect(await outcome).toEqual({ errMsg: "requirePrivacyAuthorize:ok" });
  });

  test("it names every option and every control", async () => {
    const { text } = await example(name);
    const wx = wxsim.createWx();
    for (const control of Object.keys(wx).filter((key) => key.startsWith("$"))) expect(text).toContain(`wx.${control}`);
    const types = await readFile(new URL("../src/browser.d.ts", import.meta.url), "utf8");
    const options = [...types.matchAll(/^ {2}(\w+)\?:/gm)].map((match) => match[1]);
    expect(options).toContain("viaSimulator");
    const missing = options.filter((one) => one !== "authSetting" && !text.includes(`\`${one}`));
    expect(missing).toEqual([]);
  });
});
