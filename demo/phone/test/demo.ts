/** A running demo and a browser on its page, as its visitor has them. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";

export const ROOT = path.join(import.meta.dirname, "../../..");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
  existsSync(file),
);
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Why the browser tests cannot run here; undefined where they can. In CI a missing browser is a failure. */
export const MISSING = CHROMIUM ? undefined : "no Chromium: scripts/servers installs it as root";
if (MISSING && process.env.CI) throw new Error(MISSING);

export interface Hop {
  number: number;
  kind: "call" | "answer";
  source: string;
  target: string;
  title: string;
  status: number;
  fields: { name: string; text: string; keeper: string }[];
}

export interface Demo {
  /** The page's address. */
  url: string;
  /** Milliseconds from the start to the first line printed. */
  stop(): Promise<void>;
}

/** Start the demo on free ports. */
export async function startDemo(): Promise<Demo> {
  const ports = ["--port", "0", "--wechat-port", "0", "--page-port", "0", "--shop-port", "0"];
  const child = spawn(path.join(ROOT, "scripts/demo"), ports, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const url = await firstUrl(child);
  return { url, stop: () => stop(child) };
}

function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on("exit", (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.on("exit", () => resolve());
    process.kill(-(child.pid as number), "SIGTERM");
  });
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS.split(" ") });
}

export interface PageOptions {
  width?: number;
  height?: number;
  locale?: string;
  /** Other contents for some of the page's files. */
  replace?: Record<string, string>;
}

/** The page of the demo in a browser of its own: its phone, its hops, its state, and what went wrong in it. */
export class Visit {
  /** Console errors, uncaught exceptions, refusals by the page's own policy. */
  readonly faults: string[] = [];

  private constructor(
    readonly page: Page,
    readonly demo: Demo,
  ) {}

  static async open(
    browser: Browser,
    demo: Demo,
    { width = 1280, height = 860, locale = "zh-CN", replace = {} }: PageOptions = {},
  ): Promise<Visit> {
    const context = await browser.newContext({ viewport: { width, height }, locale, reducedMotion: "reduce" });
    const page = await context.newPage();
    const visit = new Visit(page, demo);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && visit.faults.push(message.text()));
    page.on("pageerror", (error) => visit.faults.push(String(error)));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        throw new Error(`policy: ${violatedDirective} ${blockedURI}`);
      });
    });
    for (const [name, body] of Object.entries(replace))
      await page.route(`**/${name}`, (route) =>
        route.fulfill({ body, contentType: name.endsWith("css") ? "text/css" : "text/javascript" }),
      );
    await page.goto(demo.url);
    await page.waitForSelector("html[data-ready]");
    return visit;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** A button, tab or cell on the phone. */
  onPhone(name: string, exact = true) {
    return this.page.locator("#phone").getByRole("button", { name, exact }).locator("visible=true").first();
  }

  async tap(name: string): Promise<void> {
    await this.onPhone(name).click();
  }

  /** Follow a cell that leads to another page of the mini program. */
  async follow(name: string): Promise<void> {
    await this.page.locator("#phone").getByRole("link", { name }).locator("visible=true").first().click();
  }

  /** A text that the phone shows; pages beneath the one on the screen do not count. */
  textOnPhone(text: string | RegExp): Locator {
    return this.page.locator("#phone").getByText(text).locator("visible=true").first();
  }

  /** Tap a phone number button, and agree to the privacy contract if that is asked before what is expected. */
  async askForPhone(expected: Locator = this.onPhone("允许"), button = "获取手机号"): Promise<void> {
    if (await expected.isVisible()) throw new Error("what is expected of the tap is there before it");
    await this.tap(button);
    const agree = this.onPhone("同意");
    await agree.or(expected).first().waitFor();
    if (await agree.isVisible()) await agree.click();
    await expected.waitFor();
  }

  async givePhone(button?: string): Promise<void> {
    await this.askForPhone(undefined, button);
    await this.tap("允许");
  }

  /** Tap "try again" for as long as it is there and a text is not; tell whether the text shows. */
  async retryUntil(text: string): Promise<boolean> {
    const [again, wanted] = [this.onPhone("再试一次"), this.textOnPhone(text)];
    await again.or(wanted).first().waitFor();
    if (await wanted.isVisible()) return true;
    await again.click({ timeout: 2000 }).catch(() => undefined); // gone before the tap: it has worked
    return false;
  }

  /** Wait until the phone shows a text. */
  async sees(text: string | RegExp): Promise<void> {
    await this.textOnPhone(text).waitFor();
  }

  /** Press a button of the page beside the phone. */
  async press(selector: string): Promise<void> {
    await this.page.locator(selector).click();
    await this.page.waitForSelector("html:not([data-busy])");
  }

  async trouble(name: string): Promise<void> {
    await this.press(`[data-trouble="${name}"]`);
  }

  /** Turn a trouble that lasts on or off, whatever it is now. */
  async lastingTrouble(name: string, isOn: boolean): Promise<void> {
    const now = await this.page.locator(`[data-trouble="${name}"]`).getAttribute("aria-pressed");
    if ((now === "true") !== isOn) await this.trouble(name);
  }

  async bindByPassword(name: string, password: string): Promise<void> {
    await this.page.locator("#phone input[placeholder='会员名']").fill(name);
    await this.page.locator("#phone input[placeholder='密码']").fill(password);
    await this.tap("绑定");
  }

  /** The hops shown since the last call of `clear`. */
  async hops(): Promise<string[]> {
    return this.page.locator(".hop").evaluateAll((rows) =>
      rows.map((row) => {
        const { from, to, label } = (row as HTMLElement).dataset;
        return `${from} > ${to}: ${label}`;
      }),
    );
  }

  /** Wait until the view shows these hops in this order, others between them or not. */
  async showsHops(...wanted: string[]): Promise<void> {
    await this.page.waitForFunction((list) => {
      const shown = [...document.querySelectorAll<HTMLElement>(".hop")].map(
        ({ dataset }) => `${dataset.from} > ${dataset.to}: ${dataset.label}`,
      );
      let at = 0;
      for (const line of shown) if (at < list.length && line.startsWith(list[at] as string)) at += 1;
      return at === list.length;
    }, wanted);
  }

  /** Wait until every call shown has its answer, so that none of what went before comes after. */
  async settles(): Promise<void> {
    await this.page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLElement>(".hop-call")].every((call) =>
        document.querySelector(`.hop-answer[data-call="${call.dataset.number}"]`),
      ),
    );
  }

  async clear(): Promise<void> {
    await this.settles();
    await this.page.getByRole("button", { name: /^(清空|Clear)$/ }).click();
  }

  /** What a side remembers, as the page shows it: name to text, the newest of equal names first. */
  async state(side: "phone" | "menjin" | "wechat" | "shop"): Promise<Record<string, string>> {
    return this.page.locator(`[data-side="${side}"]`).evaluate((box) => {
      const names = [...box.querySelectorAll("dt")].map((one) => one.textContent ?? "");
      const texts = [...box.querySelectorAll("dd")].map((one) => one.textContent ?? "");
      return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]).reverse());
    });
  }

  /** Wait until a side remembers something. */
  async remembers(side: "phone" | "menjin" | "wechat" | "shop", name: string, text: RegExp): Promise<void> {
    const { source } = text;
    await this.page.waitForFunction(
      ([where, what, pattern]) => {
        const box = document.querySelector(`[data-side="${where}"]`);
        const at = [...(box?.querySelectorAll("dt") ?? [])].filter((one) => one.textContent === what);
        return at.some((one) => new RegExp(pattern as string).test(one.nextElementSibling?.textContent ?? ""));
      },
      [side, name, source],
    );
  }

  /** The story told after a trouble. */
  story(): Promise<string> {
    return this.page.locator(".story").innerText();
  }

  /** Ask the demo's server what the sides remember. */
  async ask(person = "an"): Promise<{
    menjin: Record<string, unknown> & { sessions: Record<string, unknown>[] };
    wechat: Record<string, unknown>;
    shop: Record<string, unknown>;
  }> {
    const reply = await this.page.request.get(`${this.demo.url}demo/state?person=${person}`);
    return (await reply.json()) as Awaited<ReturnType<Visit["ask"]>>;
  }
}
