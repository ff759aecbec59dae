/** The pictures of the README: the demo's main states, taken as a visitor would see them. Run by scripts/screenshots. */

import path from "node:path";
import { launchBrowser, ROOT, startDemo, Visit } from "./test/demo";

const FOLDER = path.join(ROOT, "docs/images");
const demo = await startDemo();
const browser = await launchBrowser();

async function take(name: string, visit: Visit): Promise<void> {
  await visit.page.locator(".ph-toast.shown").waitFor({ state: "detached" });
  await visit.page.mouse.move(0, 0);
  await visit.page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  await visit.page.waitForTimeout(400);
  await visit.page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
}

const zh = await Visit.open(browser, demo);
await zh.sees("你没有点过任何东西，就已经登录了。");
await zh.page.locator(".hop-answer[data-from=wechat] summary", { hasText: "不出服务器" }).first().click();
await zh.page.locator(".hops").evaluate((list) => list.scrollTo(0, 90));
await take("demo-first-login", zh);

await zh.tap("订单");
await zh.tap("绑定会员");
await zh.tap("用手机号绑定");
await zh.tap("同意");
await zh.sees("微信绑定号码");
await take("demo-phone-number", zh);
await zh.tap("允许");
await zh.tap("是我，绑定");
await zh.sees("还没有订单");
await zh.tap("茶铺");
await zh.tap("来一杯 云雾绿茶");
await zh.tap("订单");
await zh.sees("an-001");
await zh.clear();
await zh.trouble("end_session");
await zh.showsHops("phone > menjin: POST /v1/sessions", "shop > phone: 200");
await take("demo-session-ended", zh);

await zh.trouble("resell_number");
await zh.tap("订单");
await zh.tap("绑定会员");
await zh.clear();
await zh.tap("用手机号绑定");
await zh.tap("同意");
await zh.tap("允许");
await zh.sees("这个会员已经和另一个微信绑定");
await take("demo-number-resold", zh);
await zh.close();

const en = await Visit.open(browser, demo, { locale: "en-GB" });
await en.sees("signed in already");
await en.page.locator("#phone").getByRole("button", { name: "Me", exact: true }).click();
await en.trouble("expire_session_key");
await en.showsHops("phone > wechat: wx.checkSession", "phone > menjin: POST /v1/sessions");
await take("demo-english", en);
await en.close();

const narrow = await Visit.open(browser, demo, { locale: "en-GB", width: 390, height: 860 });
await narrow.sees("signed in already");
await take("demo-narrow", narrow);
await narrow.close();

await browser.close();
await demo.stop();
