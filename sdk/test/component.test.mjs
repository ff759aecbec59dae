// A component of a mini program that uses the SDK, rendered by WeChat's own miniprogram-simulate over our wx.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JSDOM } from "jsdom";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createWx } from "wxsim";
import { house, makePerson } from "./support/real.mjs";

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "menjin-component-"));
const NAMES = ["Node", "Element", "HTMLElement", "Event", "CustomEvent", "MutationObserver", "Text", "TouchEvent"];

const CODE = `
const { createMenjin } = require("../miniprogram_npm/menjin/index");
Component({
  data: { text: "" },
  lifetimes: {
    attached() {
      const menjin = createMenjin({ baseURL: wx.shopURL });
      menjin.request({ url: "/v1/session" }).then(
        ({ data }) => this.setData({ text: "signed in as " + data.account.id }),
        (error) => this.setData({ text: error.code }),
      );
    },
  },
});`;

beforeAll(() => {
  const { window } = new JSDOM("<!doctype html><html><body></body></html>");
  Object.assign(globalThis, { window, document: window.document });
  for (const name of NAMES) globalThis[name] = window[name];
  mkdirSync(join(folder, "hello"));
  mkdirSync(join(folder, "miniprogram_npm/menjin"), { recursive: true });
  copyFileSync(`${root}miniprogram_dist/index.js`, join(folder, "miniprogram_npm/menjin/index.js"));
  const files = { js: CODE, json: '{"component": true}', wxml: "<view>{{text}}</view>", wxss: "" };
  for (const [kind, text] of Object.entries(files)) writeFileSync(join(folder, `hello/index.${kind}`), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.skipIf(house.missing)("renders a component whose wx is wxsim's, signed in at menjin", async () => {
  const person = await makePerson();
  globalThis.wx = Object.assign(createWx({ simulator: house.wechat, person: person.name }), { shopURL: house.url });
  const simulate = require("miniprogram-simulate");
  const component = simulate.render(simulate.load(join(folder, "hello/index"), { compiler: "simulate" }));
  const parent = document.createElement("div");
  component.attach(parent);
  await vi.waitFor(() => expect(parent.textContent).toMatch(/^signed in as acc_[0-9a-z]{26}$/), { timeout: 10_000 });
  component.detach();
});
