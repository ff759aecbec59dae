/** The whole page: the phone at the left, what its login does at the right. */

import { h } from "../dom";
import { type Holder, Phone } from "../phone";
import { isChinese, speakChinese, words } from "../words";
import { EN } from "../words-en";
import { ZH } from "../words-zh";
import { Controls, type Story } from "./controls";
import { type Hop, HopList } from "./hop-list";
import { type State, StateBoard } from "./state-board";

interface Scene {
  appid: string;
  /** Tells this run of the demo from another. */
  run: string;
  holders: Record<string, string>;
  /** What each of them binds with. */
  passwords: Record<string, string>;
}

const SOON = 120;

export class Page {
  private readonly hops = new HopList();
  private readonly board = new StateBoard();
  private readonly title = h("h1");
  private readonly tagline = h("p", { className: "tagline" });
  private readonly language = h("button", {
    type: "button",
    className: "plain language",
    onclick: () => this.switchLanguage(),
  });
  private readonly story = h("p", { className: "story", role: "status", "aria-live": "polite" });
  private readonly offline = h("p", { className: "offline", role: "alert", hidden: true });
  private controls: Controls | undefined;
  private phone: Phone | undefined;
  private told: Story | undefined;
  private timer = 0;
  private passwords: Record<string, string> = {};

  constructor(private readonly stage: HTMLElement) {}

  async open(): Promise<void> {
    speakChinese(
      !/[?&]lang=en\b/.test(location.search) &&
        (/[?&]lang=zh\b/.test(location.search) || /^zh/i.test(navigator.language)),
    );
    const scene = (await (await fetch("/demo/scene")).json()) as Scene;
    this.passwords = scene.passwords;
    const phone = new Phone(scene.appid, scene.run, (error) => setTimeout(() => Promise.reject(error)));
    this.phone = phone;
    this.controls = new Controls(scene.holders, {
      onClock: (seconds) => void this.during(() => this.turnClock(seconds)),
      onTrouble: (name) => void this.during(() => this.trouble(name)),
      onHolder: (holder) => this.pickUp(holder),
    });
    this.build(phone, this.controls);
    this.speak();
    this.follow();
    this.pickUp({ person: Object.keys(scene.holders)[0] ?? "an", device: "d1" });
    document.documentElement.dataset.ready = "1";
  }

  private build(phone: Phone, controls: Controls): void {
    const head = h("header", { className: "page-head" }, h("div", {}, this.title, this.tagline), this.language);
    const side = h(
      "main",
      { className: "account" },
      head,
      this.offline,
      controls.element,
      this.story,
      this.hops.element,
      this.board.element,
    );
    const hand = h("section", { className: "hand", id: "phone" }, phone.frame.element);
    this.stage.replaceChildren(hand, side);
  }

  private speak(): void {
    document.documentElement.lang = words().lang;
    this.title.textContent = words().title;
    this.tagline.textContent = words().tagline;
    this.language.textContent = words().other;
    this.language.lang = isChinese() ? "en" : "zh-CN";
    this.offline.textContent = words().offline;
    document.getElementById("phone")?.setAttribute("aria-label", words().phone.label);
    this.hops.speak();
    this.board.speak();
    this.controls?.speak();
    this.tell();
  }

  private tell(): void {
    const { told } = this;
    this.story.textContent = told ? (isChinese() ? told.zh : told.en) : words().welcome;
  }

  private switchLanguage(): void {
    speakChinese(!isChinese());
    this.speak();
    this.phone?.relaunch(); // as WeChat does
  }

  /** Say that something is under way, to whoever looks after the page. */
  private async during(run: () => Promise<void>): Promise<void> {
    document.documentElement.dataset.busy = "1";
    try {
      await run();
    } finally {
      delete document.documentElement.dataset.busy;
    }
  }

  private pickUp(holder: Holder): void {
    this.controls?.showHolder(holder);
    this.phone?.pickUp(holder);
    this.lookSoon();
  }

  private async turnClock(seconds: number): Promise<void> {
    await post("/demo/clock", { seconds });
    this.told = {
      zh: ZH.clock.stories[seconds] ?? "",
      en: EN.clock.stories[seconds] ?? "",
      next: "wake",
      is_on: false,
    };
    this.tell();
    await this.phone?.putAwayAndBack();
    this.lookSoon();
  }

  private async trouble(name: string): Promise<void> {
    const { phone } = this;
    if (!phone) return;
    const story = (await post(`/demo/troubles/${name}`, phone.holder)) as Story;
    this.told = story;
    this.tell();
    this.controls?.mark(name, story.is_on);
    const { person, device } = phone.holder;
    if (story.next === "wake") await phone.putAwayAndBack();
    if (story.next === "refuse_next") phone.consent.refuseOnce();
    if (story.next === "other_phone") this.pickUp({ person, device: device === "d1" ? "d2" : "d1" });
    if (story.next === "other_person") this.pickUp({ person: person === "an" ? "bo" : "an", device: "d1" });
    this.lookSoon();
  }

  private follow(): void {
    const events = new EventSource("/demo/events");
    events.addEventListener("hop", (event) => {
      this.hops.add(JSON.parse((event as MessageEvent<string>).data) as Hop);
      this.lookSoon();
    });
    events.addEventListener("open", () => {
      this.offline.hidden = true;
    });
    events.addEventListener("error", () => {
      this.offline.hidden = false;
    });
  }

  /** Ask for the state once things have settled. */
  private lookSoon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look(), SOON);
  }

  private async look(): Promise<void> {
    const { phone } = this;
    if (!phone) return;
    const query = new URLSearchParams({ person: phone.holder.person, device: phone.holder.device });
    const state = (await (await fetch(`/demo/state?${query}`)).json()) as State;
    const { person } = phone.holder;
    const member = { name: person, password: this.passwords[person] ?? "" };
    this.board.show({ ...state, phone: keptLines(phone.kept()), member });
    this.controls?.showTime(state.now);
    phone.frame.showTime(new Date(state.now * 1000));
  }
}

/** What the mini program keeps on the phone; of its secret the last characters (the first ones name the session). */
function keptLines(kept: Record<string, unknown>): State["phone"] {
  return Object.entries(kept).map(([key, value]) => {
    const text = JSON.stringify(value) ?? "";
    const token = /mjs_[\w-]+/.exec(text)?.[0];
    if (token) return { key: "session_token", text: `…${token.slice(-6)}`, keeper: "phone" };
    return { key: key.replace(/^menjin:.*/, "menjin"), text: text.slice(0, 40), keeper: "" };
  });
}

async function post(url: string, body: object): Promise<unknown> {
  const reply = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  return reply.json();
}
