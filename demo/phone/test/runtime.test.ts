import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Demo, launchBrowser, MISSING, ROOT, startDemo, Visit } from "./demo";

/** Another mini program on the same phone: what the tea shop does not use works too. */
describe.skipIf(MISSING)("the runtime, with a mini program of its own", () => {
  let demo: Demo;
  let browser: Browser;
  let visit: Visit;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "runtime-"));
    execFileSync("node", [path.join(ROOT, "demo/phone/build.mjs"), folder, path.join(import.meta.dirname, "program")]);
    [demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    const bundle = (name: string) => readFileSync(path.join(folder, name), "utf8");
    await visit?.close();
    visit = await Visit.open(browser, demo, {
      replace: { "phone.js": bundle("phone.js"), "phone.css": bundle("phone.css") },
    });
    await visit.sees("slotted");
  });

  const told = () => visit.page.locator("#phone .told").innerText();
  const texts = (selector: string) => visit.page.locator(`#phone ${selector}`).locator("visible=true").allInnerTexts();

  test("templates, wxs, loops, conditions, slots, behaviours, events and setData by path", async () => {
    expect(await told()).toBe("box 1");
    expect(await texts(".line")).toEqual(["0: FIRST", "1: SECOND"]);
    await visit.sees("behaviour 2");
    await visit.tap("more");
    await visit.sees("behaviour 4");
    expect(await texts(".line")).toEqual(["0: FIRST", "1: CHANGED"]);
    await visit.tap("toggle");
    await visit.sees("many");
    expect(visit.faults).toEqual([]);
  });

  test("catchtap keeps a tap from what is around it; bindtap does not", async () => {
    await visit.page.locator("#phone").getByText("inside").click();
    await expect.poll(told).toBe("inner 7");
    await visit.page
      .locator("#phone")
      .getByText("outside")
      .click({ position: { x: 5, y: 5 } });
    await expect.poll(told).toBe("inner 7 outer");
  });

  test("a form gathers its named fields, and wipes them", async () => {
    await visit.page.locator("#phone input").fill("water");
    await visit.page.locator("#phone [role=switch]").click();
    await visit.tap("send");
    await expect.poll(told).toBe('{"word":"water","hot":false,"size":1}');
    await visit.tap("wipe");
    await expect.poll(told).toBe("reset");
    expect(await visit.page.locator("#phone input").inputValue()).toBe("");
  });

  test("pages open with their query, are named, and close", async () => {
    await visit.tap("go");
    await visit.sees("two a b");
    expect(await visit.page.locator("#phone h2").innerText()).toBe("Two");
    await visit.tap("again");
    await visit.sees("two again");
    await visit.tap("back");
    await visit.sees("slotted");
    expect(await visit.page.locator("#phone h2").innerText()).toBe("Trial");
    await visit.follow("link");
    await visit.sees("two link");
    await visit.follow("leave");
    await visit.sees("slotted");
    await visit.tap("go");
    await visit.tap("start");
    await visit.sees("slotted");
    expect(visit.faults).toEqual([]);
  });

  test("a way that is none fails with WeChat's words", async () => {
    await visit.tap("wrong");
    await expect.poll(told).toBe("navigateTo:fail can not navigateTo a tabbar page");
    await visit.tap("nowhere");
    await expect.poll(told).toMatch(/^navigateTo:fail page "pages\/none\/none" is not found/);
  });

  test("tabs keep their page, and the life cycle runs in WeChat's order", async () => {
    await visit.follow("to tab");
    await visit.sees("tab page");
    await visit.page.locator("#phone").getByRole("button", { name: "One" }).click();
    await visit.tap("log");
    await expect
      .poll(told)
      .toBe("launch pages/one/one, show, one load, one show, one ready, one hide, one show, tab 0");
  });

  test("an action sheet is answered, or left", async () => {
    await visit.tap("sheet");
    await visit.tap("water");
    await expect.poll(told).toBe("chose 1");
    await visit.tap("sheet");
    await visit.page.keyboard.press("Escape");
    await expect.poll(told).toBe("showActionSheet:fail cancel");
  });

  test("styles: rpx, the component's own, and a style attribute under the strict policy", async () => {
    const style = (selector: string, name: string) =>
      visit.page
        .locator(`#phone ${selector}`)
        .first()
        .evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), name);
    const width = await visit.page.locator("#phone .wx-screen").evaluate((screen) => screen.clientWidth);
    expect(Number.parseFloat(await style(".wide", "width"))).toBeCloseTo(width, 0);
    expect(await style("[class$='--in']", "color")).toBe("rgb(1, 2, 3)");
    expect(await style("wx-scroll-view", "overflow-x")).toBe("auto");
    await visit.follow("to tab");
    expect(await style(".wx-page:not([hidden]) wx-view", "background-color")).toBe("rgb(9, 8, 7)");
    expect(visit.faults).toEqual([]);
  });
});
