import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Demo, launchBrowser, MISSING, startDemo, Visit } from "./demo";

describe.skipIf(MISSING)("the first visit", () => {
  let demo: Demo;
  let browser: Browser;
  let visit: Visit;

  beforeAll(async () => {
    [demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
    visit = await Visit.open(browser, demo);
  });
  afterAll(async () => {
    expect(visit.faults).toEqual([]);
    await browser?.close();
    await demo?.stop();
  });

  // The steps are one person's afternoon: each begins where the one before ended.
  describe("in order", { shuffle: false }, () => {
    test("looking around needs no login, and the login happens by itself", async () => {
      await visit.sees("云雾绿茶");
      await visit.sees("你没有点过任何东西，就已经登录了。");
      await visit.showsHops(
        "phone > wechat: wx.login",
        "phone > menjin: POST /v1/sessions",
        "menjin > wechat: GET /sns/jscode2session",
        "wechat > menjin: 200",
        "menjin > phone: 201",
      );
      await visit.remembers("phone", "session_token", /^…[\w-]{6}$/);
      await visit.remembers("menjin", "session", /手机一/);
      const { menjin } = await visit.ask();
      expect(menjin.sessions).toHaveLength(1);
      expect(menjin.account).toBeNull();
    });

    test("the session_key is shown as what never leaves the server, never itself", async () => {
      const answer = visit.page.locator(".hop-answer[data-from=wechat]", { hasText: "不出服务器" }).first();
      await answer.locator("summary").click();
      expect(await answer.locator("dd.kept-server").first().innerText()).toMatch(/^#[0-9a-f]{6}\s*不出服务器$/);
      expect(await visit.page.content()).not.toMatch(/[A-Za-z0-9+/]{22}==/);
    });

    test("signed in is not allowed: orders need a membership", async () => {
      await visit.tap("订单");
      await visit.sees("还没有绑定会员");
      await visit.showsHops(
        "phone > shop: GET /orders",
        "shop > menjin: GET /v1/session",
        "shop > phone: 403 binding_required",
      );
    });

    test("bound by password, the orders open, with a rotated token", async () => {
      const before = (await visit.state("phone")).session_token;
      await visit.tap("绑定会员");
      await visit.bindByPassword("an", "camellia-1");
      await visit.sees("还没有订单");
      await visit.showsHops(
        "phone > menjin: POST /v1/binding",
        "menjin > shop: verify_password",
        "menjin > phone: 200",
        "phone > shop: GET /orders",
        "shop > phone: 200",
      );
      await visit.remembers("menjin", "account", /= an$/);
      await expect.poll(async () => (await visit.state("phone")).session_token).not.toBe(before);
      expect((await visit.ask()).menjin.external_id).toBe("an");
    });

    test("a cup is ordered and stands in the orders", async () => {
      await visit.tap("茶铺");
      await visit.tap("来一杯 云雾绿茶");
      await visit.tap("订单");
      await visit.sees("an-001");
      await visit.remembers("shop", "orders", /^1$/);
    });

    test("a phone number refused: nothing is lost; allowed: it is shown", async () => {
      await visit.tap("我的");
      await visit.sees("会员 an");
      await visit.tap("获取手机号");
      await visit.tap("同意");
      await visit.tap("不允许");
      await visit.sees("没关系，不给手机号也能用。");
      await visit.clear();
      await visit.tap("获取手机号");
      await visit.tap("允许");
      await visit.sees("+8613900000001");
      await visit.showsHops(
        "phone > menjin: POST /v1/phone",
        "menjin > wechat: POST /wxa/business/getuserphonenumber",
        "menjin > phone: 200",
      );
    });

    test("nickname and picture are filled in, and stay with the shop", async () => {
      await visit.page
        .locator("#phone input[name], #phone input[placeholder*='微信昵称']")
        .locator("visible=true")
        .first()
        .click();
      await visit.page.getByRole("button", { name: "用微信昵称：安安" }).dispatchEvent("mousedown");
      await visit.tap("保存");
      await visit.remembers("shop", "nickname", /安安/);
      await visit.tap("换头像");
      await visit.tap("头像 2");
      await visit.tap("使用");
      await visit.page.locator("#phone img[src*='/_net/']").waitFor();
      await visit.page.waitForFunction(
        () => document.querySelector<HTMLImageElement>("#phone img[src*='/_net/']")?.naturalWidth === 132,
      );
    });

    test("a second phone of the same person: a second session of one account, and it can be ended", async () => {
      await visit.trouble("second_phone");
      await visit.sees("an，今天喝点什么？");
      await expect.poll(() => visit.story()).toContain("同一个人换了一部手机");
      expect((await visit.ask()).menjin.sessions.filter((one) => !one.ended)).toHaveLength(2);
      await visit.tap("我的");
      await visit.follow("登录的手机");
      await visit.sees("手机一");
      await visit.tap("下线");
      await expect.poll(async () => (await visit.ask()).menjin.sessions.filter((one) => !one.ended).length).toBe(1);
      await visit.press('[data-holder="an/d1"]');
      await visit.tap("我的");
      await visit.sees("已退出登录");
      await visit.tap("重新登录");
      await visit.sees("会员 an");
    });

    test("a permission: asked, refused, explained, and given in the settings", async () => {
      await visit.follow("设置");
      await visit.tap("去允许");
      await visit.tap("不允许");
      await visit.sees("用来告诉你最近的一家店");
      await visit.page.locator("#phone .ph-sheet-primary").click();
      await visit.page.locator("#phone .ph-setting-switch").click();
      await visit.tap("完成");
      await visit.sees("已允许");
    });

    test("a picker and a switch keep matters of taste on the phone", async () => {
      await visit.tap("常去的店 山脚店");
      await visit.tap("湖边店");
      await visit.sees("湖边店");
      await visit.page.locator("#phone").getByRole("switch", { name: "茶好了震动提醒" }).click();
      await visit.clear();
      await visit.press('[data-step="300"]');
      await visit.remembers("phone", "taste", /"branch":1,"reminds":true/);
    });

    test("leaving the membership takes a fresh proof, and keeps the login", async () => {
      await visit.press('[data-step="7200"]');
      await visit.sees("解除会员绑定");
      await visit.clear();
      await visit.tap("解除会员绑定");
      await visit.tap("确定");
      await visit.showsHops(
        "menjin > phone: 403 step_up_required",
        "phone > menjin: POST /v1/session/step-up",
        "phone > menjin: DELETE /v1/binding",
        "menjin > phone: 200",
      );
      expect((await visit.ask()).menjin.external_id).toBeNull();
    });

    test("signed out means signed out: no silent login follows", async () => {
      await visit.tap("退出登录");
      await visit.tap("确定");
      await visit.sees("重新登录");
      await visit.clear();
      await visit.tap("订单");
      await visit.sees("这次没有成功");
      expect((await visit.hops()).join("\n")).not.toContain("wx.login");
      expect((await visit.ask()).menjin.sessions.every((one) => one.ended)).toBe(true);
    });
  });
});
