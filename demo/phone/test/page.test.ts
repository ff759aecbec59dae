import AxeBuilder from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Demo, launchBrowser, MISSING, startDemo, Visit } from "./demo";

const HEAVIEST = 300 * 1024;

describe.skipIf(MISSING)("the page itself", () => {
  let demo: Demo;
  let browser: Browser;

  beforeAll(async () => {
    [demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
  });

  test("weighs at most 300 KB gzipped, all of it from here, under a policy without eval and inline code", async () => {
    const visit = await Visit.open(browser, demo);
    const policy = (await visit.page.request.get(demo.url)).headers()["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    const { gzipSync } = await import("node:zlib");
    let weight = 0;
    for (const name of ["", "phone.js", "phone.css"])
      weight += gzipSync(await (await visit.page.request.get(demo.url + name)).body()).length;
    expect(weight).toBeLessThan(HEAVIEST);
    const origins = await visit.page.evaluate(() =>
      performance.getEntriesByType("resource").map((one) => new URL(one.name).origin),
    );
    expect(new Set(origins)).toEqual(new Set([new URL(demo.url).origin]));
    expect(visit.faults).toEqual([]);
    await visit.close();
  });

  test("is usable within three seconds of being opened", async () => {
    const visit = await Visit.open(browser, demo);
    const ready = await visit.page.evaluate(async () => {
      await new Promise((done) => setTimeout(done, 0));
      return performance.now();
    });
    expect(ready).toBeLessThan(3000);
    await visit.close();
  });

  test.each([
    ["wide", 1280, 860],
    ["narrow", 375, 800],
  ])(
    "has no serious finding of axe-core, %s, with and without a sheet, and no sideways scrolling",
    async (_name, width, height) => {
      const visit = await Visit.open(browser, demo, { width, height });
      expect(await seriousFindings(visit.page)).toEqual([]);
      await visit.tap("我的");
      await visit.sees("未绑定会员");
      expect(await seriousFindings(visit.page)).toEqual([]);
      await visit.tap("获取手机号");
      await visit.page.locator("#phone .ph-sheet").waitFor();
      expect(await seriousFindings(visit.page)).toEqual([]);
      const overflow = await visit.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      await visit.close();
    },
  );

  test("can be used from the keyboard alone: tabs, links, sheets, Escape", async () => {
    const visit = await Visit.open(browser, demo);
    const { keyboard } = visit.page;
    await visit.onPhone("我的").focus();
    await keyboard.press("Enter");
    await visit.sees("未绑定会员");
    await visit.page.locator("#phone").getByRole("link", { name: "登录的手机" }).focus();
    await keyboard.press("Enter");
    await visit.sees("这一部");
    await visit.onPhone("返回").focus();
    await keyboard.press("Enter");
    await visit.onPhone("获取手机号").focus();
    await keyboard.press("Enter");
    await visit.page.locator("#phone .ph-sheet").waitFor();
    expect(await visit.page.evaluate(() => document.activeElement?.closest(".ph-sheet") !== null)).toBe(true);
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    expect(await visit.page.evaluate(() => document.activeElement?.closest(".ph-sheet") !== null)).toBe(true);
    await keyboard.press("Escape");
    await visit.sees("没关系，不给手机号也能用。");
    expect(visit.faults).toEqual([]);
    await visit.close();
  });

  test("speaks English to whoever does, and changes its language on the spot", async () => {
    const visit = await Visit.open(browser, demo, { locale: "en-GB" });
    await visit.sees("Looking around needs no login.");
    expect(await visit.page.getAttribute("html", "lang")).toBe("en");
    await visit.trouble("expire_session_key");
    await expect.poll(() => visit.story()).toContain("the login is not");
    await visit.page.getByRole("button", { name: "中文" }).click();
    await visit.sees("你没有点过任何东西，就已经登录了。");
    await expect.poll(() => visit.story()).toContain("登录没有断");
    expect(await visit.page.getAttribute("html", "lang")).toBe("zh-CN");
    expect(visit.faults).toEqual([]);
    await visit.close();
  });

  test("refuses orders from other sites and other names", async () => {
    const { request } = (await Visit.open(browser, demo)).page;
    const asked = { data: { seconds: 60 } };
    const clock = `${demo.url}demo/clock`;
    expect((await request.post(clock, { ...asked, headers: { origin: "https://evil.example" } })).status()).toBe(403);
    expect((await request.post(clock, { ...asked, headers: { host: "evil.example" } })).status()).toBe(403);
    expect((await request.post(clock, asked)).status()).toBe(200);
  });
});

/** Return the rules that axe-core finds seriously broken. */
async function seriousFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AxeBuilder.source);
  const { violations } = await page.evaluate(() =>
    (
      window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 140)).join(" | ")}`);
}
