/** What WeChat asks the person on its own sheets, and how the person answers. */

import type { Ask, Said } from "wxsim";
import { h } from "../dom";
import type { PhoneFrame } from "../frame/frame";
import type { Holder } from "../phone";
import { words } from "../words";
import { drawPictures } from "./pictures";

interface Person {
  nickname: string;
  phone: string;
}

export class Consent {
  private holder: Holder | undefined;
  private refuseNext = false;
  private person: Person = { nickname: "", phone: "" };

  constructor(private readonly frame: PhoneFrame) {}

  get nickname(): string {
    return this.person.nickname;
  }

  /** The phone is in another hand. */
  attach(holder: Holder): void {
    this.holder = holder;
    this.person = { nickname: "", phone: "" };
    void this.learnPerson();
  }

  /** Let the person refuse whatever is asked next. */
  refuseOnce(): void {
    this.refuseNext = true;
  }

  async decide(ask: Ask): Promise<Said> {
    const { holder } = this;
    await this.learnPerson();
    if (this.holder !== holder) return new Promise(() => undefined); // the mini program that asked is no more
    if (ask.about === "openSetting") return { authSetting: await this.openSettings(ask.authSetting ?? {}) };
    if (ask.about === "nickname" || ask.about === "chooseAvatar") return true; // typed, or chosen, already
    if (this.refuseNext) {
      this.refuseNext = false;
      this.frame.sheets.force((options) => options.actions.findIndex((action) => action.kind === "quiet"));
    }
    if (ask.about === "privacy") return this.askPrivacy();
    const isPhone = /PhoneNumber$/.test(ask.about);
    const about = isPhone ? words().sheets.phone : (words().sheets.scopes[ask.about] ?? ask.about);
    const body = isPhone ? [this.phoneLine()] : [words().sheets.why];
    return this.yesOrNo(about, body);
  }

  /** WeChat's own settings page, where a refusal is taken back. */
  private async openSettings(authSetting: Record<string, boolean>): Promise<Record<string, boolean>> {
    const asked = Object.entries(authSetting).filter(([scope]) => words().sheets.scopes[scope]);
    const rows = asked.map(([scope, on]) => {
      const box = h("button", {
        type: "button",
        role: "switch",
        className: "ph-setting-switch",
        "aria-checked": String(on),
        "aria-label": words().sheets.scopes[scope],
      });
      box.addEventListener("click", () =>
        box.setAttribute("aria-checked", String(box.getAttribute("aria-checked") !== "true")),
      );
      return {
        scope,
        box,
        row: h("div", { className: "ph-setting" }, h("span", {}, words().sheets.scopes[scope] ?? scope), box),
      };
    });
    const body = rows.length ? rows.map(({ row }) => row) : [words().sheets.nothingAsked];
    await this.frame.ask({
      shape: "sheet",
      title: words().sheets.settings,
      body,
      actions: [{ text: words().sheets.done, kind: "primary" }],
      dismissed: 0,
    });
    return Object.fromEntries(rows.map(({ scope, box }) => [scope, box.getAttribute("aria-checked") === "true"]));
  }

  async showContract(): Promise<void> {
    const { sheets } = words();
    await this.frame.ask({
      shape: "sheet",
      title: sheets.contract,
      body: sheets.contractBody.map((line) => h("p", {}, line)),
      actions: [{ text: sheets.done, kind: "primary" }],
      dismissed: 0,
    });
  }

  private async askPrivacy(): Promise<boolean> {
    const { sheets } = words();
    for (;;) {
      const chosen = await this.frame.ask({
        shape: "sheet",
        title: sheets.privacy,
        body: [sheets.privacyBody],
        actions: [
          { text: sheets.readContract },
          { text: sheets.refuse, kind: "quiet" },
          { text: sheets.agree, kind: "primary" },
        ],
        dismissed: 1,
      });
      if (chosen !== 0) return chosen === 2;
      await this.showContract();
    }
  }

  private async yesOrNo(title: string, body: (Node | string)[]): Promise<boolean> {
    const { sheets } = words();
    const chosen = await this.frame.ask({
      shape: "sheet",
      title,
      body: [h("p", { className: "ph-sheet-app" }, sheets.asks), ...body],
      actions: [
        { text: sheets.refuse, kind: "quiet" },
        { text: sheets.allow, kind: "primary" },
      ],
      dismissed: 0,
    });
    return chosen === 1;
  }

  /** Let the person choose one of their pictures. */
  async choosePicture(): Promise<Blob | undefined> {
    const { sheets } = words();
    const drawn = await drawPictures(this.nickname.slice(-1) || "?");
    const urls = drawn.map((blob) => URL.createObjectURL(blob));
    let index = 0;
    const shown = urls.map((src, at) =>
      h("img", { src, className: "ph-choice", alt: "", "data-on": at === 0 ? "" : undefined }),
    );
    const buttons = shown.map((image, at) => {
      const button = h(
        "button",
        {
          type: "button",
          className: "ph-choice-button",
          "aria-label": sheets.picture(at + 1),
          "aria-pressed": String(at === 0),
        },
        image,
      );
      button.addEventListener("click", () => {
        index = at;
        buttons.forEach((one, place) => {
          one.setAttribute("aria-pressed", String(place === at));
        });
      });
      return button;
    });
    const chosen = await this.frame.ask({
      shape: "sheet",
      title: sheets.avatar,
      body: [h("div", { className: "ph-choices" }, ...buttons)],
      actions: [
        { text: sheets.cancel, kind: "quiet" },
        { text: sheets.use, kind: "primary" },
      ],
      dismissed: 0,
    });
    for (const url of urls) URL.revokeObjectURL(url);
    return chosen === 1 ? drawn[index] : undefined;
  }

  private phoneLine(): HTMLElement {
    const { phone } = this.person;
    const masked = phone ? `${phone.slice(0, 3)}****${phone.slice(-4)}` : words().sheets.noPhone;
    return h("div", { className: "ph-number" }, h("strong", {}, masked), h("span", {}, words().sheets.boundNumber));
  }

  private async learnPerson(): Promise<void> {
    const { holder } = this;
    if (!holder) return;
    try {
      const reply = await fetch(`/demo/people/${holder.person}`);
      const person = (await reply.json()) as Person;
      if (this.holder === holder) this.person = person;
    } catch {
      this.person = { nickname: holder.person, phone: "" };
    }
  }
}
